package process

import (
	"fmt"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/signame"
	"github.com/gosupervisor/supervisor/internal/state"
)

// Reaped takes the end of the child. What the child wrote last is taken first, so that it precedes the change of state: if
// none is left that happens at once, else another goroutine takes it and reports through Host.Drained.
func (p *Process) Reaped(e child.Exit, now time.Time) {
	p.reaped, p.ended = &e, now
	if p.out.finishNow() && p.err.finishNow() {
		p.Gone()
		return
	}
	p.host.Changed(p)
	go func() {
		p.out.finish()
		p.err.finish()
		p.host.Drained(p)
	}()
}

// Gone completes the end of the child: it was reaped and its output taken.
func (p *Process) Gone() {
	exit, now := *p.reaped, p.ended
	p.last, p.stop = exit.Status, now.Unix()
	code, how := decode(exit)
	from := p.machine.State
	p.reaped = nil
	p.disconnect()
	next, action := p.machine.Next(state.Event{Kind: state.Exit, Code: code}, now, p.rules)
	if action == state.Refuse {
		p.pid = 0
		p.releaseSocket()
		return
	}
	expected := p.rules.Expected(code)
	p.exitStatus = code
	switch next.State {
	case api.Backoff:
		p.exitStatus = 0
		p.spawnErr = "Exited too quickly (process log may have details)"
	case api.Exited:
		p.spawnErr = ""
		if !expected {
			p.spawnErr = fmt.Sprintf("Bad exit code %d", code)
		}
	}
	if from == api.Starting && next.State == api.Exited { // it was up long enough, only nobody had looked
		between := p.machine
		between.State = api.Running
		p.move(between, false)
	}
	p.move(next, expected)
	p.pid = 0
	p.logExit(next.State, how, expected)
	if p.listener != nil {
		p.listener.Exited()
	}
	if p.judge != nil {
		p.judge.Exited(now)
	}
	p.releaseSocket()
	if next.State == api.Backoff && !next.Wake.After(now) {
		p.Tick(now)
	}
}

func (p *Process) logExit(to api.State, how string, expected bool) {
	log := p.host.Log
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

// LastExit tells how the last child ended; it is empty if none has.
func (p *Process) LastExit() string {
	if p.stop == 0 {
		return ""
	}
	return ExitText(child.Exit{Status: p.last})
}

// decode tells the exit code, -1 for a signal, and how the child ended, in words.
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

// ExitText tells how a child ended, for children that are nobody's.
func ExitText(e child.Exit) string { _, how := decode(e); return how }
