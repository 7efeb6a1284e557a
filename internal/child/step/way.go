package step

import "syscall"

// Way is a way to start a child. The cheapest comes first.
type Way int

// The ways.
const (
	ByFork   Way = iota // fork and exec do all steps, whichever thread calls them
	ByThread            // the isolated thread does some steps before it forks
	ByShim              // our own executable does the steps one by one
)

// WayOf returns the cheapest way that does all steps, in their order. Nothing else decides this.
func WayOf(steps []Step) Way {
	w, last := ByFork, -1
	for _, s := range steps {
		k := s.kind()
		if k <= last { // fork would do them in the order of kinds
			return ByShim
		}
		w, last = max(w, wayOf(s, steps)), k
	}
	return w
}

// wayOf returns the cheapest way that does s, one of the steps.
func wayOf(s Step, steps []Step) Way {
	switch k := &kinds[s.kind()]; {
	case k.fork != nil && (k.forks == nil || k.forks(s, steps)):
		return ByFork
	case k.thread != nil:
		return ByThread
	}
	return ByShim
}

// Fork has syscall.ForkExec do the steps, all of which it must be able to do.
func Fork(steps []Step, attr *syscall.ProcAttr) {
	for _, s := range steps {
		kinds[s.kind()].fork(s, attr)
	}
}

// OnThread does the steps that fork cannot do in the calling thread, from which a child inherits them. It returns the other ones, and
// what changes the thread back.
func OnThread(steps []Step) (rest []Step, undo func()) {
	rest, undo = make([]Step, 0, len(steps)), func() {}
	for _, s := range steps {
		if wayOf(s, steps) != ByThread {
			rest = append(rest, s)
			continue
		}
		earlier, this := undo, kinds[s.kind()].thread(s)
		undo = func() { this(); earlier() }
	}
	return rest, undo
}
