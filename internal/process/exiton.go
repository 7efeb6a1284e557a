package process

import (
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/state"
)

// exitOnFatal is checkExitOn after an event that made the process FATAL. A stop during BACKOFF is none.
func (p *Process) exitOnFatal(e state.Kind) {
	if p.extra != nil && (e == state.Tick || e == state.GiveUp) {
		p.extra.noChild = p.extra.noChild || e == state.GiveUp
		p.checkExitOn(false)
	}
}

// endsDaemon reports whether supervisord is to end when the process is in the state it is in now. Expected counts for EXITED.
func (p *Process) endsDaemon(expected bool) bool {
	if p.Config.Extra == nil {
		return false
	}
	s := p.machine.State
	switch p.Config.Extra.ExitOn.When {
	case config.ExitFatal:
		return s == api.Fatal
	case config.ExitUnexpected:
		return s == api.Fatal || s == api.Exited && !expected
	case config.ExitAny:
		return s == api.Fatal || s == api.Exited
	}
	return false
}

// checkExitOn has supervisord end if the state of the process is one with which it does.
func (p *Process) checkExitOn(expected bool) {
	if p.endsDaemon(expected) {
		s := p.machine.State
		p.endDaemon("is "+s.String()+" and exit_on="+p.Config.Extra.ExitOn.When, p.daemonStatus(s))
	}
}

// endDaemon has supervisord end with a status because of this process, unless it ends already.
func (p *Process) endDaemon(why string, status int) {
	if p.shared.EndWith != nil && p.shared.EndWith(status) {
		p.Log().Warnf("%s %s: shutting down with status %d", p.Name(), why, status)
	}
}

// daemonStatus is the exit status of supervisord when it ends with the process: that of the last child, 128 more than the number of
// the signal that ended it, or 1 if a process that is FATAL ended with 0, had no child, or was ended by supervisord itself: what
// it did then is no result of the program, and a status such as 137 has another meaning for a container manager.
func (p *Process) daemonStatus(s api.State) int {
	status := 0
	switch {
	case p.Config.Extra.ExitOn.Code != config.ExitAuto:
		return p.Config.Extra.ExitOn.Code
	case p.stop == 0 || p.extra.noChild || s == api.Fatal && p.extra.reasons().reason.ByDaemon():
	case p.last.Signaled():
		status = 128 + int(p.last.Signal())
	case p.last.Exited():
		status = p.last.ExitStatus()
	}
	if status == 0 && s == api.Fatal {
		return 1
	}
	return status
}
