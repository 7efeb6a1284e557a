package daemon

import (
	"syscall"

	"github.com/gosupervisor/supervisor/internal/sigaction"
)

// DefaultSignals gives SIGUSR1 its default action, which ends the process, as with the original. The Go runtime would ignore
// the signal. Source: supervisor.options.setsignals.
func DefaultSignals() {
	sigaction.Set(syscall.SIGUSR1, sigaction.Action{})
}
