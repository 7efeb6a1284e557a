package filewatch

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// SetState is the state of a set, for the next program. That goes on with what is watched, if the Watcher was handed over. Else it watches
// anew, and finds what has changed meanwhile by the times of the files: a file is found that was written, made or moved there, or below a
// directory that was; one that was removed is not.
type SetState struct {
	Watched []WatchedState       `json:"watched,omitempty"` // in the order of Spec.Paths and Spec.Binary
	Since   int64                `json:"since,omitempty"`   // all changes before are known; in nanoseconds since 1970
	Paths   map[string]PathState `json:"paths,omitempty"`   // by Spec.Paths
	Names   map[string]string    `json:"names,omitempty"`   // what has changed, as messages show it, by path
	First   string               `json:"first,omitempty"`   // of Names
	Binary  bool                 `json:"binary,omitempty"`
	Last    handover.Time        `json:"last,omitzero"`
	Stamp   stamp                `json:"stamp,omitzero"` // of the file that is executed
	Sum     []byte               `json:"sum,omitempty"`  // its SHA-256
}

// PathState is what was found at a path.
type PathState struct {
	Real  string `json:"real,omitempty"` // without links; empty: nothing
	Stamp stamp  `json:"stamp,omitzero"` // unless it is a directory
}

// WatchedState is a path of a set, and what is watched for it.
type WatchedState struct {
	Given   string       `json:"given"`
	Real    string       `json:"real,omitempty"`
	Dir     bool         `json:"dir,omitempty"`
	Dev     uint64       `json:"dev,omitempty"`
	Ino     uint64       `json:"ino,omitempty"`
	Stamp   stamp        `json:"stamp,omitzero"`
	Places  []PlaceState `json:"places,omitempty"`
	Dirs    []string     `json:"dirs,omitempty"`
	Special []string     `json:"special,omitempty"`
	Off     bool         `json:"off,omitempty"`
	Lost    bool         `json:"lost,omitempty"`
}

// PlaceState is a name in a directory.
type PlaceState struct {
	Dir  string `json:"dir"`
	Name string `json:"name"`
}

// export returns the state of a path of a frozen Watcher.
func (p *path) export() WatchedState {
	s := WatchedState{Given: p.given, Real: p.real, Dir: p.dir, Dev: p.inode.dev, Ino: p.inode.ino, Stamp: p.stamp, Off: p.off, Lost: p.lost,
		Dirs: slices.Sorted(maps.Keys(p.dirs)), Special: slices.Sorted(maps.Keys(p.special))}
	for _, at := range p.places {
		s.Places = append(s.Places, PlaceState{at.dir, at.name})
	}
	return s
}

// proceed goes on with a path as the program before has watched it.
func (w *Watcher) proceed(p *path, s WatchedState) {
	p.target = target{real: s.Real, dir: s.Dir, inode: inode{s.Dev, s.Ino}}
	p.stamp, p.off, p.lost = s.Stamp, s.Off, s.Lost
	for _, at := range s.Places {
		p.places = append(p.places, place{at.Dir, at.Name})
		if d := w.inherited(at.Dir); d != nil {
			d.leadsTo(at.Name, p)
		}
	}
	for _, dir := range s.Dirs {
		if d := w.inherited(dir); d != nil {
			d.trees = append(d.trees, p)
			if p.dirs == nil {
				p.dirs = map[string]struct{}{}
			}
			p.dirs[dir] = struct{}{}
		}
	}
	for _, full := range s.Special {
		p.noteSpecial(full)
	}
}

// inherited is a directory that the program before has watched, nil if it has not.
func (w *Watcher) inherited(dir string) *directory {
	if w.dirs[dir] == nil && w.imported[dir] {
		w.dirs[dir] = &directory{}
	}
	return w.dirs[dir]
}

// proceeds reports whether the state has what is watched for the set.
func (s *Set) proceeds(from *SetState) bool {
	return from != nil && s.watcher.imported != nil && slices.EqualFunc(s.paths, from.Watched, func(p *path, was WatchedState) bool {
		return p.given == was.Given
	})
}

// Export returns the state of the set. Examining says that the result of Examine has not been handled.
func (s *Set) Export(examining bool, now time.Time) *SetState {
	since := s.watcher.known(now).UnixNano()
	s.mu.Lock()
	defer s.mu.Unlock()
	state := &SetState{Names: s.pending.names, First: s.pending.first, Binary: s.pending.binary || examining,
		Last: handover.Time{Time: s.last}, Stamp: s.executed.stamp, Sum: s.executed.sum, Since: s.added.UnixNano()}
	if s.where != nil {
		state.Since, state.Paths = since, s.where
		if s.watcher.frozen() {
			for _, p := range s.paths {
				state.Watched = append(state.Watched, p.export())
			}
		}
	}
	return state
}

// restore gives a new set its state.
func (s *Set) restore(from *SetState) {
	s.pending = pending{names: from.Names, first: from.First, binary: from.Binary}
	s.last, s.executed = from.Last.Time, executed{from.Stamp, from.Sum}
	if from.Since != 0 {
		s.added = time.Unix(0, from.Since)
	}
	s.announced = !s.pending.empty() // the loop knows of it
	if from.Paths == nil && from.Since != 0 {
		s.added = time.Unix(0, from.Since) // the program before has not begun to watch
	}
}

// begin begins to watch for a set.
func (w *Watcher) begin(s *Set, from *SetState) {
	w.sets[s] = struct{}{}
	if from == nil || from.Sum == nil {
		s.remember()
	}
	if s.proceeds(from) {
		for i, p := range s.paths {
			w.proceed(p, from.Watched[i])
		}
	} else {
		w.watchAll(s, from)
	}
	if !s.fresh {
		s.publish()
	}
	n := s.directories()
	w.hash.add(func() { s.report(api.Debug, "watching files, in "+strconv.FormatInt(n, 10)+" directories") }) // after remember
}

// watchAll begins to watch the paths of a set, and finds what has changed since its state was written.
func (w *Watcher) watchAll(s *Set, from *SetState) {
	for _, p := range s.paths {
		t := w.watch(p)
		t.places = p.places
		p.target = t
		if p.binary {
			continue
		}
		p.stamp = t.stamp()
		if was, ok := from.at(p.given); ok {
			w.resume(p, was, time.Unix(0, from.Since))
		} else if t.real == "" {
			p.set.problem("there is no " + p.given + ", its changes are seen when it is there")
		} else {
			s.fresh = true
			w.resume(p, PathState{Real: t.real, Stamp: p.stamp}, s.added) // the program may run already
		}
	}
	if path, _ := s.find(); path != "" && from != nil && from.Sum != nil && stampOf(path) != from.Stamp {
		s.binaryChange(time.Now())
	}
}

func (from *SetState) at(path string) (was PathState, ok bool) {
	if from != nil {
		was, ok = from.Paths[path]
	}
	return was, ok
}

// resume watches what is at a path, and notes what has changed since it was as given.
func (w *Watcher) resume(p *path, was PathState, since time.Time) {
	switch {
	case p.real == "" && was.Real != "":
		p.lost = true
		p.set.report(api.Warn, p.given+" is gone, its changes are seen when it is back")
	case p.real != was.Real || p.stamp != was.Stamp || time.Unix(0, p.stamp.CTime).After(since):
		p.set.change(p.given, p.given, time.Now())
	}
	if !p.dir {
		return
	}
	w.walk(p, p.real, func(full, below string, isDir bool) {
		var st unix.Stat_t
		if unix.Lstat(full, &st) != nil {
			return
		}
		changed := time.Unix(st.Ctim.Unix())
		if changed.Before(since) || isDir && !time.Unix(st.Mtim.Unix()).Before(since) { // then something in it has changed
			return
		}
		at := monotonic(changed)
		switch {
		case isDir:
			p.set.change(below+"/", full, at)
		case !p.set.fresh:
			w.count(p, full, below, at)
		case int64(len(p.set.early)) < budget.ChangedFiles.Limit:
			p.set.early = append(p.set.early, func() { w.count(p, full, below, at) })
		}
	})
}

// monotonic is a time of the past with a monotonic reading, so that it can be compared with others when the clock was set.
func monotonic(at time.Time) time.Time {
	now := time.Now()
	return now.Add(-max(now.Round(0).Sub(at), 0))
}
