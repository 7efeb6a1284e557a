package events

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Serial counts the events that some pool took, as long as the daemon lives. Source: "serial".
type Serial struct{ next uint64 }

// Bus hands each event to all pools that subscribed to it, which send it on at once if they can. The loop owns the bus
// and its pools; events may come, and listeners may be heard, in any goroutine, because a listener's answer has to meet
// the next event without waking the loop: that would cost several times as much as all else. Its lock is held for no
// longer than a write that does not wait. The zero value has no pools, and nobody wants anything.
type Bus struct {
	Serial *Serial // outlives the bus

	wanted atomic.Uint32 // a Set
	mu     sync.Mutex    // for all below, the pools and their listeners
	pools  []*Pool
	pauses chan struct{} // capacity 1; nil: there has never been a pool
}

// Add subscribes a pool.
func (b *Bus) Add(p *Pool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pools = append(b.pools, p)
	b.count()
}

// Remove unsubscribes a pool; what it has not sent is dropped.
func (b *Bus) Remove(p *Pool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pools = slices.DeleteFunc(b.pools, func(x *Pool) bool { return x == p })
	p.queue = queue{}
	if p.external != nil {
		p.external.pending, p.external.asked = nil, false
	}
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

// Emit hands an event to the pools. Any goroutine may call it.
func (b *Bus) Emit(t Type, payload string) {
	if !b.Wants(t) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	e := &Event{Type: t, Serial: b.Serial.next, Payload: payload}
	b.Serial.next++
	for _, p := range b.pools {
		if p.wants.Has(t) {
			p.accept(e)
			p.dispatch(time.Time{})
		}
	}
}

// Wake brings a value when the loop has to call Resume.
func (b *Bus) Wake() <-chan struct{} { return b.pauses }

// Resume sends what had to wait until now, and fails what was not judged until now. It returns when there will be more,
// zero for never.
func (b *Bus) Resume(now time.Time) (next time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.pools {
		if !p.resume.IsZero() && !now.Before(p.resume) {
			p.dispatch(now)
		}
		next = earlier(next, p.resume)
		if p.external != nil {
			next = earlier(next, p.external.resume(now))
			next = earlier(next, p.resume) // a result that failed may have sent its event into a pause
		}
	}
	return next
}

// wakeLoop has the loop call Resume.
func (b *Bus) wakeLoop() {
	select {
	case b.pauses <- struct{}{}:
	default:
	}
}

// earlier is the earlier of two moments; zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
