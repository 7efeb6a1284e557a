// Package child starts, signals and reaps Unix children. It knows nothing of programs, states or logs. Only the loop of
// supervisord may call Start, the function from IsolatedStarter and Reap: because one goroutine does both, a pid is always
// known before its exit is read. For the same reason nothing in the daemon uses os/exec or os.Process, which would race for
// the status. Pipe, Output and Signal may be called by any goroutine.
package child

import (
	"errors"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/child/step"
	"github.com/gosupervisor/supervisor/internal/parentthread"
)

// Spec is everything that one start needs.
type Spec struct {
	Path  string      // the file to execute
	Args  []string    // with the name at 0, as the command has it
	Env   []string    // KEY=value
	Files [3]int      // what becomes descriptor 0, 1 and 2
	More  []int       // what becomes descriptor 3 and the following; -1: none
	Steps []step.Step // what the child does, in this order, before it executes Path

	Cgroup *Cgroup // where it begins; nil: in that of supervisord
}

// Cgroup is a cgroup of version 2 in which a child begins, so that no process of it is elsewhere.
type Cgroup struct {
	FD   int // its directory
	Path string
}

// Exit is how a child ended.
type Exit struct {
	PID    int
	Status syscall.WaitStatus
	Reason string // why it did not execute its command; empty if it did
}

// Start starts a child, leader of a process group of its own, with default signal dispositions and none of our descriptors
// but spec.Files and spec.More. An error means that there is no child: fork failed, or its user may have no further process. It is a
// syscall.Errno. What else goes wrong in the child itself, up to a failing exec, is reported as the original reports it: by
// the child, on its standard error, with exit status 127, and as the reason of its Exit.
func Start(spec Spec) (pid int, err error) {
	if !step.HasDeathSignal(spec.Steps) {
		return startHere(spec)
	}
	parentthread.Do(func() { pid, err = startHere(spec) })
	return pid, err
}

// startHere is Start in the calling thread.
func startHere(spec Spec) (pid int, err error) {
	if step.WayOf(spec.Steps) == step.ByFork {
		// An error may come from the child. Then the shim fails in the same way, and can report it.
		if pid, err = forkExec(spec.Path, spec.Args, &spec, spec.Steps); err == nil || isShortage(err) {
			return pid, err
		}
	}
	return startShim(spec, failures.writeEnd())
}

// startShim starts the shim, which does the steps of spec one by one and then executes the command. It costs a millisecond
// more than fork and exec, but it can do every step, and it reports the one that failed, to the descriptor failure too, if that
// is not -1. It enters the cgroup itself if fork could not make the child there.
func startShim(spec Spec, failure int) (pid int, err error) {
	if spec.Cgroup == nil {
		return forkShim(&spec, failure, "")
	}
	if pid, err = forkShim(&spec, failure, ""); err == nil || isShortage(err) {
		return pid, err
	}
	path := spec.Cgroup.Path
	spec.Cgroup = nil
	return forkShim(&spec, failure, path)
}

// forkShim starts the shim, which enters a cgroup first unless its path is empty.
func forkShim(spec *Spec, failure int, cgroup string) (pid int, err error) {
	c := step.Command{Path: spec.Path, Args: spec.Args, Steps: spec.Steps, Cgroup: cgroup}
	var more []int
	if failure >= 0 {
		c.Report, more = len(spec.Files)+len(spec.More), []int{failure}
	}
	return forkExec(self, c.ShimArgs(), spec, nil, more...)
}

// isShortage reports whether a start failed because the system, or the user of the child, may have no further process. The
// caller tries again later, so there is nothing that the child would have to report.
func isShortage(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.ENOMEM)
}

// forkExec starts path in a child that does the steps, and has the descriptors of spec and then more. Fork must be able to do all
// steps.
func forkExec(path string, args []string, spec *Spec, steps []step.Step, more ...int) (pid int, err error) {
	attr := &syscall.ProcAttr{
		Env:   spec.Env,
		Files: []uintptr{uintptr(spec.Files[0]), uintptr(spec.Files[1]), uintptr(spec.Files[2])},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	}
	if spec.Cgroup != nil {
		beginInCgroup(attr, spec.Cgroup.FD)
	}
	for _, fd := range spec.More {
		attr.Files = append(attr.Files, uintptr(fd)) // -1 is closed
	}
	for _, fd := range more {
		attr.Files = append(attr.Files, uintptr(fd))
	}
	step.Fork(steps, attr)
	return syscall.ForkExec(path, args, attr)
}

// Reap calls f for every child that has ended, also for those that Start did not start, but not for those of Output, and
// returns when there are no more. The error is the syscall.Errno of wait4; to have no children is none.
func Reap(f func(Exit)) error {
	for {
		var status syscall.WaitStatus
		pid, helper, err := waitAny(&status)
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.ECHILD) || err == nil && pid == 0:
			return nil
		case err != nil:
			return err
		case !helper:
			e := Exit{PID: pid, Status: status}
			e.Reason = failures.take(e)
			f(e)
		}
	}
}

// Signal sends sig to the child, or to its whole process group. The error is a syscall.Errno.
func Signal(pid int, sig syscall.Signal, group bool) error {
	if group {
		pid = -pid
	}
	return syscall.Kill(pid, sig)
}
