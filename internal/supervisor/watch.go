package supervisor

import (
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/process"
)

// Watch collects which processes change, for somebody who shows them. However slow that is, it holds each process once
// at most. While there is no Watch, a change costs one comparison.
type Watch struct {
	ready   chan struct{}
	changed map[*process.Process]struct{}
}

// Watch begins to collect. To be called in the loop, like Take and Unwatch.
func (s *Supervisor) Watch() *Watch {
	w := &Watch{ready: make(chan struct{}, 1), changed: map[*process.Process]struct{}{}}
	s.watches = append(s.watches, w)
	return w
}

// Unwatch ends it.
func (s *Supervisor) Unwatch(w *Watch) {
	s.watches = slices.DeleteFunc(s.watches, func(x *Watch) bool { return x == w })
}

// Ready holds a value when there is something to Take. It may be used in any goroutine.
func (w *Watch) Ready() <-chan struct{} { return w.ready }

// Take returns the processes that changed since the last Take, in the order of Processes. Those whose group has gone are
// not among them.
func (s *Supervisor) Take(w *Watch) []*process.Process {
	var taken []*process.Process
	if len(w.changed) > 0 {
		for _, p := range s.Processes() {
			if _, ok := w.changed[p]; ok {
				taken = append(taken, p)
			}
		}
		clear(w.changed)
	}
	return taken
}

// Since are the processes whose state changed at that time or later, in the order of Processes.
func (s *Supervisor) Since(at time.Time) []*process.Process {
	var since []*process.Process
	for _, p := range s.Processes() {
		if !p.Moved().Before(at) {
			since = append(since, p)
		}
	}
	return since
}

// Layout is another number whenever a group came or went.
func (s *Supervisor) Layout() int { return s.layout }

func (w *Watch) note(p *process.Process) {
	w.changed[p] = struct{}{}
	w.wake()
}

func (w *Watch) wake() {
	select {
	case w.ready <- struct{}{}:
	default: // it knows already
	}
}

// relist forgets what depends on which groups there are.
func (s *Supervisor) relist() {
	s.listing = nil
	s.layout++
	for _, w := range s.watches {
		w.wake()
	}
}
