package events

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Ticks emits the events of the wall clock. Start has to be called first. Only the loop of supervisord may use it. Source:
// events.html#tick-event-type.
type Ticks struct{ last [len(periods)]int64 }

var periods = [...]struct {
	Type
	secs int64
}{{api.Tick5, 5}, {api.Tick60, 60}, {api.Tick3600, 3600}}

// Start begins with the periods that now is in, for which no event is emitted.
func (k *Ticks) Start(now time.Time) {
	for i, p := range periods {
		k.last[i] = periodStart(now, p.secs)
	}
}

// periodStart returns the beginning of the period that now is in, in seconds since 1970.
func periodStart(now time.Time, secs int64) int64 { return now.Unix() / secs * secs }

// Due reports whether a new period has begun and a pool subscribed to its type. Setting the clock back begins one too.
func (k *Ticks) Due(b *Bus, now time.Time) bool {
	for i, p := range periods {
		if b.Wants(p.Type) && periodStart(now, p.secs) != k.last[i] {
			return true
		}
	}
	return false
}

// Next returns when the next period with subscribers begins, zero for never.
func (k *Ticks) Next(b *Bus, now time.Time) (at time.Time) {
	for _, p := range periods {
		if b.Wants(p.Type) {
			if next := time.Unix(periodStart(now, p.secs)+p.secs, 0); at.IsZero() || next.Before(at) {
				at = next
			}
		}
	}
	return at
}

// Tick emits an event for each period that began since the last call.
func (k *Ticks) Tick(b *Bus, now time.Time) {
	for i, p := range periods {
		if this := periodStart(now, p.secs); this != k.last[i] {
			k.last[i] = this
			b.Emit(p.Type, Tick(this))
		}
	}
}
