package process

import (
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/events"
)

// Limits of what waits for the loop: then the pump waits too, and with it the children that write.
const (
	maxFound      = 4096
	maxFoundBytes = 4 << 20
	keptBytes     = 256 << 10 // of the buffer of an inbox that is empty
)

// Inbox takes what is found in the output of children to the loop, in order and many pieces at a time. The zero value
// must be opened.
type Inbox struct {
	mu     sync.Mutex
	space  sync.Cond
	wake   chan struct{} // capacity 1
	found  []found
	bytes  []byte // the data of all that was found, one after the other
	spare  []found
	room   []byte
	closed bool
}

// found is something in the output of a process. Its data are the next size bytes.
type found struct {
	process *Process
	what    what
	stderr  bool
	size    int
}

type what uint8

const (
	protocol what = iota // a piece of the output of a listener
	logged               // a piece of output that was logged
	captured             // what was captured between the two tokens
)

// Open makes the inbox ready.
func (b *Inbox) Open() {
	b.space.L = &b.mu
	b.wake = make(chan struct{}, 1)
}

// Wake brings a value when there is something for Hear.
func (b *Inbox) Wake() <-chan struct{} { return b.wake }

// Close ends all waiting: the loop is gone, and what is put in goes nowhere.
func (b *Inbox) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.space.Broadcast()
}

// put hands something to the loop; the data is copied. It waits while too much waits already, so that it must not be
// called in the loop.
func (b *Inbox) put(f found, data []byte) {
	b.mu.Lock()
	for !b.closed && (len(b.found) >= maxFound || len(b.bytes) >= maxFoundBytes) {
		b.space.Wait()
	}
	first := len(b.found) == 0
	if !b.closed {
		f.size = len(data)
		b.found = append(b.found, f)
		b.bytes = append(b.bytes, data...)
	}
	b.mu.Unlock()
	if first {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
}

// Hear takes all that was found in the output of children. The loop calls it when Wake tells, and before it judges the
// end of a child.
func (h *Host) Hear(now time.Time) {
	b := &h.Inbox
	b.mu.Lock()
	if len(b.found) == 0 {
		b.mu.Unlock()
		return
	}
	list, data := b.found, b.bytes
	b.found, b.bytes = b.spare[:0], b.room[:0]
	b.spare, b.room = nil, nil
	b.space.Broadcast()
	b.mu.Unlock()
	rest := data
	for _, f := range list {
		f.process.heard(f, rest[:f.size], now)
		rest = rest[f.size:]
	}
	clear(list)
	b.mu.Lock()
	b.spare = list[:0]
	if cap(data) <= keptBytes {
		b.room = data[:0]
	}
	b.mu.Unlock()
}

// heard makes an event of something that was found in the output, or has the listener hear it.
func (p *Process) heard(f found, data []byte, now time.Time) {
	c, typ := &p.out, events.ProcessLogStdout
	if f.stderr {
		c, typ = &p.err, events.ProcessLogStderr
	}
	switch f.what {
	case protocol:
		p.listener.Hear(data, now)
	case logged:
		if p.host.Events.Wants(typ) {
			p.host.Events.Emit(typ, events.Log(p.Name(), p.Group, p.pid, c.sink.Channel, data))
		}
	case captured:
		typ = events.ProcessCommunicationStdout
		if f.stderr {
			typ = events.ProcessCommunicationStderr
		}
		if p.host.Events.Wants(typ) {
			p.host.Events.Emit(typ, events.Communication(p.Name(), p.Group, p.pid, data))
		}
	}
}
