package supervisor

import (
	"container/heap"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/process"
)

// deadlines holds the processes that have something coming, the earliest first. It implements heap.Interface.
type deadlines []deadline

// deadline is a process with the moment it was entered with: the heap must not change under a machine that moves.
type deadline struct {
	at      time.Time
	process *process.Process
}

func (d deadlines) Len() int           { return len(d) }
func (d deadlines) Less(i, j int) bool { return d[i].at.Before(d[j].at) }

func (d deadlines) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].process.Index, d[j].process.Index = i, j
}

// Push implements heap.Interface.
func (d *deadlines) Push(x any) {
	e := x.(deadline)
	e.process.Index = len(*d)
	*d = append(*d, e)
}

// Pop implements heap.Interface.
func (d *deadlines) Pop() any {
	old := *d
	last := len(old) - 1
	e := old[last]
	old[last] = deadline{}
	*d = old[:last]
	e.process.Index = -1
	return e
}

// schedule enters what p has coming now, in place of what it had.
func (l *Loop) schedule(p *process.Process) {
	at := p.Wake()
	if l.state() != api.DaemonRunning && (p.State() == api.Exited || p.State() == api.Backoff) {
		at = time.Time{} // nothing starts any more
	}
	switch {
	case at.IsZero():
		l.unschedule(p)
	case p.Index >= 0:
		l.deadlines[p.Index].at = at
		heap.Fix(&l.deadlines, p.Index)
	default:
		heap.Push(&l.deadlines, deadline{at, p})
	}
}

// unschedule forgets what p has coming.
func (l *Loop) unschedule(p *process.Process) {
	if p.Index >= 0 {
		heap.Remove(&l.deadlines, p.Index)
	}
}

// due is true if there is work to do now.
func (l *Loop) due(now time.Time) bool {
	return l.startsPending() || l.dueProcess(now) || l.dueEvent(now) || l.ticks.Due(&l.host.Events, now)
}

// startsPending is true if something may now be started for the first time.
func (l *Loop) startsPending() bool { return len(l.pending) > 0 && l.clear == nil }

// dueProcess is true if a process's deadline has come.
func (l *Loop) dueProcess(now time.Time) bool {
	return len(l.deadlines) > 0 && !l.deadlines[0].at.After(now)
}

// dueEvent is true if a listener may now be sent what it did not accept, or a result was not judged in time.
func (l *Loop) dueEvent(now time.Time) bool { return !l.resume.IsZero() && !now.Before(l.resume) }

// resumeEvents does what the pools have to do now.
func (l *Loop) resumeEvents(now time.Time) {
	l.resume = l.host.Events.Resume(now)
	l.endBroken(now)
}

// work takes one step of what is due. One, because a step may start a child: between two starts others get a word in.
func (l *Loop) work(now time.Time) {
	l.ticks.Tick(&l.host.Events, now)
	if l.dueEvent(now) {
		l.resumeEvents(now)
	}
	if l.startsPending() {
		p := l.pending[0]
		l.pending = l.pending[1:]
		if p.State() == api.Stopped && p.NeverStarted() && l.state() == api.DaemonRunning {
			p.Start(now)
		}
		if len(l.pending) == 0 {
			l.pending = nil
			if l.options.Settled != nil {
				l.options.Settled()
			}
		}
		return
	}
	if l.dueProcess(now) {
		l.deadlines[0].process.Tick(now)
	}
}

// alarm fires at the next deadline; it is nil, and never fires, if there is none.
func (l *Loop) alarm() <-chan time.Time {
	if !l.pausedUntil.IsZero() {
		l.timer.Reset(time.Until(l.pausedUntil))
		return l.timer.C
	}
	var at time.Time
	if len(l.deadlines) > 0 {
		at = l.deadlines[0].at
	}
	for _, other := range []time.Time{l.report, l.limit, l.resume, l.ticks.Next(&l.host.Events, time.Now())} {
		if !other.IsZero() && (at.IsZero() || other.Before(at)) {
			at = other
		}
	}
	if at.IsZero() {
		l.timer.Stop()
		return nil
	}
	l.timer.Reset(time.Until(at))
	return l.timer.C
}
