// Package sdnotify receives what a program reports about itself: datagrams of sd_notify(3), and the line feed in a readiness
// pipe. It makes values of them, in a queue for each child, and acts on none. The loop of supervisord takes them; other
// goroutines may call what is documented so.
package sdnotify

import (
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/budget"
)

// Queue holds the messages of one child that the loop has not taken. A message for an earlier child is in the queue of that
// one, so it cannot count for the next. Any goroutine may call its methods.
type Queue struct {
	wake func() // has the loop call Take; it must not block

	mu      sync.Mutex
	pending []Message
	room    chan struct{} // not nil: the sources pause until it closes
	closed  bool

	alive atomic.Int64 // when the last WATCHDOG=1 came, since epoch; 0: never
}

// epoch is what times of WATCHDOG=1 are counted from: a monotonic time in one word.
var epoch = time.Now()

// NewQueue returns a queue that calls wake when there is something to take.
func NewQueue(wake func()) *Queue { return &Queue{wake: wake} }

// put adds a message.
func (q *Queue) put(m Message) {
	if m.Watchdog == Alive {
		if q.alive.Swap(int64(time.Since(epoch))+1) != 0 {
			m.Watchdog = Silent // the loop knows already
		}
		if m == (Message{}) { // the usual message of a watched program needs no turn of the loop
			return
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		m.release()
		return
	}
	q.pending = append(q.pending, m)
	if q.room == nil && (m.Barrier || len(q.pending) >= int(budget.Notifications.Limit)) {
		q.room = make(chan struct{})
	}
	if len(q.pending) == 1 {
		q.wake()
	}
}

// Ready adds the message that the program is ready.
func (q *Queue) Ready(from Source) { q.put(Message{Source: from, State: Ready}) }

// Backpressure is nil, or closes when there is room again. It is a method of pump.Receiver.
func (q *Queue) Backpressure() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.room
}

// space is how many messages can be added.
func (q *Queue) space() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.room != nil || q.closed {
		return 0
	}
	return int(budget.Notifications.Limit) - len(q.pending)
}

// Take passes the messages to handle, in their order, and closes the descriptor of a barrier after it.
func (q *Queue) Take(handle func(Message)) {
	q.mu.Lock()
	pending := q.pending
	q.pending = nil
	q.mu.Unlock()
	for _, m := range pending {
		handle(m)
		m.release()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.room != nil {
		close(q.room)
		q.room = nil
	}
}

// Alive is when the last WATCHDOG=1 came, zero for never.
func (q *Queue) Alive() time.Time {
	at := q.alive.Load()
	if at == 0 {
		return time.Time{}
	}
	return epoch.Add(time.Duration(at))
}

// Close discards what has not been taken and all that comes later.
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range q.pending {
		m.release()
	}
	q.pending, q.closed = nil, true
	if q.room != nil {
		close(q.room)
		q.room = nil
	}
}

func (m *Message) release() {
	if m.Barrier {
		unix.Close(m.FD)
	}
}
