package supervisor

import (
	"sync"
	"time"
)

// notices are what the pump has seen and the loop has not handled: processes whose children have sent notifications, and sockets in
// which something waits. Any goroutine may add one.
type notices struct {
	some chan struct{} // capacity 1; holds a value while there is one

	mu      sync.Mutex
	waiting []notified
}

type notified interface{ Notified(now time.Time) }

func (n *notices) add(x notified) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.waiting = append(n.waiting, x)
	n.signal()
}

// next takes out the first one. The others are left for later turns of the loop, which does other work in between.
func (n *notices) next() notified {
	n.mu.Lock()
	defer n.mu.Unlock()
	x := n.waiting[0]
	n.waiting[0] = nil
	if n.waiting = n.waiting[1:]; len(n.waiting) == 0 {
		n.waiting = nil
	} else {
		n.signal()
	}
	return x
}

// signal is called with the lock held.
func (n *notices) signal() {
	select {
	case n.some <- struct{}{}:
	default: // a value is there already
	}
}
