package process

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/check"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/state"
)

// monitor is what checks the process, nil if nothing does.
func (p *Process) monitor() *check.Monitor {
	if p.extra == nil {
		return nil
	}
	return p.extra.checks
}

// watchHealth begins and ends checks as the state changes. A child that is being started has its readiness checked, one that is
// RUNNING its liveness, too.
func (p *Process) watchHealth(now time.Time) {
	m := p.monitor()
	switch {
	case m == nil:
	case p.pid == 0 || p.reaped != nil:
		p.endChecks(now)
	case p.machine.State == api.Starting && p.machine.Phase == state.Up:
		m.Start(check.Readiness, now)
		if p.readyByCheck() {
			m.Hurry(check.Readiness, time.Second)
		}
	case p.machine.State == api.Running:
		m.Start(check.Readiness, now)
		m.Calm(check.Readiness)
		m.Start(check.Liveness, now)
	default:
		p.endChecks(now)
	}
}

// endChecks ends all checks.
func (p *Process) endChecks(now time.Time) {
	if m := p.monitor(); m != nil {
		p.extra.health = check.Unknown
		m.Stop(now)
		p.noteHealth(now)
	}
}

// readyByCheck is true if the program is ready when its readiness check succeeds.
func (p *Process) readyByCheck() bool {
	n := p.notify()
	return n != nil && n.config.Ready.How == config.ReadyCheck
}

// Healthy reports whether the checks and the watchdog of the process say that it is healthy. Without them it is.
func (p *Process) Healthy() bool { return !p.Checked() || p.combinedHealth() == check.Healthy }

// Checked reports whether the process has checks or a watchdog.
func (p *Process) Checked() bool {
	n := p.notify()
	return p.monitor() != nil || n != nil && n.config.Watchdog > 0
}

// combinedHealth is what the checks and the watchdog say: unhealthy if one does.
func (p *Process) combinedHealth() (health check.Health) {
	if m := p.monitor(); m != nil {
		health, _, _ = m.Health()
	}
	if n := p.notify(); n != nil {
		health = health.With(n.health)
	}
	return health
}

// noteHealth notes when the health of the process changes.
func (p *Process) noteHealth(now time.Time) {
	if health := p.combinedHealth(); health != p.extra.overall {
		p.extra.overall, p.extra.since = health, now.Unix()
	}
}

// failsReadiness reports whether the process has a readiness check that did not succeed last.
func (p *Process) failsReadiness() bool {
	m := p.monitor()
	return m.Has(check.Readiness) && m.Verdict(check.Readiness) != check.Healthy
}

// RunChecks runs each check of the process once, now, and calls done in the loop, with the results in order.
func (p *Process) RunChecks(done func([]check.Result), now time.Time) {
	if m := p.monitor(); m != nil {
		m.RunAll(done, now)
		return
	}
	done(nil)
}

// checked is a process as its Monitor sees it.
type checked Process

// Owner implements check.Process.
func (c *checked) Owner() int { return (*Process)(c).uid() }

// Run implements check.Process.
func (c *checked) Run(k check.Kind, command config.HelperCommand, limit time.Duration, done func(helper.Result, time.Time),
	now time.Time) *helper.Run {
	return (*Process)(c).Help(checkSpec(k, command, limit, done), now)
}

// checkSpec is how the command of a check is run.
func checkSpec(k check.Kind, command config.HelperCommand, limit time.Duration, done func(helper.Result, time.Time)) helper.Spec {
	name := k.String() + "_check"
	return helper.Spec{Hook: name, Label: name, Command: command, Timeout: limit, Check: true, Done: done}
}

// Checked implements check.Process.
func (c *checked) Checked(r check.Result) {
	p := (*Process)(c)
	if r.OK() {
		p.Log().Debugf("%s: %s check succeeded in %d ms", p.Name(), r.Kind, r.Took.Milliseconds())
		return
	}
	p.Log().Debugf("%s: %s check failed: %s", p.Name(), r.Kind, r.Text)
	if health, kind, text := p.monitor().Health(); health == check.Unhealthy && kind == r.Kind && text != r.Text {
		p.shared.Changed(p) // clients see the last failure
	}
}

// Changed implements check.Process.
func (c *checked) Changed(k check.Kind, verdict check.Health, r check.Result, count int, again bool, now time.Time) {
	p := (*Process)(c)
	keys := p.checkKeys(k)
	switch {
	case verdict == check.Unhealthy:
		p.Log().Warnf("%s check of %s failed %d times: %s", k, p.Name(), count, r.Text)
	case again:
		p.Log().Infof("%s check of %s succeeds again", k, p.Name())
	}
	p.publishHealth(k, r.Text, now)
	if k == check.Readiness && verdict == check.Healthy && p.readyByCheck() {
		p.notify().becomeReady(now, now)
	}
	switch {
	case verdict == check.Unhealthy:
		p.act(k, keys.FailureAction, r.Text, now)
	case again:
		p.act(k, keys.SuccessAction, "", now)
	}
}

// checkKeys are the keys of a check.
func (p *Process) checkKeys(k check.Kind) *config.HealthCheck {
	if k == check.Readiness {
		return p.Config.Extra.Checks.Readiness
	}
	return p.Config.Extra.Checks.Liveness
}

// publishHealth emits the event about the health of the process, if that has changed, and notifies what waits for it.
func (p *Process) publishHealth(k check.Kind, text string, now time.Time) {
	p.noteHealth(now)
	if health, _, _ := p.extra.checks.Health(); health != p.extra.health {
		p.extra.health = health
		p.recordHealth(health, k.String()+": "+text, now)
		if e := &p.shared.Events; e.Wants(api.ProcessHealthUp) || e.Wants(api.ProcessHealthDown) {
			e.Emit(events.Health(p.Name(), p.Group, k.String(), p.pid, health == check.Healthy, text))
		}
	}
	p.shared.Changed(p)
	p.wakeWaiters()
}

// act does what a section wants to follow from a verdict.
func (p *Process) act(k check.Kind, a config.CheckAction, text string, now time.Time) {
	end := "_failure"
	if text == "" {
		end = "_success"
	}
	p.take(a, api.Reason{Why: api.WhyUnhealthy, Text: text}, helper.Spec{Hook: k.String() + end, Label: k.String() + "_check" + end + "_action",
		Env: []string{"SUPERVISOR_HEALTH_TEXT=" + text}}, now)
}

// take takes an action for a reason of supervisord's own. A command is run as the spec says.
func (p *Process) take(a config.CheckAction, reason api.Reason, command helper.Spec, now time.Time) {
	switch a.Kind {
	case config.ActionRestart:
		p.shared.Recycle(p, reason, now)
	case config.ActionStop:
		p.shared.StopFor(p, reason, now)
	case config.ActionSignal:
		p.Signal(a.Signal, now)
	case config.ActionExit:
		status := p.Config.Extra.ExitOn.Code
		if status == config.ExitAuto {
			status = 1
		}
		p.endDaemon("is "+reason.String(), status)
	case config.ActionCommand:
		command.Command, command.Timeout = a.Command, p.Config.Extra.Hooks.Timeout
		p.Help(command, now)
	}
}

// moreHealth adds what clients see of the health of the process.
func (p *Process) moreHealth(more *api.ProcessMore) {
	m := p.monitor()
	if m == nil {
		return
	}
	if m.Has(check.Readiness) {
		more.Ready = new(p.machine.State == api.Running && !p.Unready())
	}
	if !m.Running() {
		return
	}
	more.Health = p.combinedHealth().String()
	if health, kind, text := m.Health(); health == check.Unhealthy {
		more.HealthText, more.HealthCheck = text, kind.String()
	}
}
