package process

import (
	"cmp"
	"fmt"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/output"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/signame"
	"github.com/gosupervisor/supervisor/internal/state"
)

// Reaped takes the exit of the child. What the child wrote last is read first, so that it precedes the change of state: if
// nothing is left to read the exit is finished at once, else another goroutine reads it and reports through Shared.Drained.
func (p *Process) Reaped(e child.Exit, now time.Time) {
	if n := p.notify(); n != nil && n.passesOn(now) {
		p.LauncherEnded(e, now)
		return
	}
	if !p.lingers(e, now) {
		p.childEnded(e, now)
	}
}

// childEnded is Reaped when nothing of the run has to be stopped any more.
func (p *Process) childEnded(e child.Exit, now time.Time) {
	p.reaped, p.ended = &e, now
	p.endChecks(now)
	if p.out.finishNow() && p.err.finishNow() {
		p.FinishExit(now)
		return
	}
	p.shared.Changed(p)
	go func() {
		p.out.finish()
		p.err.finish()
		p.shared.Drained(p)
	}()
}

// FinishExit completes the exit of the child: it was reaped and its output read. The exit counts from the moment it was
// reaped.
func (p *Process) FinishExit(now time.Time) {
	exit, ended := *p.reaped, p.ended
	p.last, p.stop = exit.Status, ended.Unix()
	code, _ := decode(exit)
	reason := pyrepr.Escape(exit.Reason, pyrepr.EndsLine)
	if reason != "" {
		p.marked(output.Event{Name: markSpawnErr, PID: p.pid}).Warnf("spawnerr: %s: %s", p.Name(), reason)
	}
	if n := p.notify(); n != nil {
		n.finish(ended, now)
	}
	p.reaped = nil
	p.disconnect()
	start := p.machine
	took := p.apply(state.Event{Kind: state.Exit, Code: code}, ended, now)
	pid := p.pid
	p.pid = 0
	p.countExit(code)
	p.cgroup().noteOOM(p.rules.Expected(code))
	if took {
		p.recordExit(pid, exit, reason, start)
		if p.machine.State == api.Exited {
			p.checkExitOn(p.rules.Expected(code))
		}
	}
	if l := p.role.Listener; took && l != nil {
		l.Exited()
	}
	if h := p.role.Handler; took && h != nil {
		h.Exited(ended)
	}
	p.releaseSockets()
	if took {
		p.runEnded(&exit, now)
	}
	p.leaveCgroup(now)
	p.settle(now)
}

// recordExit keeps what clients see of an exit after which the process is in the state it is in now, and logs it. Reason is why
// the command was not executed, empty if it was; start is what the machine was before.
func (p *Process) recordExit(pid int, exit child.Exit, reason string, start state.Machine) {
	code, how := decode(exit)
	expected := p.rules.Expected(code)
	p.exitStatus = code
	p.extra.ended(code)
	switch p.machine.State {
	case api.Backoff:
		p.exitStatus = 0
		p.spawnErr = p.notReady(start)
		if p.spawnErr == "" {
			p.spawnErr = fmt.Sprintf("Exited too quickly (%s)", cmp.Or(reason, "process log may have details"))
		}
	case api.Exited:
		p.spawnErr = ""
		if !expected {
			p.spawnErr = fmt.Sprintf("Bad exit code %d", code)
			if reason != "" {
				p.spawnErr += fmt.Sprintf(" (%s)", reason)
			}
		}
	}
	p.logExit(p.machine.State, how, pid, exit)
	p.logOOM()
}

func (p *Process) logExit(to api.State, how string, pid int, exit child.Exit) {
	code, _ := decode(exit)
	expected, mark := p.rules.Expected(code), markExited
	if to == api.Stopped {
		mark = markStopped
	}
	log := p.marked(exitMark(mark, pid, exit, expected))
	switch {
	case to == api.Stopped && expected:
		log.Infof("stopped: %s (%s)", p.Name(), how)
	case to == api.Stopped:
		log.Warnf("stopped: %s (%s)", p.Name(), how)
	case to == api.Exited && expected:
		log.Infof("exited: %s (%s; expected)", p.Name(), how)
	default:
		log.Warnf("exited: %s (%s; not expected)", p.Name(), how)
	}
}

// LastExit is how the last child ended, in words; empty if none has.
func (p *Process) LastExit() string {
	if p.stop == 0 {
		return ""
	}
	return ExitText(child.Exit{Status: p.last})
}

// decode returns the exit code, -1 for a signal, and how the child ended, in words.
func decode(e child.Exit) (code int, how string) {
	switch s := e.Status; {
	case s.Exited():
		return s.ExitStatus(), fmt.Sprintf("exit status %d", s.ExitStatus())
	case s.Signaled():
		how = "terminated by " + signame.Name(s.Signal())
		if s.CoreDump() {
			how += " (core dumped)"
		}
		return -1, how
	default:
		return -1, fmt.Sprintf("unknown termination cause 0x%04x", uint32(s))
	}
}

// ExitText is how a child ended, in words, for a child that no process owns.
func ExitText(e child.Exit) string { _, how := decode(e); return how }
