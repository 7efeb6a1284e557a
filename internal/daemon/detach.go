package daemon

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// readyVariable tells the detached process which descriptor its readiness goes to. It is taken out of the environment
// at once, so children never see it.
const readyVariable = "SUPERVISORD_READY_FD"

// ready is where Ready writes, -1 when nobody waits.
var ready = takeReady()

func takeReady() int {
	value, ok := os.LookupEnv(readyVariable)
	if !ok {
		return -1
	}
	_ = os.Unsetenv(readyVariable)
	fd, err := strconv.Atoi(value)
	if err != nil || fd < 3 {
		return -1
	}
	syscall.CloseOnExec(fd)
	return fd
}

// Detached tells whether we are the process that Detach started.
func Detached() bool { return ready >= 0 }

// Detach starts this program again with the same arguments in a session of its own, and waits until that process calls
// Ready or ends; it returns the exit status for the command the user typed: 0 when ready, else that of the process.
//
// A Go program cannot fork, and so cannot go on in a copy of itself after the servers are open, as the original does.
// Instead the whole start happens in the new process: it keeps the terminal's standard descriptors until Background, so
// that usage errors show where the user sees them, and its limits, user and log are set up once. The command ends when
// the pid file is in place, a bit later than the original's, so that scripts may read it at once. Descriptors that were
// inherited stay open in the new process, under their numbers.
func Detach() (status int, err error) {
	var ends [2]int
	if err := unix.Pipe(ends[:]); err != nil {
		return 0, fmt.Errorf("cannot make a pipe: %w", err)
	}
	syscall.CloseOnExec(ends[0])
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP)
	pid, err := syscall.ForkExec(executable(), os.Args, &syscall.ProcAttr{
		Env:   append(os.Environ(), readyVariable+"="+strconv.Itoa(ends[1])),
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	_ = syscall.Close(ends[1])
	if err != nil {
		return 0, fmt.Errorf("cannot start in the background: %w", err)
	}
	go func() { // the terminal's keys do not reach the other session
		for s := range signals {
			_ = syscall.Kill(pid, s.(syscall.Signal))
		}
	}()
	if readByte(ends[0]) {
		return 0, nil
	}
	return waitStatus(pid), nil
}

// executable is the path of this program. The name it was installed under is preferred to /proc/self/exe, because it
// is what ps shows as the process's name.
func executable() string {
	const self = "/proc/self/exe"
	path, err := os.Executable()
	if err != nil {
		return self
	}
	named, err := os.Stat(path)
	if err != nil {
		return self
	}
	if running, err := os.Stat(self); err == nil && !os.SameFile(named, running) {
		return self
	}
	return path
}

// readByte is true when a byte comes, false when the other end is closed without one.
func readByte(fd int) bool {
	var b [1]byte
	for {
		n, err := syscall.Read(fd, b[:])
		if err != syscall.EINTR {
			return n == 1
		}
	}
}

// waitStatus waits for the process to end; a death by signal counts as status 1.
func waitStatus(pid int) int {
	var ws syscall.WaitStatus
	for {
		_, err := syscall.Wait4(pid, &ws, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || !ws.Exited() {
			return 1
		}
		return ws.ExitStatus()
	}
}

// Background is the step of the start sequence at which the detached process leaves the terminal: it goes to
// directory unless that is empty, lets go of the standard descriptors and sets the umask. Its lines go to log in the
// original's order. The session was left when the process was started. To be called after the servers are open and
// before the pid file is written. Source: nodaemon, directory, umask.
func Background(directory string, umask int, log func(api.Level, string)) error {
	log(api.Info, "daemonizing the supervisord process")
	if directory != "" {
		if err := os.Chdir(directory); err != nil {
			log(api.Critical, fmt.Sprintf("can't chdir into %s: %s", pyrepr.Quote(directory), reason(err, directory)))
		} else {
			log(api.Info, "set current directory: "+pyrepr.Quote(directory))
		}
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	for fd := range 3 {
		if err := unix.Dup2(int(null.Fd()), fd); err != nil {
			return fmt.Errorf("cannot redirect descriptor %d: %w", fd, err)
		}
	}
	syscall.Umask(umask)
	return nil
}

// Ready lets the command that the user typed end with status 0. In the foreground, and a second time, it does
// nothing.
func Ready() {
	if ready < 0 {
		return
	}
	_, _ = syscall.Write(ready, []byte{1})
	_ = syscall.Close(ready)
	ready = -1
}

// reason is an error of the system with number and text, as in "[Errno 2] No such file or directory: '/x'".
func reason(err error, path string) string {
	var number syscall.Errno
	if !errors.As(err, &number) {
		return err.Error()
	}
	text := number.Error()
	return fmt.Sprintf("[Errno %d] %s: %s", int(number), strings.ToUpper(text[:1])+text[1:], pyrepr.Quote(path))
}
