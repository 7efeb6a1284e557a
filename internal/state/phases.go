package state

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// startDeadline is when a start with a child is looked at next: at startsecs, or when it must be ready. Zero: when it is
// ready.
func (m Machine) startDeadline(r Rules) time.Time {
	at := m.Since.Add(max(r.StartSecs, 0))
	if !r.needsReady() || m.Ready {
		return at
	}
	if r.More.ReadyTimeout > 0 {
		return m.Since.Add(r.More.ReadyTimeout)
	}
	return time.Time{}
}

// startOver is the step at a deadline of STARTING.
func (m Machine) startOver(now time.Time, r Rules) (Machine, Action) {
	switch {
	case m.Phase == Preparing:
		return m, Refuse
	case m.Phase == Late:
		return m.nextStep(now, r)
	case r.needsReady() && !m.Ready:
		m.Phase = Late
		return m.step(0, now, r)
	}
	return m.running(), Nothing
}

// ready is the step when the child is ready. It is RUNNING once it has been up for startsecs, too.
func (m Machine) ready(now time.Time, r Rules) (Machine, Action) {
	if m.State != api.Starting || m.Phase != Up || m.Ready || !r.needsReady() {
		return m, Refuse
	}
	m.Ready = true
	if m.Wake = m.startDeadline(r); !m.Wake.After(now) {
		return m.startOver(now, r)
	}
	return m, Nothing
}

// prepared is the step when what comes before the spawn has ended. During a shutdown nothing is started: the machine waits
// until it is its turn to stop.
func (m Machine) prepared(e Event, now time.Time, r Rules) (Machine, Action) {
	switch {
	case m.Phase != Preparing:
		return m, Refuse
	case m.State == api.Stopping && m.Again && !r.ShuttingDown:
		return m.recycled(now, r), Nothing
	case m.State == api.Stopping:
		return Machine{State: api.Stopped, Since: m.Since}, Nothing
	case e.Kind == Unprepared:
		return m.failed(e, now, r), Nothing
	case r.ShuttingDown:
		return m, Nothing
	}
	r.Prepare = false
	return m.start(now, r)
}

// stop begins to stop what is started or runs.
func (m Machine) stop(now time.Time, r Rules) (Machine, Action) {
	next := Machine{State: api.Stopping, Since: m.Since, Phase: m.Phase}
	switch m.Phase {
	case Preparing: // without a child there is no plan: what prepares the start gets the stop signal
		next.Wake = now.Add(r.StopWait)
		return next, Term
	case Late: // its plan goes on
		next.Phase, next.Step, next.Wake = Up, m.Step, m.Wake
		return next, Nothing
	}
	return next.step(0, now, r)
}

// kill leaves out what is left of the stop plan.
func (m Machine) kill(now time.Time, r Rules) (Machine, Action) {
	next := Machine{State: api.Stopping, Since: m.Since, Wake: now.Add(killInterval), Step: int32(max(len(r.plan()), 1))}
	if m.Phase == Preparing {
		next.Phase = Preparing
	}
	return next, Kill
}

// step takes step i of the stop plan; after the last one it is SIGKILL.
func (m Machine) step(i int32, now time.Time, r Rules) (Machine, Action) {
	m.Step, m.Wake = i, time.Time{}
	if plan := r.plan(); int(i) < len(plan) {
		if wait := plan[i].Wait; wait >= 0 {
			m.Wake = now.Add(wait)
		}
		return m, TakeStep
	} else if len(plan) == 0 && i == 0 {
		m.Wake = now.Add(r.StopWait)
		return m, Term
	}
	m.Wake = now.Add(max(r.killWait(), killInterval))
	return m, Kill
}

// killWait is the time between repetitions of SIGKILL, which has a lower bound.
func (r Rules) killWait() time.Duration {
	if r.More != nil && r.More.KillWait > 0 {
		return r.More.KillWait
	}
	return r.StopWait
}

// nextStep is the step when the present one of the stop plan is over. SIGKILL is repeated.
func (m Machine) nextStep(now time.Time, r Rules) (Machine, Action) {
	last := int32(max(len(r.plan()), 1))
	if m.Phase == Preparing {
		m.Wake = now.Add(max(r.killWait(), killInterval))
		return m, Kill
	}
	return m.step(min(m.Step+1, last), now, r)
}

// stepDone is the step when the hook or command of the present step has ended.
func (m Machine) stepDone(ok bool, now time.Time, r Rules) (Machine, Action) {
	plan := r.plan()
	stopping := m.State == api.Stopping && m.Phase == Up || m.State == api.Starting && m.Phase == Late
	if !stopping || int(m.Step) >= len(plan) {
		return m, Refuse
	}
	step := plan[m.Step]
	if step.Kind != HookStep && step.Kind != CommandStep {
		return m, Refuse
	}
	if ok {
		if at := m.Wake.Add(step.Settle - step.Wait); at.After(now) {
			m.Wake = at
			return m, Nothing
		}
	}
	return m.nextStep(now, r)
}

// recycle begins a stop after which the process is started again. One that is being started anyway needs none, unless the event is
// about any start.
func (m Machine) recycle(e Event, now time.Time, r Rules) (Machine, Action) {
	if r.ShuttingDown || m.State != api.Starting && m.State != api.Running || m.Phase != Up && !e.Any {
		return m, Refuse
	}
	next, action := m.stop(now, r)
	next.Flapping, next.Again, next.Crashes = m.Flapping, true, m.Crashes
	if e.Crash {
		next.Crashes = m.crashed(now, r)
	}
	return next, action
}

// restart is the step of a request to restart. A process that is stopping already is started when it has stopped. A start that has no
// child yet needs no restart.
func (m Machine) restart(now time.Time, r Rules) (Machine, Action) {
	switch {
	case m.State == api.Stopping && !r.ShuttingDown:
		m.Again = true
		return m, Nothing
	case m.Phase == Preparing:
		return m, Refuse
	}
	return m.recycle(Event{Any: true}, now, r)
}

// recycled is the machine when the child of a recycle has ended.
func (m Machine) recycled(now time.Time, r Rules) Machine {
	next := Machine{State: api.Stopped, Since: m.Since, Flapping: now.Sub(m.Since) < shortRun, Crashes: m.Crashes}
	if next.Wake = now; !next.CrashedTooOften(r) {
		next.Wake = m.earliest(now, next.Flapping, r)
	}
	return next
}

// cancel drops a start that is to come. Where none is, there is nothing to do.
func (m Machine) cancel() (Machine, Action) {
	switch {
	case m.State == api.Stopping && m.Again:
		m.Again, m.Flapping, m.Crashes = false, false, nil
	case (m.State == api.Stopped || m.State == api.Exited) && !m.Wake.IsZero():
		m.Wake = time.Time{}
	default:
		return m, Refuse
	}
	return m, Nothing
}

// Extend returns the machine with the deadline of its start, or of the present step of its stop, no earlier than at.
func (m Machine) Extend(at time.Time, r Rules) Machine {
	starting := m.State == api.Starting && (m.Phase == Late || m.Phase == Up && r.needsReady() && !m.Ready)
	if (starting || m.State == api.Stopping && m.Phase == Up) && !m.Wake.IsZero() && at.After(m.Wake) {
		m.Wake = at
	}
	return m
}
