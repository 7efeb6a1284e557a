package events

import (
	"slices"
	"sync/atomic"
	"time"
)

// Serial counts the events that some pool took, as long as the daemon lives. Source: "serial".
type Serial struct{ next uint64 }

// Bus hands each event to all pools that subscribed to it. The zero value has no pools, and nobody wants anything.
type Bus struct {
	Serial *Serial // outlives the bus
	pools  []*Pool
	wanted atomic.Uint32 // a Set
}

// Add subscribes a pool.
func (b *Bus) Add(p *Pool) {
	b.pools = append(b.pools, p)
	b.count()
}

// Remove unsubscribes a pool; what it has not sent is dropped.
func (b *Bus) Remove(p *Pool) {
	b.pools = slices.DeleteFunc(b.pools, func(x *Pool) bool { return x == p })
	b.count()
}

func (b *Bus) count() {
	var wanted Set
	for _, p := range b.pools {
		wanted |= p.wants
	}
	b.wanted.Store(uint32(wanted))
}

// Wants is true if some pool subscribed to t: an event that nobody wants need not be made. Any goroutine may call it.
func (b *Bus) Wants(t Type) bool { return Set(b.wanted.Load()).Has(t) }

// Emit hands an event to the pools. They send it at the next Dispatch.
func (b *Bus) Emit(t Type, payload string) {
	if !b.Wants(t) {
		return
	}
	e := &Event{Type: t, Serial: b.Serial.next, Payload: payload}
	b.Serial.next++
	for _, p := range b.pools {
		if p.wants.Has(t) {
			p.accept(e)
		}
	}
}

// Dispatch sends what can be sent. Resume is when there will be more to send though nothing happens, zero for never.
func (b *Bus) Dispatch(now time.Time) (resume time.Time) {
	for _, p := range b.pools {
		if p.stirred || !p.resume.IsZero() && !now.Before(p.resume) {
			p.dispatch(now)
		}
		if !p.resume.IsZero() && (resume.IsZero() || p.resume.Before(resume)) {
			resume = p.resume
		}
	}
	return resume
}
