// Package child starts and reaps Unix children. It knows nothing of programs, states or logs. Only the loop of
// supervisord may call Start and Reap: because one goroutine does both, a pid is always known before its exit is read.
// For the same reason nothing in the daemon uses os/exec or os.Process, which would race for the status.
package child

import (
	"errors"
	"os"
	"syscall"
)

// Spec is everything that one start needs.
type Spec struct {
	Path  string   // the file to execute
	Args  []string // with the name at 0, as the command has it
	Env   []string // KEY=value
	Dir   string   // empty: ours
	Umask int      // negative: ours
	User  *User    // nil: ours
	Files [3]int   // what becomes descriptor 0, 1 and 2
}

// User is whom a child becomes before it changes directory.
type User struct {
	UID, GID int
	Groups   []int
}

// Start starts a child, leader of a process group of its own, with default signal dispositions and nothing of ours open
// but spec.Files. An error means that there is no child (fork failed); it is a syscall.Errno. What goes wrong in the child
// itself, up to a failing exec, is told as the original tells it: by the child, on its standard error, and with exit
// status 127.
func Start(spec Spec) (pid int, err error) {
	if spec.Umask >= 0 { // it belongs to the whole process
		return startShim(spec)
	}
	return launch(spec)
}

// launch is Start for a child that inherits its umask from the calling thread. The fast path cannot become another user
// unless we are root, and it cannot tell what went wrong in the child.
func launch(spec Spec) (pid int, err error) {
	if spec.User == nil || os.Geteuid() == 0 {
		if pid, err = forkExec(spec.Path, spec.Args, spec); err == nil {
			return pid, nil
		}
	}
	return startShim(spec)
}

func forkExec(path string, args []string, spec Spec) (int, error) {
	attr := &syscall.ProcAttr{
		Dir:   spec.Dir,
		Env:   spec.Env,
		Files: []uintptr{uintptr(spec.Files[0]), uintptr(spec.Files[1]), uintptr(spec.Files[2])},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	}
	if u := spec.User; u != nil {
		attr.Sys.Credential = &syscall.Credential{Uid: uint32(u.UID), Gid: uint32(u.GID), Groups: make([]uint32, len(u.Groups))}
		for i, g := range u.Groups {
			attr.Sys.Credential.Groups[i] = uint32(g)
		}
	}
	return syscall.ForkExec(path, args, attr)
}

// Exit is one child's end.
type Exit struct {
	PID    int
	Status syscall.WaitStatus
}

// Reap calls f for every child that has ended, strangers included, and returns when no more have. An error other than
// "no children" is returned as the syscall.Errno.
func Reap(f func(Exit)) error {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.ECHILD) || err == nil && pid == 0:
			return nil
		case err != nil:
			return err
		default:
			f(Exit{pid, status})
		}
	}
}

// Signal sends sig to the child, or to its whole process group.
func Signal(pid int, sig syscall.Signal, group bool) error {
	if group {
		pid = -pid
	}
	return syscall.Kill(pid, sig)
}
