package events

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Serial numbers the events that some pool accepted, for as long as the daemon runs. Source: events.html#header-tokens.
type Serial struct{ next uint64 }

// Bus hands each event to all pools that subscribed to it, which send it on at once if they can. A listener's answer is
// handled, and the next event sent, in the goroutine that read the answer: waking the loop for it would cost several
// times as much as the rest. Therefore the bus has a lock. Under it a listener's Input.Send is called, which never
// waits, and nothing else outside this package: lines are logged and result handlers called without the lock. The zero
// value has no pools.
type Bus struct {
	Serial *Serial // outlives the bus

	wanted atomic.Uint64 // a Set
	mu     sync.Mutex    // guards all below, the pools, their listeners and their external handlers
	pools  []*Pool
	wake   chan struct{} // capacity 1; nil: there has never been a pool
	lines  []line        // logged while mu was held and not written yet
	frozen bool          // nothing is sent

	writing sync.Mutex // held while lines are written, so that they keep their order; locked before mu
}

// Add subscribes a pool.
func (b *Bus) Add(p *Pool) {
	b.mu.Lock()
	defer b.unlock()
	b.pools = append(b.pools, p)
	b.updateWanted()
}

// Remove unsubscribes a pool and drops the events that it has not sent.
func (b *Bus) Remove(p *Pool) {
	b.mu.Lock()
	defer b.unlock()
	b.pools = slices.DeleteFunc(b.pools, func(x *Pool) bool { return x == p })
	p.queue = queue{}
	if p.external != nil {
		p.external.pending, p.external.results, p.external.asked = nil, 0, false
	}
	b.updateWanted()
}

func (b *Bus) updateWanted() {
	var wanted Set
	for _, p := range b.pools {
		wanted |= p.wants
	}
	b.wanted.Store(uint64(wanted))
}

// Wants reports whether some pool subscribed to t; if not, the event need not be made. Any goroutine may call it.
func (b *Bus) Wants(t Type) bool { return Set(b.wanted.Load()).Has(t) }

// Emit hands an event to the pools. Any goroutine may call it.
func (b *Bus) Emit(t Type, payload string) {
	if !b.Wants(t) {
		return
	}
	b.mu.Lock()
	defer b.unlock()
	e := b.newEvent(t, "", payload)
	for _, p := range b.pools {
		if p.wants.Has(t) {
			p.accept(e)
			p.dispatch(time.Time{})
		}
	}
}

// Wake receives a value when the loop has to call Resume.
func (b *Bus) Wake() <-chan struct{} { return b.wake }

// Resume sends the events whose retry is due and fails the results that were not decided in time. It returns when to
// call it again, zero for never.
func (b *Bus) Resume(now time.Time) (next time.Time) {
	b.mu.Lock()
	defer b.unlock()
	for _, p := range b.pools {
		if !p.retryAt.IsZero() && !now.Before(p.retryAt) {
			p.dispatch(now)
		}
		next = earlier(next, p.retryAt)
		if p.external != nil {
			next = earlier(next, p.external.expire(now))
			next = earlier(next, p.retryAt) // an expired result may have put its event back
		}
	}
	return next
}

// wakeLoop has the loop call Resume.
func (b *Bus) wakeLoop() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// earlier returns the earlier of two moments; zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// callUnlocked calls a result handler without the lock.
func (b *Bus) callUnlocked(handle Handler, result []byte) error {
	b.mu.Unlock()
	defer b.mu.Lock()
	return handle(result)
}
