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
)

// Event is what happened. Code counts for Exit only: the exit code, -1 when a signal ended the child. Chance counts if
// Rules.TakesChance: a random number from 0 to 1, 1 excluded.
type Event struct {
	Kind   Kind
	Code   int
	Chance float64
}

// Action is what the caller must do after a step; the step itself has been taken.
type Action int

const (
	Nothing Action = iota
	Refuse         // the event means nothing in this state and nothing has changed
	Spawn          // start the child, and report SpawnFailed if that gives none
	Term           // send the stop signal
	Kill           // send SIGKILL
	Again          // give the machine the same event once more, when the state it is in now has been published
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
		if m.State == api.Starting {
			return m.failed(e, now, r), Nothing
		}
	case NoResources:
		if m.State == api.Starting {
			return m.short(now, r), Nothing
		}
	case Exit:
		return m.exited(e, now, r)
	case Tick:
		return m.tick(now, r)
	case Stop:
		switch m.State {
		case api.Starting, api.Running:
			return Machine{State: api.Stopping, Since: m.Since, Wake: now.Add(r.StopWait)}, Term
		case api.Backoff:
			if r.ShuttingDown {
				return Machine{State: api.Fatal, Since: m.Since}, Nothing
			}
			return Machine{State: api.Stopped, Since: m.Since}, Nothing
		case api.Exited:
			if r.More != nil && !m.Wake.IsZero() { // the start that was coming does not come
				return Machine{State: api.Exited, Since: m.Since}, Nothing
			}
		}
	case KillNow:
		switch m.State {
		case api.Starting, api.Running, api.Stopping:
			return Machine{State: api.Stopping, Since: m.Since, Wake: now.Add(killInterval)}, Kill
		case api.Backoff:
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
		return Machine{State: api.Running, Since: m.Since, Flapping: m.Flapping, Crashes: m.Crashes}, Nothing
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
		m.Wake = now.Add(max(r.StopWait, killInterval))
		return m, Kill
	}
	return m, Refuse
}

// start begins a try, which a shutdown refuses. The tries so far are kept: only success, an exit or giving up resets them.
func (m Machine) start(now time.Time, r Rules) (Machine, Action) {
	if r.ShuttingDown {
		return m, Refuse
	}
	return Machine{State: api.Starting, Tries: m.Tries, Shortages: m.Shortages, Since: now,
		Wake: now.Add(max(r.StartSecs, 0)), Flapping: m.Flapping, Crashes: m.Crashes}, Spawn
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
	m.State, m.Tries, m.Shortages, m.Wake = api.Backoff, m.Tries+1, 0, now
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
	m.State, m.Shortages, m.Wake = api.Backoff, m.Shortages+1, time.Time{}
	if !r.ShuttingDown {
		m.Wake = now.Add(min(time.Duration(m.Shortages)*time.Second, maxShortage) + r.pause())
	}
	return m
}

// exited is the step after a child was reaped, judged by how long it ran. A child that outlived startsecs, and ended
// before its deadline was processed, has been RUNNING.
func (m Machine) exited(e Event, now time.Time, r Rules) (Machine, Action) {
	ran := now.Sub(m.Since)
	switch m.State {
	case api.Stopping, api.Unknown:
		return Machine{State: api.Stopped, Since: m.Since}, Nothing
	case api.Starting:
		if ran < r.StartSecs {
			return m.failed(e, now, r), Nothing
		}
		return Machine{State: api.Running, Since: m.Since, Flapping: m.Flapping, Crashes: m.Crashes}, Again
	case api.Running:
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
		next.Wake = now.Add(r.pause())
		if at := m.Since.Add(startSpacing); m.Flapping && next.Flapping && at.After(next.Wake) {
			next.Wake = at
		}
	}
	return next, Nothing
}
