package process

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/schedule"
	"github.com/gosupervisor/supervisor/internal/state"
)

// timing is what a process with cron or restart_cron has beyond others.
type timing struct {
	start, restart *schedule.Timetable // nil: there is no such key
	queued         bool                // a start that came before the process had ended follows at its end
}

// newTiming returns the timing of a process, nil if its program has no schedule.
func newTiming(c *config.Process, now time.Time) *timing {
	if c.Extra == nil || c.Extra.Timing.Cron == "" && c.Extra.Timing.RestartCron == "" {
		return nil
	}
	start, restart := c.Extra.Timing.Schedules()
	t := &timing{}
	if start != nil {
		t.start = schedule.New(start, now)
	}
	if restart != nil {
		t.restart = schedule.New(restart, now)
	}
	return t
}

// Timetables are when the process is started and restarted by the clock, nil for never.
func (p *Process) Timetables() (start, restart *schedule.Timetable) {
	if p.extra == nil || p.extra.timing == nil {
		return nil, nil
	}
	return p.extra.timing.start, p.extra.timing.restart
}

// QueueStart has the process started again by its schedule when it has ended, unless a request comes first. It returns false if that was
// so already.
func (p *Process) QueueStart() bool {
	t := p.extra.timing
	if t.queued {
		return false
	}
	t.queued = true
	return true
}

// QueuedStart reports whether QueueStart has been called and the process has ended since.
func (p *Process) QueuedStart() bool {
	return p.extra != nil && p.extra.timing != nil && p.extra.timing.queued && p.machine.State.IsStopped()
}

// unqueueStart takes QueueStart back.
func (p *Process) unqueueStart() {
	if p.extra != nil && p.extra.timing != nil {
		p.extra.timing.queued = false
	}
}

// StartScheduled starts the process because a time of its schedule has come.
func (p *Process) StartScheduled(now time.Time) {
	p.unqueueStart()
	p.handle(state.Event{Kind: state.Start}, now)
}

// scheduledStart is when the process is started next by its schedule, zero for never.
func (p *Process) scheduledStart(now time.Time) time.Time {
	start, _ := p.Timetables()
	if start == nil || p.shared.ShuttingDown || p.Disabled() {
		return time.Time{}
	}
	return start.Next(now)
}

// moreTiming adds what clients see of the schedule of the process.
func (p *Process) moreTiming(more *api.ProcessMore, now time.Time) {
	at := p.scheduledStart(now)
	if at.IsZero() || more.NextStart != nil && int64(*more.NextStart) <= at.Unix() {
		return
	}
	more.NextStart, more.NextStartReason = new(int(at.Unix())), string(api.WhySchedule)
}

// configureTiming begins anew with schedules that differ from those before.
func (p *Process) configureTiming(before *config.Process, now time.Time) {
	if before.SameTiming(p.Config) {
		return
	}
	queued := p.extra.timing != nil && p.extra.timing.queued
	if p.extra.timing = newTiming(p.Config, now); p.extra.timing != nil {
		p.extra.timing.queued = queued && p.extra.timing.start != nil
	}
	p.shared.Scheduled(p)
}
