package process

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/state"
)

// Gate is what holds back a process. The loop sets it, for dependencies and the order of a stop.
type Gate struct {
	Held      bool      // a start that was asked for, or the first automatic one, waits; any change of state ends that
	Shut      bool      // it is not started again by itself
	WaitsFor  string    // what it waits for, as clients see it; empty: nothing
	NextStart time.Time // when it will be started; zero: not known
	Stops     bool      // it runs, and waits for others before it is stopped
	Again     bool      // with Stops: it is started again afterwards
	Kept      bool      // a request to start it has taken back that it stops
}

// Gate returns what holds the process back.
func (p *Process) Gate() Gate {
	if p.extra == nil || p.extra.gate == nil {
		return Gate{}
	}
	return *p.extra.gate
}

// SetGate changes what holds the process back.
func (p *Process) SetGate(g Gate) {
	if p.Gate() == g {
		return
	}
	if p.extra == nil {
		p.extra = &extra{}
	}
	p.extra.asked = p.extra.asked && (p.Gate().Shut || !g.Shut)
	p.extra.setGate(g)
	p.shared.Changed(p)
	p.wakeWaiters()
}

func (x *extra) setGate(g Gate) {
	x.gate = nil
	if g != (Gate{}) {
		x.gate = &g
	}
}

// HeldBack reports whether the process is not started again by itself.
func (p *Process) HeldBack() bool { return p.extra != nil && p.Gate().Shut && !p.extra.asked }

// Disabled reports whether an operator wants the process not to be started without a request.
func (p *Process) Disabled() bool { return p.extra != nil && p.extra.disabled }

// SetDisabled changes whether the process is disabled.
func (p *Process) SetDisabled(disabled bool) {
	if p.Disabled() == disabled {
		return
	}
	if p.extra == nil {
		p.extra = &extra{}
	}
	p.extra.disabled = disabled
	p.watchFilesAgain()
	p.shared.Changed(p)
}

// HoldStart has a start that was asked for wait. As with every start, there is no spawn error from then on.
func (p *Process) HoldStart(waitsFor string) {
	p.spawnErr = ""
	p.SetGate(Gate{Held: true, Shut: p.Gate().Shut, WaitsFor: waitsFor})
}

// Keep has a process go on that was to be stopped when others have stopped. It returns false if it was not, or is started again
// anyway.
func (p *Process) Keep() bool {
	g := p.Gate()
	if !g.Stops || g.Again {
		return false
	}
	p.Log().Infof("%s is not stopped: a request starts it", p.Name())
	p.SetGate(Gate{Shut: g.Shut, Kept: true})
	return true
}

// HoldRestart has the start of a restart that was asked for wait until ReleaseRestart.
func (p *Process) HoldRestart() {
	g := p.Gate()
	g.Shut = true
	p.SetGate(g)
	p.extra.asked = false
	p.shared.Changed(p)
}

// ReleaseRestart ends HoldRestart. Shut: it is still not started without a request.
func (p *Process) ReleaseRestart(shut bool) {
	g := p.Gate()
	g.Shut, p.extra.asked = shut, shut
	p.SetGate(g)
	p.shared.Changed(p)
}

// Refuse ends the wait for a start with a spawn error.
func (p *Process) Refuse(problem string) {
	p.spawnErr = problem
	g := p.Gate()
	g.Held, g.WaitsFor = false, ""
	p.SetGate(g)
	p.wakeWaiters()
}

// GiveUp makes it FATAL, because a start that was to come will not.
func (p *Process) GiveUp(problem string, now time.Time) {
	p.spawnErr = problem
	p.handle(state.Event{Kind: state.GiveUp}, now)
}

// Expected reports whether its last child ended as expected.
func (p *Process) Expected() bool {
	code := -1
	if p.last.Exited() {
		code = p.last.ExitStatus()
	}
	return p.stop != 0 && p.rules.Expected(code)
}

// Awaited reports whether there is no child, and a request to stop has a start to prevent.
func (p *Process) Awaited() bool {
	s := p.machine.State
	return p.Gate().Held || p.StartComes() && (s == api.Stopped || s == api.Exited && p.rules.More != nil)
}

// CancelStart drops a start that is to come without a request.
func (p *Process) CancelStart(now time.Time) { p.handle(state.Event{Kind: state.Cancel}, now) }
