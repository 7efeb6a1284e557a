package events

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Ticks makes the events that come with each new slice of the wall clock. The zero value has to Start. Source: TICK.
type Ticks struct{ last [len(periods)]int64 }

// periods are the lengths of the slices, in seconds.
var periods = [...]struct {
	Type
	secs int64
}{{api.Tick5, 5}, {api.Tick60, 60}, {api.Tick3600, 3600}}

// Start remembers the slices that now is in; they make no event any more.
func (k *Ticks) Start(now time.Time) {
	for i, p := range periods {
		k.last[i] = slice(now, p.secs)
	}
}

// slice is the beginning of the slice that now is in.
func slice(now time.Time, secs int64) int64 { return now.Unix() / secs * secs }

// Due is true if a slice has begun that somebody wants to hear of, also when the clock was set back.
func (k *Ticks) Due(b *Bus, now time.Time) bool {
	for i, p := range periods {
		if b.Wants(p.Type) && slice(now, p.secs) != k.last[i] {
			return true
		}
	}
	return false
}

// Next is when the next slice begins that somebody wants to hear of, zero for never.
func (k *Ticks) Next(b *Bus, now time.Time) (at time.Time) {
	for _, p := range periods {
		if b.Wants(p.Type) {
			if next := time.Unix(slice(now, p.secs)+p.secs, 0); at.IsZero() || next.Before(at) {
				at = next
			}
		}
	}
	return at
}

// Tick emits an event for each slice that began since the last time.
func (k *Ticks) Tick(b *Bus, now time.Time) {
	for i, p := range periods {
		if this := slice(now, p.secs); this != k.last[i] {
			k.last[i] = this
			b.Emit(p.Type, Tick(this))
		}
	}
}
