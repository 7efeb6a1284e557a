package process

import (
	"fmt"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/timers"
)

// ReloadResult is how the last Reload ended.
type ReloadResult struct {
	Over    bool
	Gone    bool   // the child has ended, or is being stopped
	Problem string // why it failed; empty: it did not
}

// reloadingWithin is how long a child may take to report RELOADING=1 after it has been requested to reload.
const reloadingWithin = time.Second

// reload is a request to reload whose child may report when that is done: by RELOADING=1, and READY=1 after it.
type reload struct {
	timers.Slot
	notify *notify
	at     time.Time // until when RELOADING=1 is waited for; zero: it has come, or reload_command runs
	began  bool      // RELOADING=1 has come since
}

// Wake implements timers.Item.
func (r *reload) Wake() time.Time { return r.at }

// set sets the deadline, zero for none.
func (r *reload) set(at time.Time) {
	r.at = at
	r.notify.process.shared.Schedule(r)
}

// Tick implements timers.Item. A child that was reloading before the request is waited for, too.
func (r *reload) Tick(time.Time) {
	r.set(time.Time{})
	if r.began = r.notify.reloading; !r.began {
		r.notify.endReload(ReloadResult{})
	}
}

// Reload has the child read its configuration again: by reload_command, else by a signal. Problem is empty, or says why that
// cannot be done. Reloaded reports the end.
func (p *Process) Reload(now time.Time) (problem string) {
	_, ok := p.hookCommand(reloadCommand)
	if !ok {
		sig := syscall.SIGHUP
		if p.Config.Extra != nil {
			sig = p.Config.Extra.Reload.Signal
		}
		if problem = p.Signal(sig, now); problem == "" {
			p.awaitReady()
			p.reloadRequested(now)
		}
		return problem
	}
	if run := p.extra.hooks.last(reloadCommand); run != nil && !run.Over() {
		return "reload_command is still running"
	}
	p.awaitReady()
	p.runHook(reloadCommand, nil, now)
	return ""
}

// reloadCommandDone goes on with a reload after its command.
func (p *Process) reloadCommandDone(ok bool, text string, now time.Time) {
	if ok {
		p.reloadRequested(now)
	} else {
		p.endReload(ReloadResult{Problem: "reload_command failed: " + text})
	}
	p.wakeWaiters()
}

// awaitReady begins to wait for what a program with ready=notify reports about a reload.
func (p *Process) awaitReady() {
	if p.extra != nil {
		p.extra.hooks.reloaded = nil
	}
	n := p.notify()
	if n == nil || n.config.Ready.How != config.ReadyNotify {
		return
	}
	if n.reload == nil {
		n.reload = &reload{notify: n}
	}
	n.reload.began = false
	n.reload.set(time.Time{})
}

// reloadRequested notes that the signal has been sent, or the command has succeeded.
func (p *Process) reloadRequested(now time.Time) {
	n := p.notify()
	switch {
	case n == nil || n.reload == nil:
	case !n.reload.began:
		n.reload.set(now.Add(reloadingWithin))
	case !n.reloading:
		n.endReload(ReloadResult{})
	}
}

// endReload ends the wait for what the child reports.
func (p *Process) endReload(result ReloadResult) {
	p.extra.hooks.setReloaded(result)
	if n := p.notify(); n != nil && n.reload != nil {
		n.reload.set(time.Time{})
		n.reload = nil
	}
	p.wakeWaiters()
}

// reload is how the last request to reload has ended, but Over.
func (h *hooks) reload() ReloadResult {
	if h.reloaded == nil {
		return ReloadResult{}
	}
	return *h.reloaded
}

func (h *hooks) setReloaded(r ReloadResult) {
	h.reloaded = nil
	if r != (ReloadResult{}) {
		h.reloaded = &r
	}
}

// endReload is that of the process if a wait is going on.
func (n *notify) endReload(result ReloadResult) {
	if n.reload != nil {
		n.process.endReload(result)
	}
}

// setReloading notes whether the child reloads.
func (n *notify) setReloading(yes bool, now time.Time) {
	n.reloading = yes
	n.arm(now)
	switch r := n.reload; {
	case r == nil:
	case yes:
		r.began = true
		r.set(time.Time{})
	case r.began && !n.process.reloadCommandRuns():
		n.endReload(ReloadResult{})
	}
}

// reloadLate ends a reload that takes too long.
func (n *notify) reloadLate(now time.Time) {
	limit := seconds(n.config.Timeout)
	n.process.Log().Warnf("%s is not ready after reloading for %s seconds", n.process.Name(), limit)
	n.reloading = false
	n.arm(now)
	if n.reload != nil && n.reload.began {
		n.endReload(ReloadResult{Problem: fmt.Sprintf("not ready after %s seconds", limit)})
	}
	n.process.shared.Changed(n.process)
}

func (p *Process) reloadCommandRuns() bool {
	run := p.extra.hooks.last(reloadCommand)
	return run != nil && !run.Over() && !run.Stuck()
}

// Reloaded reports whether the last Reload is over, and how it ended.
func (p *Process) Reloaded() ReloadResult {
	if p.extra == nil {
		return ReloadResult{Over: true}
	}
	result := p.extra.hooks.reload()
	n := p.notify()
	result.Over = !p.reloadCommandRuns() && (n == nil || n.reload == nil)
	return result
}

// leftRunning ends the wait for a child that is on its way to its end.
func (n *notify) leftRunning() {
	if s := n.process.machine.State; s != api.Starting && s != api.Running {
		n.endReload(ReloadResult{Gone: true})
	}
}
