// Package state decides what a supervised process does next. It is pure: a Machine is a value, time comes in as an
// argument, effects go out as an Action, and a deadline is a field. It starts, signals and logs nothing itself; only
// internal/process calls it. The whole of it is written out in testdata/next.txt and docs/states.md.
package state

import (
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Kind is what can happen to a process.
type Kind int

const (
	Start       Kind = iota // somebody wants it to run: a request, autostart
	SpawnFailed             // the start that Spawn asked for gave no child
	Exit                    // the child was reaped; Event.Code has its exit code
	Tick                    // Machine.Wake has been reached
	Stop                    // somebody wants it to stop
	Abandon                 // supervisord ends: as Stop, and a process that waits for its next try is given up
	Hurry                   // the time for the end of supervisord is over: what still runs is killed at once
	SignalLost              // a stop signal could not be delivered though the child exists
)

// Event is one happening. Code counts for Exit only: the exit code, -1 when a signal ended the child.
type Event struct {
	Kind Kind
	Code int
}

// Action is what the caller must do after a step; the step itself has been taken.
type Action int

const (
	Nothing Action = iota
	Refuse         // the event means nothing in this state and nothing has changed
	Spawn          // start the child, and report SpawnFailed if that gives none
	Term           // send the stop signal
	Kill           // send SIGKILL
)

// Rules is what the configuration says about one process.
type Rules struct {
	//lint:ignore ST1011 startsecs is the manual's word for it
	StartSecs         time.Duration // how long a start must last to count; 0 or less: it counts at once
	StartRetries      int           // further tries after a first failure
	ExitCodes         []int         // the expected ones
	RestartExpected   bool          // start again after an expected exit
	RestartUnexpected bool          // start again after any other
	StopWait          time.Duration // between the stop signal and SIGKILL
}

const (
	short   = time.Second           // a run that ends sooner is a short one
	spacing = 50 * time.Millisecond // starts of one process are this far apart while its runs stay short
	again   = time.Second           // SIGKILL is repeated no more often than this
)

// Machine is the state of one process. The zero value is a process that never ran.
type Machine struct {
	State api.State
	Tries int       // failed starts in a row
	Since time.Time // the last start that was tried
	Wake  time.Time // when Tick is due; zero: never
	Quick bool      // the run before this one was short
}

// Next says where m goes on e, and what the caller must do about it. Source: subprocess, "Process States".
func (m Machine) Next(e Event, now time.Time, r Rules) (Machine, Action) {
	switch e.Kind {
	case Start:
		if m.State.IsStopped() {
			return m.start(now, r), Spawn
		}
	case SpawnFailed:
		if m.State == api.Starting {
			return m.failed(now, r), Nothing
		}
	case Exit:
		return m.exited(e.Code, now, r)
	case Tick:
		return m.tick(now, r)
	case Stop, Abandon:
		switch m.State {
		case api.Starting, api.Running:
			return Machine{State: api.Stopping, Since: m.Since, Wake: now.Add(r.StopWait)}, Term
		case api.Backoff:
			if e.Kind == Abandon {
				return Machine{State: api.Fatal, Since: m.Since}, Nothing
			}
			return Machine{State: api.Stopped, Since: m.Since}, Nothing
		}
	case Hurry:
		switch m.State {
		case api.Starting, api.Running, api.Stopping:
			return Machine{State: api.Stopping, Since: m.Since, Wake: now.Add(again)}, Kill
		case api.Backoff:
			return Machine{State: api.Fatal, Since: m.Since}, Nothing
		}
	case SignalLost:
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
		return Machine{State: api.Running, Since: m.Since, Quick: m.Quick}, Nothing
	case api.Backoff:
		if m.Tries > r.StartRetries {
			return Machine{State: api.Fatal, Since: m.Since}, Nothing
		}
		return m.start(now, r), Spawn
	case api.Exited:
		return m.start(now, r), Spawn
	case api.Stopping:
		m.Wake = now.Add(max(r.StopWait, again))
		return m, Kill
	}
	return m, Refuse
}

// start begins a try. The tries so far are kept: only success, an exit or giving up forgets them.
func (m Machine) start(now time.Time, r Rules) Machine {
	return Machine{State: api.Starting, Tries: m.Tries, Since: now, Wake: now.Add(max(r.StartSecs, 0)), Quick: m.Quick}
}

// failed is the step after a start that did not last. The wait grows by a second with each failure; after the last
// permitted one the machine is due at once, to give up.
func (m Machine) failed(now time.Time, r Rules) Machine {
	m.State, m.Tries, m.Wake = api.Backoff, m.Tries+1, now
	if m.Tries <= r.StartRetries {
		m.Wake = now.Add(time.Duration(m.Tries) * time.Second)
	}
	return m
}

// exited is the step after a child was reaped, judged by how long it ran.
func (m Machine) exited(code int, now time.Time, r Rules) (Machine, Action) {
	ran := now.Sub(m.Since)
	switch m.State {
	case api.Stopping, api.Unknown:
		return Machine{State: api.Stopped, Since: m.Since}, Nothing
	case api.Starting:
		if ran < r.StartSecs {
			return m.failed(now, r), Nothing
		}
	case api.Running:
	default:
		return m, Refuse
	}
	next := Machine{State: api.Exited, Since: m.Since, Quick: ran < short}
	expected := r.Expected(code)
	if expected && r.RestartExpected || !expected && r.RestartUnexpected {
		next.Wake = now
		if at := m.Since.Add(spacing); m.Quick && next.Quick && at.After(now) {
			next.Wake = at
		}
	}
	return next, Nothing
}
