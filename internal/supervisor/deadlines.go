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
func (s *Supervisor) schedule(p *process.Process) {
	at := p.Wake()
	if s.Mood() != api.MoodRunning && (p.State() == api.Exited || p.State() == api.Backoff) {
		at = time.Time{} // nothing starts any more
	}
	switch {
	case at.IsZero():
		s.unschedule(p)
	case p.Index >= 0:
		s.deadlines[p.Index].at = at
		heap.Fix(&s.deadlines, p.Index)
	default:
		heap.Push(&s.deadlines, deadline{at, p})
	}
}

// unschedule forgets what p has coming.
func (s *Supervisor) unschedule(p *process.Process) {
	if p.Index >= 0 {
		heap.Remove(&s.deadlines, p.Index)
	}
}

// due is true if there is work to do now.
func (s *Supervisor) due(now time.Time) bool {
	return s.startsPending() || s.dueProcess(now) || s.dueEvent(now) || s.ticks.Due(&s.host.Events, now)
}

// startsPending is true if something may now be started for the first time.
func (s *Supervisor) startsPending() bool { return len(s.pending) > 0 && s.clear == nil }

// dueProcess is true if a process's deadline has come.
func (s *Supervisor) dueProcess(now time.Time) bool {
	return len(s.deadlines) > 0 && !s.deadlines[0].at.After(now)
}

// dueEvent is true if a listener may now be sent what it did not accept, or a result was not judged in time.
func (s *Supervisor) dueEvent(now time.Time) bool { return !s.resume.IsZero() && !now.Before(s.resume) }

// resumeEvents does what the pools have to do now.
func (s *Supervisor) resumeEvents(now time.Time) {
	s.resume = s.host.Events.Resume(now)
	s.endBroken(now)
}

// work takes one step of what is due. One, because a step may start a child: between two starts others get a word in.
func (s *Supervisor) work(now time.Time) {
	s.ticks.Tick(&s.host.Events, now)
	if s.dueEvent(now) {
		s.resumeEvents(now)
	}
	if s.startsPending() {
		p := s.pending[0]
		s.pending = s.pending[1:]
		if p.State() == api.Stopped && p.NeverStarted() && s.Mood() == api.MoodRunning {
			p.Start(now)
		}
		if len(s.pending) == 0 {
			s.pending = nil
			if s.options.Settled != nil {
				s.options.Settled()
			}
		}
		return
	}
	if s.dueProcess(now) {
		s.deadlines[0].process.Tick(now)
	}
}

// alarm fires at the next deadline; it is nil, and never fires, if there is none.
func (s *Supervisor) alarm() <-chan time.Time {
	if !s.tired.IsZero() {
		s.timer.Reset(time.Until(s.tired))
		return s.timer.C
	}
	var at time.Time
	if len(s.deadlines) > 0 {
		at = s.deadlines[0].at
	}
	for _, other := range []time.Time{s.report, s.limit, s.resume, s.ticks.Next(&s.host.Events, time.Now())} {
		if !other.IsZero() && (at.IsZero() || other.Before(at)) {
			at = other
		}
	}
	if at.IsZero() {
		s.timer.Stop()
		return nil
	}
	s.timer.Reset(time.Until(at))
	return s.timer.C
}
