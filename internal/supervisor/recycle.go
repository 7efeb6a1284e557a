package supervisor

import (
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/process"
)

// recycles are the processes of one program that are recycled one after the other.
type recycles struct {
	current *process.Process // the one that is being recycled; nil: none
	waiting []recycle
}

// recycle is a recycle that waits for its turn. A start in between makes it unnecessary.
type recycle struct {
	process *process.Process
	reason  api.Reason
	begun   time.Time // when the run that it is about was started
}

// atOnce reports whether a recycle does not wait for those of other processes of the program: its reason is about this process
// alone.
func atOnce(why api.Why) bool {
	switch why {
	case api.WhyMemory, api.WhyAge, api.WhySchedule, api.WhyFile, api.WhyDependency, api.WhyUpdate:
		return false
	}
	return true
}

// Recycle stops a process and starts it again, whatever autorestart says. What may happen to all processes of a program at the
// same moment happens to one at a time: the next one follows when the one before is well again. Nothing happens to a process
// that is not started, is being started again already, or is stopping, and nothing during a shutdown.
func (l *Loop) Recycle(p *process.Process, reason api.Reason, now time.Time) {
	if l.shared.ShuttingDown {
		return
	}
	if atOnce(reason.Why) {
		l.recycleNow(p, reason, now)
		return
	}
	if l.recycles == nil {
		l.recycles = map[string]*recycles{}
		l.nextRecycle.run = l.continueRecycles
	}
	queue := l.recycles[p.Config.Section]
	if queue == nil {
		queue = &recycles{}
		l.recycles[p.Config.Section] = queue
	}
	again := queue.current == p && p.State() == api.Stopping // it is being recycled already
	if !again && !slices.ContainsFunc(queue.waiting, func(r recycle) bool { return r.process == p }) {
		queue.waiting = append(queue.waiting, recycle{p, reason, p.Begun()})
		p.Queue(true)
	}
	l.continueRecycles(now)
}

// recycleNow stops the process, after what depends on it and has dependency_loss=stop. One whose watchdog has expired hangs: it is
// stopped at the same time as those, because they would gain nothing by an orderly end, and the core dump shows where it hangs. It
// returns false if there is nothing to recycle.
func (l *Loop) recycleNow(p *process.Process, reason api.Reason, now time.Time) bool {
	hangs := reason.Why == api.WhyWatchdog
	if !p.Recyclable(now) || p.Gate().Stops && !hangs {
		return false
	}
	p.LogRecycle().Infof("restarting %s: %s", p.Name(), reason)
	if hangs || !l.stopFirst(p, ending{reason: reason, again: true}, now) {
		l.stopToStart(p, reason, now)
	}
	return true
}

// stopToStart stops the process and has it started again. An update does not leave a process stopped that a request has started without
// what it depends on.
func (l *Loop) stopToStart(p *process.Process, reason api.Reason, now time.Time) bool {
	asked := reason.Why == api.WhyUpdate && l.Lacks(p) != ""
	if !p.Recycle(reason, now) {
		return false
	}
	if asked {
		p.Ask()
	}
	return true
}

// stopFor stops the process for a reason of supervisord's own, after what depends on it and has dependency_loss=stop.
func (l *Loop) stopFor(p *process.Process, reason api.Reason, now time.Time) {
	p.LogRecycle().Infof("stopping %s: %s", p.Name(), reason)
	if !l.stopFirst(p, ending{reason: reason}, now) {
		p.StopFor(reason, now)
	}
}

// stopFirst stops what must be stopped before a process, and then that. It returns false if there is nothing.
func (l *Loop) stopFirst(p *process.Process, e ending, now time.Time) bool {
	return l.depends != nil && l.depends.beginStop([]*process.Process{p}, e, now)
}

// BeginRestart is BeginStop for a request to restart processes, and BeginStart for those of them that do not run. RestartInTurn and
// HoldStart are to be called for each of them, before anything else happens.
func (l *Loop) BeginRestart(processes []*process.Process, now time.Time) bool {
	if l.depends == nil {
		return false
	}
	ordered := l.BeginStart(processes)
	if ordered {
		s := l.depends.starts[len(l.depends.starts)-1]
		s.pending = slices.Clone(processes)
	}
	run := slices.DeleteFunc(slices.Clone(processes), func(p *process.Process) bool { return !p.Recyclable(now) })
	return l.depends.beginStop(run, ending{reason: api.Reason{Why: api.WhyRequest}, again: true}, now) || ordered
}

// RestartInTurn restarts a process as soon as it is its turn. It returns false if that is not started.
func (l *Loop) RestartInTurn(p *process.Process, now time.Time) bool {
	if l.depends != nil {
		l.depends.begin(p)
	}
	if _, inTurn := l.inTurn(p, now); inTurn {
		return true
	}
	if !p.Restart(now) {
		return false
	}
	if l.depends != nil {
		l.depends.holdRestart(p)
	}
	return true
}

// recycleChanged has the queues looked at soon, because a process has changed. While there is no queue, it costs one
// comparison.
func (l *Loop) recycleChanged(p *process.Process) {
	if queue := l.recycles[p.Config.Section]; queue != nil && queue.current == p {
		l.schedule(&l.nextRecycle, p.Begun())
	}
}

// continueRecycles begins what can begin in all queues, and removes those at their end.
func (l *Loop) continueRecycles(now time.Time) {
	l.schedule(&l.nextRecycle, time.Time{})
	for section, queue := range l.recycles {
		if l.continueQueue(queue, now) {
			delete(l.recycles, section)
		}
	}
	if len(l.recycles) == 0 {
		l.recycles = nil
	}
}

// continueQueue returns true at the end of the queue.
func (l *Loop) continueQueue(queue *recycles, now time.Time) (over bool) {
	if p := queue.current; p != nil {
		if l.Find(p.Group, p.Name()) == p {
			switch s := p.State(); {
			case p.Gate().Stops, p.StartComes() && s != api.Exited, s == api.Starting, s == api.Stopping, s == api.Running && !p.Well():
				return false
			case s == api.Exited && p.Config.Oneshot() && p.Expected(): // it has done its work
			case s != api.Running && s != api.Stopped: // it failed; in STOPPED, a request has stopped it
				for _, r := range queue.waiting {
					r.process.Log().Warnf("%s was not restarted (%s): %s failed", r.process.Name(), r.reason.Why, p.Name())
					r.process.Queue(false)
				}
				return true
			}
		}
		queue.current = nil
	}
	for len(queue.waiting) > 0 {
		next := queue.waiting[0]
		queue.waiting = queue.waiting[1:]
		p := next.process
		p.Queue(false)
		if l.Find(p.Group, p.Name()) == p && p.Begun().Equal(next.begun) && l.recycleNow(p, next.reason, now) {
			queue.current = p
			return false
		}
	}
	return true
}
