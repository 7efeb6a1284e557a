package process

import (
	"fmt"
	"strconv"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/state"
)

// Unready reports whether the program says when it is ready, or a readiness check finds it out, and it is not.
func (p *Process) Unready() bool {
	n := p.notify()
	return n != nil && !n.ready && p.needsReady() || p.failsReadiness()
}

// currentRules are the rules for the next event.
func (p *Process) currentRules() state.Rules {
	rules := p.rules
	rules.ShuttingDown, rules.Prepare = p.shared.ShuttingDown, p.prepares()
	if f := p.files(); f != nil && f.plan != nil {
		rules.More = f.plan
	}
	if n := p.notify(); n != nil && n.expired {
		more := *rules.More
		more.Stop = nil // there are watchdog_signal and SIGKILL
		rules.More = &more
	}
	return rules
}

// needsReady is true if the program is RUNNING no earlier than it is ready.
func (p *Process) needsReady() bool { return p.rules.More != nil && p.rules.More.NeedsReady }

// succeeded logs that a start has succeeded.
func (p *Process) succeeded() {
	if p.needsReady() {
		p.Log().Infof("success: %s entered RUNNING state, process is ready (%s)", p.Name(), p.Config.Extra.Notify.Ready.How)
		return
	}
	p.Log().Infof("success: %s entered RUNNING state, process has stayed up for > than %d seconds (startsecs)",
		p.Name(), p.Config.Start.Secs)
}

// late logs that the child is not ready in time.
func (p *Process) late() {
	p.LogRecycle().Warnf("%s is not ready after %s seconds, killing it", p.Name(), seconds(p.rules.More.ReadyTimeout))
	p.because(api.Reason{Why: api.WhyNotReady})
}

// notReady is the spawn error after a start that ended because the child was not ready, empty if that is not the reason. Start
// is what the machine was before the end.
func (p *Process) notReady(start state.Machine) string {
	switch {
	case start.Phase == state.Late:
		return fmt.Sprintf("Not ready after %s seconds", seconds(p.rules.More.ReadyTimeout))
	case p.needsReady() && !start.Ready && p.ended.Sub(start.Since) >= p.rules.StartSecs:
		return "Exited before it was ready"
	}
	return ""
}

// seconds is a duration as messages show it.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }
