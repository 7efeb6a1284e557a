package process

import (
	"strings"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/signame"
	"github.com/gosupervisor/supervisor/internal/state"
)

// stopPlan is the stop plan of a program, nil if it has none of the keys for one.
func stopPlan(c *config.Process) (plan []state.Step) {
	return planOf(c, c.Extra.StopPlan.Sequence, c.Extra.StopPlan.Command)
}

// planOf is the stop plan of a program with a sequence of signals and a command before them.
func planOf(c *config.Process, sequence config.StopSequence, command config.HelperCommand) (plan []state.Step) {
	wait := max(time.Duration(c.Stop.WaitSecs)*time.Second, 0)
	x := c.Extra
	if x.Hooks.PreStop.Line != "" {
		plan = append(plan, state.Step{Kind: state.HookStep, Wait: x.Hooks.Timeout})
	}
	if command.Line != "" {
		plan = append(plan, state.Step{Kind: state.CommandStep, Wait: x.Hooks.Timeout, Settle: wait})
	}
	if plan == nil && sequence.Signals == nil {
		return nil
	}
	if sequence.Signals == nil {
		sequence.Signals = []config.StopSignal{{Signal: c.Stop.Signal, Wait: -1}}
	}
	for i, s := range sequence.Signals {
		if s.Wait < 0 {
			s.Wait = wait
		}
		if i > 0 && s.Signal == syscall.SIGKILL {
			break // it follows anyway
		}
		plan = append(plan, state.Step{Signal: s.Signal, Wait: s.Wait})
	}
	if sequence.Endless {
		plan = append(plan, state.Step{Kind: state.WaitStep, Wait: -1})
	}
	return plan
}

// takeStep takes the present step of the stop plan.
func (p *Process) takeStep(now time.Time) {
	plan := p.currentRules().More.Stop
	i := int(p.machine.Step)
	step := plan[i]
	if i > 0 && plan[i-1].Kind == state.SignalStep {
		p.logNextStep(plan[i-1].Wait, step)
	}
	switch step.Kind {
	case state.HookStep:
		p.runHook(preStop, nil, now)
	case state.CommandStep:
		p.runHook(stopCommand, nil, now)
	case state.SignalStep:
		p.kill(step.Signal, p.Config.Stop.AsGroup || step.Signal == syscall.SIGKILL && p.Config.Stop.KillAsGroup, now)
	}
}

// logNextStep logs that a signal has not ended the child within a time.
func (p *Process) logNextStep(within time.Duration, step state.Step) {
	what := "waiting for it without SIGKILL"
	if step.Kind == state.SignalStep {
		what = "going on with " + signame.Name(step.Signal)
	}
	p.Log().Infof("%s did not stop within %s, %s", p.Name(), helper.Seconds(within), what)
}

// lastStep sends SIGKILL. Repeated says that it is not the first one.
func (p *Process) lastStep(repeated bool, now time.Time) {
	if more := p.rules.More; repeated && more != nil && more.KillWait > 0 {
		p.Log().Warnf("%s (%d) is still there %s after SIGKILL", p.Name(), p.pid, helper.Seconds(more.KillWait))
	}
	p.Log().Warnf("killing '%s' (%d) with SIGKILL", p.Name(), p.pid)
	p.kill(syscall.SIGKILL, p.Config.Stop.KillAsGroup, now)
}

// stopStep is the present step of a stop plan of more than two steps, in words; empty if there is none.
func (p *Process) stopStep() string {
	more := p.currentRules().More
	if p.machine.State != api.Stopping || more == nil || len(more.Stop) < 2 || p.machine.Phase != state.Up {
		return ""
	}
	if int(p.machine.Step) >= len(more.Stop) {
		return "signal KILL"
	}
	switch step := more.Stop[p.machine.Step]; step.Kind {
	case state.HookStep:
		return hookKeys[preStop].name
	case state.CommandStep:
		return hookKeys[stopCommand].name
	case state.WaitStep:
		return "wait"
	default:
		return "signal " + strings.TrimPrefix(signame.Name(step.Signal), "SIG")
	}
}
