package process

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/child"
)

// adopt makes another process that of the program, as MAINPID= asks for: signals go to it, and its exit is that of the child. The
// child that was started is the launcher from then on, as long as it lives.
func (n *notify) adopt(pid int) {
	p := n.process
	if pid == p.pid || p.pid == 0 || p.reaped != nil {
		return
	}
	if problem := p.shared.Adopt(p, pid); problem != "" {
		p.Log().Warnf("%s says MAINPID=%d, %s", p.Name(), pid, problem)
		return
	}
	if n.launcher == 0 {
		n.launcher = p.pid
	}
	p.pid, n.adopted = pid, true
	p.Log().Infof("%s goes on in process %d", p.Name(), pid)
	p.shared.Changed(p)
}

// LauncherEnded takes the exit of a child that is not the process of the program any more. It is the exit of the program if that
// process has gone unnoticed, because it was a child of the launcher.
func (p *Process) LauncherEnded(e child.Exit, now time.Time) {
	n := p.notify()
	if n.launcher != e.PID {
		return
	}
	n.launcher = 0
	if p.reaped != nil || p.pid == 0 || p.shared.Signal(p.pid, 0, false) != syscall.ESRCH {
		p.Log().Debugf("%s: the process that started %d has ended (%s)", p.Name(), p.pid, ExitText(e))
		return
	}
	p.Reaped(e, now)
}

// endLauncher ends the launcher of a process that has ended.
func (n *notify) endLauncher() {
	if n.launcher != 0 {
		_ = n.process.shared.Signal(n.launcher, syscall.SIGTERM, false) // if it has just gone, it needs none
		n.launcher = 0
	}
}

// signal sends a signal to the child, or to its group: the process group or, with killmode=cgroup, the cgroup. One that was adopted may be in the process group of another one, and its launcher may be all
// that is left.
func (p *Process) signal(sig syscall.Signal, group bool) error {
	if group {
		if ok, err := p.cgroup().signal(sig); ok {
			return err
		}
	}
	n := p.notify()
	if p.lingering() {
		return syscall.ESRCH
	}
	if n == nil || !n.adopted {
		return p.shared.Signal(p.pid, sig, group)
	}
	target := p.pid
	if group {
		leader, err := unix.Getpgid(p.pid)
		if group = err == nil && leader != unix.Getpgrp(); group {
			target = leader
		}
	}
	err := p.shared.Signal(target, sig, group)
	if err == syscall.ESRCH && n.launcher != 0 {
		return p.shared.Signal(n.launcher, sig, false)
	}
	return err
}
