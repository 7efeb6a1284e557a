package process

import (
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/signame"
	"github.com/gosupervisor/supervisor/internal/state"
)

// plan is by which signals what is left in the cgroup is stopped: those of the stop plan. SIGKILL follows.
func (c *cgrouped) plan() (plan []state.Step) {
	if more := c.process.rules.More; more != nil {
		for _, s := range more.Stop {
			if s.Kind == state.SignalStep || s.Kind == state.WaitStep {
				plan = append(plan, s)
			}
		}
	}
	if plan == nil {
		plan = []state.Step{{Signal: c.process.Config.Stop.Signal, Wait: c.process.rules.StopWait}}
	}
	return plan
}

// killInterval is the least time between two SIGKILL.
const killInterval = time.Second

// take takes the present step of the plan.
func (c *cgrouped) take(now time.Time) {
	p, plan := c.process, c.plan()
	if c.step >= len(plan) {
		p.Log().Warnf("killing what %s left in its cgroup with SIGKILL", p.Name())
		c.schedule(now.Add(max(p.rules.StopWait, killInterval)))
		_ = c.group.Signal(syscall.SIGKILL) // what has just ended needs none
		return
	}
	wake := time.Time{}
	if wait := plan[c.step].Wait; wait >= 0 {
		wake = now.Add(wait)
	}
	c.schedule(wake)
	if step := plan[c.step]; step.Kind == state.SignalStep {
		p.Log().Infof("stopping what %s left in its cgroup with %s", p.Name(), signame.Name(step.Signal))
		_ = c.group.Signal(step.Signal)
	}
}

func (c *cgrouped) schedule(at time.Time) {
	c.wake = at
	c.process.shared.Schedule(c)
}

// Wake implements timers.Item.
func (c *cgrouped) Wake() time.Time { return c.wake }

// Tick implements timers.Item.
func (c *cgrouped) Tick(now time.Time) {
	if !c.stops {
		c.schedule(time.Time{})
		return
	}
	c.step = min(c.step+1, len(c.plan()))
	c.take(now)
}

// kill leaves out what is left of the plan.
func (c *cgrouped) kill(now time.Time) {
	if c != nil && c.stops {
		c.step = len(c.plan())
		c.take(now)
	}
}

// beingStopped reports whether the child is being stopped by the plan of the process.
func (p *Process) beingStopped() bool {
	m := p.machine
	return m.State == api.Stopping && m.Phase == state.Up || m.State == api.Starting && m.Phase == state.Late
}
