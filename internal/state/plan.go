package state

import (
	"syscall"
	"time"
)

// Step is a step of a stop plan. SIGKILL follows after the last one, unless that has no end.
type Step struct {
	Kind   StepKind
	Signal syscall.Signal // of a SignalStep
	Wait   time.Duration  // until the next step; negative: no step follows
	// Settle is until the next step after a hook or command has succeeded, from the beginning of the step. After a failure
	// the next step follows at once.
	Settle time.Duration
}

// StepKind is what is done in a step.
type StepKind uint8

// The kinds of steps.
const (
	SignalStep  StepKind = iota
	HookStep             // run pre_stop_hook
	CommandStep          // run stop_command
	WaitStep             // nothing
)

// Phase is a part of STARTING, or of STOPPING without a child.
type Phase uint8

const (
	Up        Phase = iota // there is a child
	Preparing              // there is no child yet
	Late                   // of STARTING: the child was not ready in time and is being stopped
)

// needsReady is true if a start is over no earlier than Ready.
func (r Rules) needsReady() bool { return r.More != nil && r.More.NeedsReady }

// plan is the stop plan of a program that has one.
func (r Rules) plan() []Step {
	if r.More == nil {
		return nil
	}
	return r.More.Stop
}
