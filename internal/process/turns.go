package process

import (
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/timers"
)

// turning is the deadline of a process whose open logs are rotated by the clock, or whose rotated files have a limited age.
type turning struct {
	timers.Slot
	process *Process
	at      time.Time // zero: none
}

// watchLogs sets the deadline of the logs. It costs nothing if the program has no keys about them.
func (p *Process) watchLogs() {
	if p.extra == nil || p.Config.Extra == nil && p.extra.turning == nil {
		return
	}
	now := time.Now()
	at := logs.Soonest(now, slices.Concat(p.out.openFiles(), p.err.openFiles())...)
	if p.extra.turning == nil {
		if at.IsZero() {
			return
		}
		p.extra.turning = &turning{process: p}
	}
	if t := p.extra.turning; !t.at.Equal(at) {
		t.at = at
		p.shared.Schedule(t)
	}
}

// Wake implements timers.Item.
func (t *turning) Wake() time.Time { return t.at }

// Tick implements timers.Item.
func (t *turning) Tick(now time.Time) {
	t.at = time.Time{}
	t.process.out.tick(now)
	t.process.err.tick(now)
	t.process.watchLogs()
}
