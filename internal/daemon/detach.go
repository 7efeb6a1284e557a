package daemon

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// readyVariable names the descriptor to which the detached process reports that it is ready. It is removed from the
// environment at once, so that children never see it.
const readyVariable = "SUPERVISORD_READY_FD"

// ready is the descriptor that Ready writes to, -1 if no command waits for it.
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

// Detached reports whether this is the process that Detach started.
func Detached() bool { return ready >= 0 }

// Launcher is the process that waits for this one, 0 if this is not the one that Detach started.
func Launcher() int {
	if !Detached() {
		return 0
	}
	return os.Getppid()
}

// Detach starts this program again with the same arguments in a session of its own, and waits until that process calls
// Ready or ends. It returns the exit status for the command the user typed: 0 if the process is ready, else its status.
//
// A Go program cannot fork, and so cannot continue in a copy of itself after the servers are open, as the original does.
// Instead the whole start happens in the new process. It keeps the terminal's standard descriptors until Background, so
// that usage errors appear where the user sees them, and sets up its limits, user and log once. The command ends when
// the pid file is in place, slightly later than the original's, so that scripts may read it at once. Inherited descriptors
// stay open in the new process, under their numbers.
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
	go func() { // Ctrl-C at the terminal does not reach the new session
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
	path, err := os.Executable()
	if err != nil {
		return child.Self()
	}
	named, err := os.Stat(path)
	if err != nil {
		return child.Self()
	}
	if running, err := os.Stat(child.Self()); err == nil && !os.SameFile(named, running) {
		return child.Self()
	}
	return path
}

// readByte reports whether a byte comes before the other end is closed.
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

// Background makes the detached process leave the terminal, whose session it left when it was started: it changes to
// directory unless that is empty, redirects the standard descriptors to /dev/null and sets the umask. It logs the original's
// lines in their order. Call it after the servers are open and before the pid file is written. Source: nodaemon, directory,
// umask.
func Background(directory string, umask int, log func(api.Level, string)) error {
	log(api.Info, "daemonizing the supervisord process")
	if directory != "" {
		if err := os.Chdir(directory); err != nil {
			quoted := pyrepr.Quote(directory)
			log(api.Critical, fmt.Sprintf("can't chdir into %s: %s: %s", quoted, pyrepr.OSError(err), quoted))
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

// Ready lets the command that the user typed end with status 0. In the foreground, and after the first call, it does
// nothing.
func Ready() {
	if ready < 0 {
		return
	}
	_, _ = syscall.Write(ready, []byte{1})
	_ = syscall.Close(ready)
	ready = -1
}
