package upgrade

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/parentthread"
	"github.com/gosupervisor/supervisor/internal/sigaction"
)

// Handed are the descriptors that a program that is executed gets besides those of the state.
type Handed struct {
	State int
	Back  int // of the executable to go back to; -1: none
	Guard int // of the pipe to the guard; -1: none

	guardPID int // 0: none
	signals  []os.Signal
}

// ignored are the signals that mean nothing for the moment in which no program can catch them. Others end the process, and the guard
// does what they ask for. A blocked signal would not help: the runtime unblocks those that end it before any other code runs.
var ignored = []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGUSR2}

// sink gets those signals from then on, if the program goes on nevertheless: the runtime may be handling one at that moment, which
// would end the process if nothing caught it.
var sink = make(chan os.Signal, 1)

// ErrEnding is returned by Execute if a signal has come that ends supervisord.
var ErrEnding = errors.New("a signal ends supervisord")

// Execute replaces this program by the one at path, with the same arguments and environment. The next program gets the signals that
// wait in the channel. It returns only if that fails; then all is as before, but the caller has to catch signals again.
func Execute(path string, h Handed, signals chan os.Signal) error {
	undo := stopCatching(signals)
	defer undo()
	h.signals = waiting(signals)
	err := ErrEnding
	if !slices.ContainsFunc(h.signals, ends) {
		err = executeInThread(path, h, "")
	}
	for _, s := range h.signals {
		signals <- s // there is room, since nothing is caught
	}
	return err
}

// stopCatching has nothing more come to the channel. Signals that end a process do so from now on, but those that are ignored until undo
// is called.
func stopCatching(signals chan os.Signal) (undo func()) {
	signal.Notify(sink, ignored...)
	before := make([]sigaction.Action, len(ignored))
	for i, s := range ignored {
		before[i] = sigaction.Set(s.(syscall.Signal), sigaction.Ignore)
	}
	signal.Stop(signals)
	return func() {
		for i, s := range ignored {
			sigaction.Set(s.(syscall.Signal), before[i])
		}
	}
}

// waiting empties the channel.
func waiting(signals chan os.Signal) (all []os.Signal) {
	for {
		select {
		case s := <-signals:
			all = append(all, s)
		default:
			return all
		}
	}
}

func ends(s os.Signal) bool {
	return s == syscall.SIGTERM || s == syscall.SIGINT || s == syscall.SIGQUIT
}

// executeInThread executes a program in the thread whose end would be that of children with a death signal.
func executeInThread(path string, h Handed, failed string) (err error) {
	if !parentthread.Exists() {
		return execute(path, h, failed)
	}
	parentthread.Do(func() { err = execute(path, h, failed) })
	return err
}

func execute(path string, h Handed, failed string) error {
	fds := []int{h.State, h.Back, h.Guard}
	for _, fd := range fds {
		if fd < 0 {
			continue
		}
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return err
		}
	}
	numbers := fmt.Sprintf("%d,%d,%d,%d", h.State, h.Back, h.Guard, h.guardPID)
	for _, s := range h.signals {
		numbers += fmt.Sprintf(",%d", s)
	}
	env := append(os.Environ(), stateVariable+"="+numbers)
	if failed != "" {
		env = append(env, failedVariable+"="+failed)
	}
	err := syscall.Exec(path, os.Args, env)
	for _, fd := range fds {
		if fd >= 0 {
			syscall.CloseOnExec(fd)
		}
	}
	return fmt.Errorf("cannot execute %s: %w", path, err)
}

// Self opens the running executable, also if its file has been replaced.
func Self() (fd int, err error) {
	return unix.Open("/proc/self/exe", unix.O_PATH|unix.O_CLOEXEC, 0)
}

// GoBack executes the program that this one has replaced, which takes over again. Before Commit, that is possible at any time, and
// nothing has happened. It does not return unless it fails.
func (t *Taken) GoBack(why error) error {
	if t.back < 0 {
		return fmt.Errorf("there is no way back: %w", why)
	}
	stopCatching(t.Signals)
	h := Handed{t.State, -1, t.guard, t.guardPID, waiting(t.Signals)}
	return executeInThread(fmt.Sprintf("/proc/self/fd/%d", t.back), h, why.Error())
}

// SetName sets the name of the process to that of the program at path. After GoBack it is the number of a descriptor.
func SetName(path string) {
	_ = os.WriteFile("/proc/self/comm", []byte(filepath.Base(path)), 0) // the system shortens it; it is only shown
}

// Begin notes that this program has begun. It is the first thing it does. From now on, the end of the process is its failure.
func (t *Taken) Begin() {
	for _, fd := range []int{t.State, t.back, t.guard} {
		if fd >= 0 {
			syscall.CloseOnExec(fd)
		}
	}
	if t.guard >= 0 {
		_, _ = unix.Write(t.guard, []byte{begun}) // without a guard there is none to notify
	}
}

// Commit notes that this program goes on, and gives up the way back.
func (t *Taken) Commit() {
	if t.guard >= 0 {
		_, _ = unix.Write(t.guard, []byte{committed})
	}
	for _, fd := range []int{t.State, t.back, t.guard} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
	t.State, t.back, t.guard = -1, -1, -1
}

// What a guard is notified of.
const (
	begun     = 'b'
	committed = 'c'
)
