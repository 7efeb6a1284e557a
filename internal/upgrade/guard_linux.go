package upgrade

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/child"
)

// Guarded is what a guard has to know.
type Guarded struct {
	Children json.RawMessage // for the function that stops them
	Path     string          // of the program to start if the new one fails
	Args     []string
	Env      []string
	Managed  bool // a service manager starts supervisord again
}

// Descriptors of a guard, from 3.
const (
	guardPlan  = 3 // a memory file with a Guarded
	guardPipe  = 4 // what the program that takes over writes
	guardOwner = 5 // the process
	guardBack  = 6 // the executable to start anew
)

// StartGuard starts a process that stops the children, as a shutdown would, if this one ends before the program that takes over
// commits; and starts the old program anew if that was the new one's failure. For process 1 there is none: its end is that of all
// others.
func (h *Handed) StartGuard(plan int) error {
	if os.Getpid() == 1 {
		return nil
	}
	owner, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return err
	}
	defer unix.Close(owner)
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	defer unix.Close(ends[0])
	pid, err := child.Background(child.Self(), []string{"supervisord", guardArg}, plan, ends[0], owner, h.Back)
	if err != nil {
		unix.Close(ends[1])
		return fmt.Errorf("cannot start a guard: %w", err)
	}
	h.Guard, h.guardPID = ends[1], pid
	return nil
}

// EndGuard lets the guard end: this program goes on.
func (h *Handed) EndGuard() {
	if h.Guard >= 0 {
		_, _ = unix.Write(h.Guard, []byte{committed})
		unix.Close(h.Guard)
		h.Guard = -1
	}
}

// Guard makes this process the guard if it was started as one, and then does not return. Read returns what it has to know, and stop
// stops the children.
func Guard(read func(fd int) ([]byte, error), stop func(children json.RawMessage)) {
	if len(os.Args) != 2 || os.Args[1] != guardArg {
		return
	}
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGUSR2)
	text, err := read(guardPlan)
	var g Guarded
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err != nil {
		os.Exit(1)
	}
	switch hasBegun, done := watch(); {
	case done:
	case !hasBegun || g.Managed: // a signal has ended supervisord, or the service manager starts it again
		stop(g.Children)
	default:
		stop(g.Children)
		_ = syscall.Exec(fmt.Sprintf("/proc/self/fd/%d", guardBack), g.Args, g.Env)
		os.Exit(1)
	}
	os.Exit(0)
}

// watch waits for the commit or the end of supervisord. Begun reports whether the program that takes over has begun. Done is true if
// supervisord goes on.
func watch() (hasBegun, done bool) {
	for {
		var b [1]byte
		switch n, err := unix.Read(guardPipe, b[:]); {
		case err == unix.EINTR:
		case n == 1 && b[0] == committed:
			return true, true
		case n == 1:
			hasBegun = true
		default: // the end of a process closes its descriptors a moment before it counts as ended
			return hasBegun, !ended(time.Second)
		}
	}
}

// ended reports whether supervisord ends within so much time.
func ended(within time.Duration) bool {
	fds := []unix.PollFd{{Fd: guardOwner, Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, int(within.Milliseconds()))
		if err != unix.EINTR {
			return n > 0
		}
	}
}
