package filewatch

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// unknownFiles stands for the name of files of which it is not known that they have changed.
const unknownFiles = ""

// Set is what a program watches.
type Set struct {
	watcher *Watcher
	spec    Spec
	added   time.Time
	ended   bool // of the loop: nothing is reported any more

	// of the goroutine of the Watcher
	paths    []*path
	problems map[string]bool // that have been reported
	fresh    bool            // the logs have not been set since it began
	early    []func()        // changes of a fresh set that may be those of logs

	mu        sync.Mutex
	pending   pending
	announced bool                 // Changed has been called since the last Take
	where     map[string]PathState // what was found, by Paths; nil: not yet, or the logs are not known
	missing   bool                 // one of Paths is that was there, and Take waits for it
	last      time.Time
	executed  executed
}

// pending is what has changed since the last Take.
type pending struct {
	names  map[string]string // the paths as messages show them, by path
	first  string            // of names
	binary bool              // the file that is executed may have other content
}

// Change is what has changed.
type Change struct {
	Count  int    // files that are known to have changed
	Path   string // the first one; empty: none has
	Text   string // in words: conf/app.yaml and 3 more changed
	Binary bool   // the file that is executed may have other content: Examine finds out
}

// Add begins to watch what a program needs. From is the state of the same set in the program before, nil: there was none.
func (w *Watcher) Add(spec Spec, from *SetState) *Set {
	s := &Set{watcher: w, spec: spec, problems: map[string]bool{}, added: time.Now()}
	for _, given := range spec.Paths {
		s.paths = append(s.paths, &path{set: s, given: given})
	}
	for _, given := range spec.Binary {
		s.paths = append(s.paths, &path{set: s, given: given, binary: true})
	}
	if from != nil {
		s.restore(from)
	}
	w.inbox.call(func() { w.begin(s, from) })
	return s
}

// Close ends the set.
func (s *Set) Close() {
	s.ended = true
	w := s.watcher
	w.inbox.call(func() {
		delete(w.sets, s)
		for _, p := range s.paths {
			w.leavePath(p)
		}
	})
}

// Last returns when something changed last.
func (s *Set) Last() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// Take returns what has changed since the last Take. It returns false, and keeps it, if one of Paths is missing that was there:
// then Changed is called when it is back. Also without a change it returns false.
func (s *Set) Take() (c Change, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.announced = false
	if s.missing || s.pending.empty() {
		return Change{}, false
	}
	c = s.pending.change()
	s.pending = pending{}
	return c, true
}

func (p *pending) empty() bool { return len(p.names) == 0 && !p.binary }

func (p *pending) change() Change {
	c := Change{Count: len(p.names), Path: p.first, Binary: p.binary}
	if c.Count == 0 {
		return c
	}
	if c.Text = p.names[p.first]; c.Text == unknownFiles {
		c.Text = "some files"
	}
	switch {
	case int64(c.Count) >= budget.ChangedFiles.Limit:
		c.Text += " and at least " + strconv.Itoa(c.Count-1) + " more"
	case c.Count > 1:
		c.Text += " and " + strconv.Itoa(c.Count-1) + " more"
	}
	c.Text += " changed"
	return c
}

// change notes that a file has changed. Shown is its path in messages.
func (s *Set) change(shown, full string, at time.Time) {
	s.note(at, func() {
		if s.pending.names == nil {
			s.pending.names, s.pending.first = map[string]string{}, full
		}
		if int64(len(s.pending.names)) < budget.ChangedFiles.Limit {
			s.pending.names[full] = pyrepr.Escape(shown, pyrepr.EndsLine)
		}
	})
}

// countEarly counts what has changed before the logs were known.
func (s *Set) countEarly() {
	if !s.fresh {
		return
	}
	for _, count := range s.early {
		count()
	}
	s.fresh, s.early = false, nil
	s.publish()
}

// binaryChange notes that the file that is executed may have other content.
func (s *Set) binaryChange(at time.Time) {
	s.note(at, func() { s.pending.binary = true })
}

func (s *Set) note(at time.Time, what func()) {
	s.mu.Lock()
	what()
	if at.After(s.last) {
		s.last = at
	}
	announce := !s.announced
	s.announced = true
	s.mu.Unlock()
	if announce {
		s.inLoop(s.spec.Changed)
	}
}

// inLoop has f run in the loop, unless the set has ended by then.
func (s *Set) inLoop(f func(now time.Time)) {
	s.watcher.send(func(now time.Time) {
		if !s.ended {
			f(now)
		}
	})
}

// report reports a message.
func (s *Set) report(level api.Level, text string) {
	s.inLoop(func(time.Time) { s.spec.Report(level, s.spec.Name+": "+pyrepr.Escape(text, pyrepr.EndsLine)) })
}

// mostProblems is how many problems of a set are reported, since there may be one for each directory.
const mostProblems = 10

// problem reports why something is not watched, once.
func (s *Set) problem(text string) {
	if !s.problems[text] && len(s.problems) < mostProblems {
		s.problems[text] = true
		s.report(api.Warn, text)
	}
}

// publish makes what is at Paths known to the loop.
func (s *Set) publish() {
	where, missing := map[string]PathState{}, false
	for _, p := range s.paths {
		if !p.binary {
			where[p.given] = PathState{p.real, p.stamp}
			missing = missing || p.lost
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.where, s.missing = where, missing
}

// directories is how many directories are watched for the set.
func (s *Set) directories() (n int64) {
	for _, p := range s.paths {
		n += int64(len(p.dirs))
	}
	return n
}

// firstPath is the first of Paths, or else of Binary.
func (s *Set) firstPath() string { return s.paths[0].given }

// isBinary reports whether a path is that of the file that is executed.
func (s *Set) isBinary(full string) bool {
	return slices.ContainsFunc(s.paths, func(p *path) bool { return p.binary && p.real == full })
}
