package process

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/signame"
	"github.com/gosupervisor/supervisor/internal/state"
)

// takeStep takes the present step of the stop plan.
func (p *Process) takeStep(now time.Time) {
	plan := p.rules.More.Stop
	i := int(p.machine.Step)
	step := plan[i]
	if i > 0 && plan[i-1].Kind == state.SignalStep {
		p.logNextStep(plan[i-1].Wait, step)
	}
	if step.Kind == state.SignalStep {
		p.kill(step.Signal, p.Config.Stop.AsGroup, now)
	}
}

// logNextStep logs that a signal has not ended the child within a time.
func (p *Process) logNextStep(within time.Duration, step state.Step) {
	what := "waiting for it without SIGKILL"
	if step.Kind == state.SignalStep {
		what = "going on with " + signame.Name(step.Signal)
	}
	p.shared.Log.Infof("%s did not stop within %v seconds, %s", p.Name(), within.Seconds(), what)
}
