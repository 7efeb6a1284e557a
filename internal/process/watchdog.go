package process

import (
	"fmt"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/sdnotify"
	"github.com/gosupervisor/supervisor/internal/timers"
)

// The values of the member health.
const (
	healthy   = "healthy"
	unhealthy = "unhealthy"
	unknown   = "unknown"
)

// watch is the deadline of what a running child must report: WATCHDOG=1, or READY=1 while it reloads.
type watch struct {
	timers.Slot
	at       time.Time // zero: none
	since    time.Time // when it was set
	interval time.Duration
}

// Wake implements timers.Item.
func (n *notify) Wake() time.Time { return n.at }

// set sets the deadline, zero for none.
func (n *notify) set(at time.Time) {
	if at.IsZero() && n.at.IsZero() {
		return
	}
	n.at = at
	n.process.shared.Schedule(n)
}

// Tick implements timers.Item.
func (n *notify) Tick(now time.Time) {
	p := n.process
	switch {
	case p.machine.State != api.Running || p.reaped != nil:
		n.set(time.Time{})
	case n.reloading:
		n.reloadLate(now)
	default:
		last := n.queue.Alive()
		if last.Before(n.since) {
			last = n.since
		}
		if at := last.Add(n.interval); at.After(now) {
			n.set(at)
			return
		}
		n.expire(fmt.Sprintf("sent no WATCHDOG=1 for %s seconds", seconds(n.interval)), now)
	}
}

// arm sets the deadline anew: there is one while the process is RUNNING.
func (n *notify) arm(now time.Time) {
	wait := n.interval
	if n.reloading {
		wait = n.config.Timeout
	}
	n.since = now
	if n.queue != nil && !n.queue.Alive().IsZero() {
		n.works(true, "", now)
	}
	if n.process.machine.State != api.Running || wait <= 0 {
		n.set(time.Time{})
		return
	}
	n.set(now.Add(wait))
}

// watchdog handles what concerns the watchdog in a message.
func (n *notify) watchdog(m sdnotify.Message, now time.Time) {
	if n.config.Watchdog <= 0 {
		return
	}
	if m.Interval > 0 {
		n.interval = m.Interval
		n.arm(now)
	}
	if m.Watchdog == sdnotify.Alive {
		n.works(true, "", now)
	}
	if m.Watchdog == sdnotify.Trigger && n.process.machine.State == api.Running && !n.reloading {
		n.expire("sent WATCHDOG=trigger", now)
	}
}

// expire restarts the child, which does not report that it works.
func (n *notify) expire(problem string, now time.Time) {
	p := n.process
	n.set(time.Time{})
	p.shared.Log.Warnf("%s %s", p.Name(), problem)
	n.works(false, problem, now)
	n.expired = true
	p.shared.Recycle(p, api.Reason{Why: api.WhyWatchdog}, now)
}

// works notes whether a RUNNING program reports that it works, and emits the event if that is new.
func (n *notify) works(yes bool, problem string, now time.Time) {
	p := n.process
	health := unhealthy
	if yes {
		health = healthy
	}
	if n.config.Watchdog <= 0 || p.machine.State != api.Running || n.health == health || n.expired {
		return
	}
	n.health = health
	p.noteHealth(now)
	if e := &p.shared.Events; e.Wants(api.ProcessHealthUp) || e.Wants(api.ProcessHealthDown) {
		e.Emit(events.Health(p.Name(), p.Group, "watchdog", p.pid, yes, problem))
	}
	p.shared.Changed(p)
}

// stopSignal is the first signal of a stop without a plan.
func (p *Process) stopSignal() syscall.Signal {
	if n := p.notify(); n != nil && n.expired {
		return n.config.WatchdogSignal
	}
	return p.Config.Stop.Signal
}
