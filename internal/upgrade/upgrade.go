// Package upgrade executes another supervisord in this process, which goes on with everything that it finds: the same process, the
// same children, the same descriptors. What there is to go on with is a document of package handover, of which this package knows
// nothing but the text.
//
// The steps are those of Upgrade: the new program is tried as a child with a copy of the state, and so is the running one, because it
// is the way back; then everything stands still, a guard is started, and the process executes the new program. Until that program
// calls Commit it changes nothing, so it can execute the old one again, which finds the same state.
package upgrade

import (
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/upgrade/early"
)

// stateVariable has the descriptors for the program that takes over: of the state, of the executable to go back to and of the pipe
// to the guard, -1 for none; the process ID of the guard; and the signals that have been caught and not handled. It is removed from
// the environment at once.
const stateVariable = early.Variable

// failedVariable has, for the program that is gone back to, why.
const failedVariable = "SUPERVISORD_UPGRADE_FAILED"

// trialArg and guardArg are the first argument of a program that is tried, and of a guard. They are no options, so a program that
// does not know them ends with a usage error.
const (
	trialArg = "\x01trial"
	guardArg = "\x01guard"
)

// Descriptors of a program that is tried, or of a guard, from 3.
const (
	trialState = 3
)

// Taken is what a program that takes over begins with.
type Taken struct {
	State  int    // descriptor of the state
	Failed string // why the upgrade to another program failed, which has come back; empty: it did not

	// Signals are those that programs before this one have caught and not handled, and that this one catches.
	Signals chan os.Signal

	back  int // descriptor of the executable to go back to; -1: none
	guard int // -1: none

	guardPID int
}

// GuardPID is the process ID of the guard, 0 if there is none.
func (t *Taken) GuardPID() int { return t.guardPID }

// Take returns what this program takes over, nil if it is an ordinary start.
func Take() *Taken {
	text, ok := os.LookupEnv(stateVariable)
	if !ok {
		return nil
	}
	failed := os.Getenv(failedVariable)
	_ = os.Unsetenv(stateVariable)
	_ = os.Unsetenv(failedVariable)
	t := &Taken{State: -1, Failed: failed, Signals: early.Signals, back: -1, guard: -1}
	values := [4]int{-1, -1, -1, 0}
	fields := strings.Split(text, ",")
	for i, field := range fields {
		value, err := strconv.Atoi(field)
		switch {
		case err != nil:
		case i < len(values):
			values[i] = value
		default:
			t.caught(syscall.Signal(value))
		}
	}
	t.State, t.back, t.guard, t.guardPID = values[0], values[1], values[2], values[3]
	return t
}

// caught adds a signal that the program before this one has caught. Of more than there is room for, the last ones are lost, as they
// would be without an upgrade.
func (t *Taken) caught(s syscall.Signal) {
	select {
	case t.Signals <- s:
	default:
	}
}
