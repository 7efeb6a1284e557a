// Package early catches the signals of a program that takes over from another one, and keeps its main thread. It imports little, so that it is initialized
// before nearly all other packages: a signal that comes before ends the program.
package early

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/parentthread"
	"github.com/gosupervisor/supervisor/internal/upgrade/fault"
)

// Variable is set for a program that takes over.
const Variable = "SUPERVISORD_STATE_FD"

// Signals gets the signals of a program that takes over from its first moment on; nil: this is another program.
var Signals chan os.Signal

// Room is how many signals can wait in the channel for them.
const Room = 64

// Caught are the signals that mean something to supervisord, besides SIGCHLD.
var Caught = []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGUSR2}

func init() {
	if os.Getenv(Variable) == "" {
		return
	}
	_ = fault.At("gap")
	parentthread.Hold()
	Signals = make(chan os.Signal, Room)
	signal.Notify(Signals, Caught...)
}
