// Package state decides what a supervised process does next. It is pure: a Machine is a value, time comes in as an
// argument, effects go out as an Action, and a deadline is a field. It starts, signals and logs nothing, and any goroutine
// may call it. It is the only place that decides about states: internal/process carries out what it says. The whole of it
// is written out in testdata/next.txt and docs/states.md.
package state

import (
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Kind is what can happen to a process.
type Kind int

const (
	Start        Kind = iota // a request to run
	AutoStart                // the first start, which needs no request
	SpawnFailed              // the start that Spawn asked for gave no child
	NoResources              // the same, because the system had no descriptors, processes or memory for it
	Exit                     // the child was reaped; Event.Code has its exit code
	Tick                     // Machine.Wake has been reached
	Stop                     // a request to stop, or the turn of the process in a shutdown
	KillNow                  // shutdown_timeout is over
	SignalFailed             // a stop signal could not be delivered though the child exists

	Prepared    // what Prepare asked for has been done
	Unprepared  // what Prepare asked for has failed, or has been ended
	Ready       // the child is ready
	StepDone    // the hook or command of the present step has ended; Event.OK: with success
	Recycle     // supervisord itself wants the process stopped and started again
	Cancel      // no start that is still to come is wanted any more
	KillRequest // a request to kill
	GiveUp      // a start that was to come will not
	Restart     // a request to stop the process and start it again
)

// Event is what happened.
type Event struct {
	Kind   Kind
	Code   int     // of Exit: the exit code, -1 when a signal ended the child
	OK     bool    // of StepDone
	Crash  bool    // of Recycle: it counts for the limit of crashes
	Any    bool    // of Recycle: also of a start that has no child yet, or is too late
	Chance float64 // if Rules.TakesChance: a random number from 0 to 1, 1 excluded
}

// Action is what the caller must do after a step; the step itself has been taken.
type Action int

const (
	Nothing  Action = iota
	Refuse          // the event means nothing in this state and nothing has changed
	Spawn           // start the child, and report SpawnFailed if that gives none
	Term            // send the stop signal
	Kill            // send SIGKILL
	Repeat          // give the machine the same event once more, when the state it is in now has been published
	Prepare         // do what comes before a spawn, and report Prepared or Unprepared
	TakeStep        // take the step Machine.Step of the stop plan; a hook or command reports StepDone
)

// Rules is what the configuration says about one process, and whether supervisord shuts down.
type Rules struct {
	//lint:ignore ST1011 startsecs is the manual's word for it
	StartSecs         time.Duration // how long a start must last to count; 0 or less: it counts at once
	StartRetries      int           // further tries after a first failure, or Forever
	ExitCodes         []int         // the expected ones
	RestartExpected   bool          // start again after an expected exit
	RestartUnexpected bool          // start again after any other
	StopWait          time.Duration // between the stop signal and SIGKILL
	ShuttingDown      bool          // nothing is started any more
	Prepare           bool          // a start begins with Prepare, and has no child before Prepared
	More              *More         // of keys that the original does not have; nil: the program sets none
}

const (
	shortRun     = time.Second           // a run that ends sooner is short
	startSpacing = 50 * time.Millisecond // least time between starts while a process is flapping
	killInterval = time.Second           // SIGKILL is repeated no more often than this
	maxShortage  = 30 * time.Second      // most time between starts while the system has no resources for one
)

// Machine is the state of one process. The zero value is a process that never ran.
type Machine struct {
	State     api.State
	Tries     int       // failed starts in a row
	Shortages int       // starts in a row that the system had no resources for
	Since     time.Time // the last start that was tried
	Wake      time.Time // when Tick is due; zero: never
	Flapping  bool      // the run before this one was short
	Ready     bool      // in STARTING: the child is ready
	Again     bool      // in STOPPING: it is started again afterwards
	Phase     Phase     // of STARTING and STOPPING
	Step      int32     // of the stop plan: the one that was taken last
	Crashes   *Crashes  // since the last request; nil: none, or the rules have no limit
}

// Next returns the machine after e, and what the caller must do about it. Source: subprocess.html#process-states.
func (m Machine) Next(e Event, now time.Time, r Rules) (Machine, Action) {
	switch e.Kind {
	case Start:
		if m.State == api.Stopped || m.State == api.Exited || m.State == api.Fatal {
			m.Crashes = nil
			return m.start(now, r)
		}
	case AutoStart:
		if m.State == api.Stopped && m.Since.IsZero() {
			return m.start(now, r)
		}
	case SpawnFailed:
		if m.State == api.Starting && m.Phase == Up {
			return m.failed(e, now, r), Nothing
		}
	case NoResources:
		if m.State == api.Starting && m.Phase == Up {
			return m.short(now, r), Nothing
		}
	case Exit:
		return m.exited(e, now, r)
	case Tick:
		return m.tick(now, r)
	case Stop:
		switch m.State {
		case api.Starting, api.Running:
			return m.stop(now, r)
		case api.Backoff:
			if r.ShuttingDown {
				return Machine{State: api.Fatal, Since: m.Since}, Nothing
			}
			return Machine{State: api.Stopped, Since: m.Since}, Nothing
		case api.Exited:
			if r.More == nil {
				return m, Refuse
			}
		}
		return m.cancel()
	case KillNow, KillRequest:
		switch m.State {
		case api.Starting, api.Running, api.Stopping:
			return m.kill(now, r)
		case api.Backoff:
			if e.Kind == KillNow {
				return Machine{State: api.Fatal, Since: m.Since}, Nothing
			}
			return Machine{State: api.Stopped, Since: m.Since}, Nothing
		}
		if e.Kind == KillRequest {
			return m.cancel()
		}
	case Prepared, Unprepared:
		return m.prepared(e, now, r)
	case Ready:
		return m.ready(now, r)
	case StepDone:
		return m.stepDone(e.OK, now, r)
	case Recycle:
		return m.recycle(e, now, r)
	case Restart:
		return m.restart(now, r)
	case Cancel:
		return m.cancel()
	case GiveUp:
		if m.State == api.Stopped || m.State == api.Exited {
			return Machine{State: api.Fatal, Since: m.Since}, Nothing
		}
	case SignalFailed:
		if m.State.IsSignallable() {
			return Machine{State: api.Unknown, Since: m.Since}, Nothing
		}
	}
	return m, Refuse
}

// Expected is true if code is one of the expected exit codes. A child that a signal ended never exits as expected.
func (r Rules) Expected(code int) bool { return slices.Contains(r.ExitCodes, code) }

// tick is the step at m.Wake.
func (m Machine) tick(now time.Time, r Rules) (Machine, Action) {
	switch m.State {
	case api.Starting:
		return m.startOver(now, r)
	case api.Stopped:
		if m.CrashedTooOften(r) {
			return Machine{State: api.Fatal, Since: m.Since}, Nothing
		} else if !m.Wake.IsZero() {
			return m.retry(now, r)
		}
	case api.Backoff:
		if r.exhausted(m.Tries) {
			return Machine{State: api.Fatal, Since: m.Since}, Nothing
		}
		return m.retry(now, r)
	case api.Exited:
		if m.CrashedTooOften(r) {
			return Machine{State: api.Fatal, Since: m.Since}, Nothing
		}
		return m.retry(now, r)
	case api.Stopping:
		return m.nextStep(now, r)
	}
	return m, Refuse
}

// start begins a try, which a shutdown refuses. The tries so far are kept: only success, an exit or giving up resets them.
func (m Machine) start(now time.Time, r Rules) (Machine, Action) {
	if r.ShuttingDown {
		return m, Refuse
	}
	next := Machine{State: api.Starting, Tries: m.Tries, Shortages: m.Shortages, Since: now, Flapping: m.Flapping, Crashes: m.Crashes}
	if r.Prepare {
		next.Phase = Preparing
		return next, Prepare
	}
	next.Wake = next.startDeadline(r)
	return next, Spawn
}

// retry is start at a deadline. In a shutdown the process stays as it is and the deadline is dropped.
func (m Machine) retry(now time.Time, r Rules) (Machine, Action) {
	if r.ShuttingDown {
		m.Wake = time.Time{}
		return m, Nothing
	}
	return m.start(now, r)
}

// failed is the step after a start that did not last. After the last permitted failure the machine is due at once, to give up.
func (m Machine) failed(e Event, now time.Time, r Rules) Machine {
	m = Machine{State: api.Backoff, Tries: m.Tries + 1, Since: m.Since, Wake: now, Flapping: m.Flapping, Crashes: m.Crashes}
	switch {
	case r.exhausted(m.Tries):
	case r.ShuttingDown:
		m.Wake = time.Time{}
	default:
		m.Wake = now.Add(r.wait(m.Tries, e.Chance))
	}
	return m
}

// short is the step after a start for which the system had no resources. It is not the program that failed, so it does not
// count as a try, and is repeated as long as it takes, after a wait that grows by a second each time.
func (m Machine) short(now time.Time, r Rules) Machine {
	m = Machine{State: api.Backoff, Tries: m.Tries, Shortages: m.Shortages + 1, Since: m.Since, Flapping: m.Flapping, Crashes: m.Crashes}
	if !r.ShuttingDown {
		m.Wake = now.Add(min(time.Duration(m.Shortages)*time.Second, maxShortage) + r.pause())
	}
	return m
}

// exited is the step after a child was reaped, judged by how long it ran. A child that outlived startsecs, and ended
// before its deadline was processed, has been RUNNING.
func (m Machine) exited(e Event, now time.Time, r Rules) (Machine, Action) {
	ran := now.Sub(m.Since)
	switch {
	case m.Phase == Preparing:
		return m, Refuse
	case m.State == api.Stopping && m.Again && !r.ShuttingDown:
		return m.recycled(now, r), Nothing
	case m.State == api.Stopping || m.State == api.Unknown:
		return Machine{State: api.Stopped, Since: m.Since}, Nothing
	case m.State == api.Starting:
		if ran < r.StartSecs || m.Phase == Late || r.needsReady() && !m.Ready {
			return m.failed(e, now, r), Nothing
		}
		return m.running(), Repeat
	case m.State == api.Running:
	default:
		return m, Refuse
	}
	next := Machine{State: api.Exited, Since: m.Since, Flapping: ran < shortRun, Crashes: m.Crashes}
	expected := r.Expected(e.Code)
	if !expected {
		next.Crashes = m.crashed(now, r)
	}
	if (expected && r.RestartExpected || !expected && r.RestartUnexpected) && !r.ShuttingDown {
		if next.Wake = now; !expected && next.CrashedTooOften(r) {
			return next, Nothing
		}
		next.Wake = m.earliest(now, next.Flapping, r)
	}
	return next, Nothing
}

// running is the machine when a start has succeeded.
func (m Machine) running() Machine {
	return Machine{State: api.Running, Since: m.Since, Flapping: m.Flapping, Crashes: m.Crashes}
}

// earliest is when the process may be started by itself after a run that ended now: later while runs are short.
func (m Machine) earliest(now time.Time, short bool, r Rules) time.Time {
	next := now.Add(r.pause())
	if at := m.Since.Add(startSpacing); m.Flapping && short && at.After(next) {
		return at
	}
	return next
}
