package filewatch

import (
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// SetState is the state of a set, for the next program. That watches anew, and finds what has changed meanwhile by the times of the files: a
// file is found that was written, made or moved there, or below a directory that was; one that was removed is not.
type SetState struct {
	Since  int64                `json:"since,omitempty"` // all changes before are known; in nanoseconds since 1970
	Paths  map[string]PathState `json:"paths,omitempty"` // by Spec.Paths
	Names  map[string]string    `json:"names,omitempty"` // what has changed, as messages show it, by path
	First  string               `json:"first,omitempty"` // of Names
	Binary bool                 `json:"binary,omitempty"`
	Last   handover.Time        `json:"last,omitzero"`
	Stamp  stamp                `json:"stamp,omitzero"` // of the file that is executed
	Sum    []byte               `json:"sum,omitempty"`  // its SHA-256
}

// PathState is what was found at a path.
type PathState struct {
	Real  string `json:"real,omitempty"` // without links; empty: nothing
	Stamp stamp  `json:"stamp,omitzero"` // unless it is a directory
}

// Export returns the state of the set. Examining says that the result of Examine has not been handled.
func (s *Set) Export(examining bool, now time.Time) *SetState {
	since := s.watcher.known(now).UnixNano()
	s.mu.Lock()
	defer s.mu.Unlock()
	state := &SetState{Names: s.pending.names, First: s.pending.first, Binary: s.pending.binary || examining,
		Last: handover.Time{Time: s.last}, Stamp: s.executed.stamp, Sum: s.executed.sum}
	if s.where != nil {
		state.Since, state.Paths = since, s.where
	}
	return state
}

// restore gives a new set its state.
func (s *Set) restore(from *SetState) {
	s.pending = pending{names: from.Names, first: from.First, binary: from.Binary}
	s.last, s.executed = from.Last.Time, executed{from.Stamp, from.Sum}
	s.announced = !s.pending.empty() // the loop knows of it
}

// begin begins to watch for a set.
func (w *Watcher) begin(s *Set, from *SetState) {
	w.sets[s] = struct{}{}
	if from == nil || from.Sum == nil {
		s.remember()
	}
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
			continue
		}
		if t.real == "" {
			p.set.problem("there is no " + p.given + ", its changes are seen when it is there")
		} else if t.dir {
			w.walk(p, t.real, nil)
		}
	}
	if path, _ := s.find(); path != "" && from != nil && from.Sum != nil && stampOf(path) != from.Stamp {
		s.binaryChange(time.Now())
	}
	s.publish()
	n := s.directories()
	w.hash.add(func() { s.report(api.Debug, "watching files, in "+strconv.FormatInt(n, 10)+" directories") }) // after remember
}

func (from *SetState) at(path string) (was PathState, ok bool) {
	if from != nil {
		was, ok = from.Paths[path]
	}
	return was, ok
}

// resume watches what is at a path, and notes what has changed since the program before has watched it.
func (w *Watcher) resume(p *path, was PathState, since time.Time) {
	switch {
	case p.real == "" && was.Real != "":
		p.lost = true
		p.set.report(api.Warn, p.given+" is gone, its changes are seen when it is back")
	case p.real != was.Real || p.stamp != was.Stamp:
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
		if isDir {
			below += "/"
		} else if !p.set.spec.selects(below) || w.isLog(full) {
			return
		}
		p.set.change(below, full, monotonic(changed))
	})
}

// monotonic is a time of the past with a monotonic reading, so that it can be compared with others when the clock was set.
func monotonic(at time.Time) time.Time {
	now := time.Now()
	return now.Add(-max(now.Round(0).Sub(at), 0))
}
