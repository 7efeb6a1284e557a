package process

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/state"
)

// Recycle stops the process by its plan and starts it again, whatever autorestart says. It returns false, and does nothing,
// unless the process has been started and nothing stops it yet.
func (p *Process) Recycle(reason api.Reason, now time.Time) bool {
	if reason.Why == api.WhyFile && p.Recyclable(now) {
		p.stopForChange(now)
	}
	return p.recycle(state.Event{Kind: state.Recycle, Crash: reason.Why == api.WhyUnhealthy || reason.Why == api.WhyWatchdog}, reason, now)
}

// Lose is Recycle because what the process depends on is lost: then a start that has no child yet is ended, too.
func (p *Process) Lose(reason api.Reason, now time.Time) {
	p.recycle(state.Event{Kind: state.Recycle, Any: true}, reason, now)
}

// Restart is Recycle for a request: also a process that is stopping is started again.
func (p *Process) Restart(now time.Time) bool {
	p.watchFilesAgain()
	p.unqueueStart()
	return p.recycle(state.Event{Kind: state.Restart}, api.Reason{Why: api.WhyRequest}, now)
}

func (p *Process) recycle(e state.Event, reason api.Reason, now time.Time) bool {
	stopping := p.machine.State == api.Stopping
	if !p.handle(e, now) {
		return false
	}
	if p.StartComes() {
		p.past.requested = reason.Why == api.WhyRequest || reason.Why == api.WhyUpdate
	}
	if p.extra != nil && reason.Why != api.WhyRequest {
		if p.extra.recycled == nil {
			p.extra.recycled = map[api.Why]uint32{}
		}
		p.extra.recycled[reason.Why]++
	}
	if stopping { // the reason for which it stops remains
		p.shared.Changed(p)
		p.wakeWaiters()
	} else {
		p.because(reason)
	}
	if p.extra != nil {
		p.extra.asked = p.Gate().Shut && reason.Why == api.WhyRequest
	}
	return true
}

// Ask has the start that follows on a recycle not wait for dependencies, as after a request.
func (p *Process) Ask() {
	if p.extra != nil {
		p.extra.asked = p.Gate().Shut
	}
}

// Update has the process restarted when it is its turn, because it runs with other values than the configured ones.
func (p *Process) Update(now time.Time) {
	p.shared.Recycle(p, api.Reason{Why: api.WhyUpdate, Text: p.Stale()}, now)
}

// Recyclable reports whether Recycle does something now.
func (p *Process) Recyclable(now time.Time) bool {
	_, action := p.machine.Next(state.Event{Kind: state.Recycle}, now, p.currentRules())
	return action != state.Refuse
}

// StopFor is Stop for a reason of supervisord's own.
func (p *Process) StopFor(reason api.Reason, now time.Time) {
	if p.handle(state.Event{Kind: state.Stop}, now) && p.machine.State == api.Stopping {
		p.because(reason)
	}
}

// Kill kills the child, also one that is stopping, on request. A start that was to come, or waits for others, does not come. Kill returns
// false if there is neither; problem is as that of Stop.
func (p *Process) Kill(now time.Time) (problem string, ok bool) {
	p.unqueueStart()
	if g := p.Gate(); g.Held {
		p.SetGate(Gate{Shut: g.Shut})
		ok = true
	}
	if !p.handle(state.Event{Kind: state.KillRequest}, now) {
		return "", ok
	}
	if p.machine.State == api.Stopping {
		p.because(p.stopReason())
	}
	if p.machine.State == api.Unknown {
		return p.spawnErr, true
	}
	return "", true
}

// StartComes reports whether the process will be started without a request: after a stop that is part of a recycle, or after a
// pause. In STARTING and BACKOFF it is started already.
func (p *Process) StartComes() bool {
	switch p.machine.State {
	case api.Stopping:
		return p.machine.Again
	case api.Stopped, api.Exited:
		return !p.machine.Wake.IsZero()
	}
	return false
}

// Well reports whether the process runs, and is ready and healthy if its program can tell.
func (p *Process) Well() bool { return p.machine.State == api.Running && !p.Unready() && p.Healthy() }

// Begun is when the last start was tried, zero if none was.
func (p *Process) Begun() time.Time { return p.machine.Since }
