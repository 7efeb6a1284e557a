package process

import (
	"fmt"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/check"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/sdnotify"
	"github.com/gosupervisor/supervisor/internal/timers"
)

// watch is the deadline of what a running child must report: WATCHDOG=1, or READY=1 while it reloads.
type watch struct {
	timers.Slot
	notify   *notify
	at       time.Time     // zero: none
	since    time.Time     // when it was set
	interval time.Duration // between two WATCHDOG=1; 0: any
}

// watched returns the watch, which is made if there is none.
func (n *notify) watched() *watch {
	if n.watch == nil {
		n.watch = &watch{notify: n}
	}
	return n.watch
}

// interval is the longest time between two WATCHDOG=1, 0 for any.
func (n *notify) interval() time.Duration {
	if n.watch == nil {
		return 0
	}
	return n.watch.interval
}

func (n *notify) setInterval(d time.Duration) {
	if d != n.interval() {
		n.watched().interval = d
	}
}

// Wake implements timers.Item.
func (w *watch) Wake() time.Time { return w.at }

// set sets the deadline, zero for none.
func (n *notify) set(at time.Time) {
	if at.IsZero() && (n.watch == nil || n.watch.at.IsZero()) {
		return
	}
	n.watched().at = at
	n.process.shared.Schedule(n.watch)
}

// Tick implements timers.Item.
func (w *watch) Tick(now time.Time) {
	n, p := w.notify, w.notify.process
	switch {
	case p.machine.State != api.Running || p.reaped != nil:
		n.set(time.Time{})
	case n.reloading:
		n.reloadLate(now)
	default:
		last := n.queue.Alive()
		if last.Before(w.since) {
			last = w.since
		}
		if at := last.Add(w.interval); at.After(now) {
			n.set(at)
			return
		}
		n.expire(fmt.Sprintf("sent no WATCHDOG=1 for %s seconds", seconds(w.interval)), now)
	}
}

// arm sets the deadline anew: there is one while the process is RUNNING.
func (n *notify) arm(now time.Time) {
	wait := n.interval()
	if n.reloading {
		wait = n.config.Timeout
	}
	if n.queue != nil && !n.queue.Alive().IsZero() {
		n.works(true, "", now)
	}
	if n.process.machine.State != api.Running || wait <= 0 {
		n.set(time.Time{})
		return
	}
	n.watched().since = now
	n.set(now.Add(wait))
}

// watchdog handles what concerns the watchdog in a message.
func (n *notify) watchdog(m sdnotify.Message, now time.Time) {
	if n.config.Watchdog <= 0 {
		return
	}
	if m.Interval > 0 {
		n.setInterval(m.Interval)
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
	p.Log().Warnf("%s %s", p.Name(), problem)
	n.works(false, problem, now)
	n.expired = true
	p.shared.Recycle(p, api.Reason{Why: api.WhyWatchdog}, now)
}

// works notes whether a RUNNING program reports that it works, and emits the event if that is new.
func (n *notify) works(yes bool, problem string, now time.Time) {
	p := n.process
	health := check.Unhealthy
	if yes {
		health = check.Healthy
	}
	if n.config.Watchdog <= 0 || p.machine.State != api.Running || n.health == health || n.expired {
		return
	}
	n.health = health
	p.noteHealth(now)
	p.recordHealth(health, "watchdog: "+problem, now)
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
