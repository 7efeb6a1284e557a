package filewatch

import (
	"sync"
	"sync/atomic"

	"github.com/fsnotify/fsnotify"

	"github.com/gosupervisor/supervisor/internal/budget"
)

// inbox is the work that waits for a Watcher.
type inbox struct {
	some   chan struct{} // capacity 1; holds a value while there is work
	closed atomic.Bool

	mu     sync.Mutex
	calls  []func()
	events []fsnotify.Event
	lost   bool // events were lost
}

// call adds a function.
func (b *inbox) call(f func()) {
	b.mu.Lock()
	b.calls = append(b.calls, f)
	b.mu.Unlock()
	b.wake()
}

// event adds an event. One that is like the last one is none.
func (b *inbox) event(e fsnotify.Event) {
	b.mu.Lock()
	last := len(b.events) - 1
	switch {
	case last >= 0 && b.events[last] == e:
	case budget.FileChanges.Take(1):
		b.events = append(b.events, e)
	default:
		b.lost = true
	}
	b.mu.Unlock()
	b.wake()
}

// lose notes that events were lost.
func (b *inbox) lose() {
	b.mu.Lock()
	b.lost = true
	b.mu.Unlock()
	b.wake()
}

func (b *inbox) close() {
	b.closed.Store(true)
	b.wake()
}

func (b *inbox) wake() {
	select {
	case b.some <- struct{}{}:
	default: // a value is there already
	}
}

// wait waits for work. It returns false after close.
func (b *inbox) wait() bool {
	<-b.some
	if b.closed.Load() {
		b.take()
		return false
	}
	return true
}

// waiting reports whether there is work.
func (b *inbox) waiting() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.calls) > 0 || len(b.events) > 0 || b.lost
}

// take takes all work out.
func (b *inbox) take() (calls []func(), events []fsnotify.Event, lost bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	calls, events, lost = b.calls, b.events, b.lost
	b.calls, b.events, b.lost = nil, nil, false
	budget.FileChanges.Release(int64(len(events)))
	return calls, events, lost
}
