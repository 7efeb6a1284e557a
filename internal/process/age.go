package process

import (
	"math/rand/v2"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/timers"
)

// aging is the deadline of a process with maxage, which it has while it is RUNNING.
type aging struct {
	timers.Slot
	process *Process
	at      time.Time // zero: none
}

// newAging returns the aging of a process, nil if it may have any age.
func newAging(p *Process) *aging {
	if p.Config.Bounds().Age == 0 {
		return nil
	}
	return &aging{process: p}
}

// changed begins to count when the process becomes RUNNING, and ends that when it is not any more.
func (a *aging) changed() {
	switch running := a.process.machine.State == api.Running; {
	case running && a.at.IsZero():
		a.begin(a.process.stateSince)
	case !running && !a.at.IsZero():
		a.end()
	}
}

// begin sets the deadline.
func (a *aging) begin(from time.Time) {
	b := a.process.Config.Bounds()
	a.at = from.Add(b.Age)
	if b.Jitter > 0 {
		a.at = a.at.Add(time.Duration(rand.Int64N(int64(b.Jitter))))
	}
	a.process.shared.Schedule(a)
}

func (a *aging) end() {
	a.at = time.Time{}
	a.process.shared.Schedule(a)
}

// Wake implements timers.Item.
func (a *aging) Wake() time.Time { return a.at }

// Tick implements timers.Item. If nothing comes of the recycle, because another process of the program has failed in its turn, it is tried
// again at twice the age.
func (a *aging) Tick(now time.Time) {
	a.begin(now)
	a.process.shared.Recycle(a.process, api.Reason{Why: api.WhyAge}, now)
}

// watchBounds begins and ends looks at the age and the memory of the process as its state changes.
func (p *Process) watchBounds(now time.Time) {
	if p.extra.aging != nil {
		p.extra.aging.changed()
	}
	if p.extra.memory != nil {
		p.shared.memoryChanged(p, now)
	}
}

// configureBounds begins anew with bounds that differ from those before. The age counts from RUNNING, as without the change.
func (p *Process) configureBounds(before *config.Process, now time.Time) {
	if before.Bounds() == p.Config.Bounds() {
		return
	}
	if p.extra.aging != nil {
		p.extra.aging.end()
	}
	if p.extra.memory != nil {
		p.shared.endLooks(p)
	}
	p.extra.aging, p.extra.memory = newAging(p), newMemory(p.Config)
	p.watchBounds(now)
}
