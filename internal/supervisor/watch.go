package supervisor

import (
	"slices"

	"github.com/gosupervisor/supervisor/internal/process"
)

// Watch collects which processes change, for a viewer. However slow the viewer is, each process is held once at most. While
// there is no Watch, a change costs one comparison.
type Watch struct {
	ready   chan struct{}
	changed map[*process.Process]struct{}
}

// Watch begins to collect changes.
func (v View) Watch() *Watch {
	w := &Watch{ready: make(chan struct{}, 1), changed: map[*process.Process]struct{}{}}
	v.l.watches = append(v.l.watches, w)
	return w
}

// Unwatch ends w.
func (v View) Unwatch(w *Watch) {
	v.l.watches = slices.DeleteFunc(v.l.watches, func(x *Watch) bool { return x == w })
}

// Ready holds a value when there is something to Take. Any goroutine may use it.
func (w *Watch) Ready() <-chan struct{} { return w.ready }

// Take returns the processes that changed since the last Take, in the order of Processes. Processes of groups that were
// removed meanwhile are not among them.
func (v View) Take(w *Watch) []*process.Process {
	var taken []*process.Process
	if len(w.changed) > 0 {
		for _, p := range v.Processes() {
			if _, ok := w.changed[p]; ok {
				taken = append(taken, p)
			}
		}
		clear(w.changed)
	}
	return taken
}

func (w *Watch) add(p *process.Process) {
	w.changed[p] = struct{}{}
	w.wake()
}

func (w *Watch) wake() {
	select {
	case w.ready <- struct{}{}:
	default: // a value is there already
	}
}

// groupsChanged discards what depends on which groups there are.
func (l *Loop) groupsChanged() {
	l.layoutChanged()
	l.layout++
	for _, w := range l.watches {
		w.wake()
	}
}
