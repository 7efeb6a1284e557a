package events

import (
	"slices"
	"strconv"
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// PoolOptions is what a Pool is made from.
type PoolOptions struct {
	Name       string
	Identifier string // of supervisord
	Events     []string
	BufferSize int
	CountBytes bool    // len counts bytes instead of characters
	Handle     Handler // nil: OK accepts, everything else rejects
	Log        *logs.Main
}

// Pool queues the events that it subscribed to until one of its listeners has accepted each. Source:
// events.html#event-listeners-and-event-notifications.
type Pool struct {
	PoolOptions
	bus       *Bus
	log       deferredLog
	wants     Set
	families  []string         // names that may stand for types of plug-ins
	external  *ExternalHandler // in place of Handle; nil: none
	listeners []*Listener
	queue     queue
	maxBytes  int       // of the payloads in the queue
	serial    uint64    // of the next event. Source: events.html#header-tokens.
	dropped   uint64    // events that were discarded
	rejected  uint64    // events, each time
	retryAt   time.Time // when the next event can be sent to a listener that refused it; zero: it does not wait
	scheduled time.Time // the retryAt for which the loop was woken last
	message   []byte    // buffer for the header
	multibyte bool      // len in the header of message is less than the bytes of its payload
}

// NewPool makes a pool without listeners, which Bus.Add then subscribes.
func (b *Bus) NewPool(o PoolOptions) *Pool {
	if b.wake == nil {
		b.wake = make(chan struct{}, 1)
	}
	o.Name, o.Identifier = headerName(o.Name), headerIdentifier(o.Identifier)
	p := &Pool{PoolOptions: o, bus: b, log: deferredLog{b, o.Log}}
	p.subscribeAll()
	return p
}

// subscribeAll subscribes the pool to its events.
func (p *Pool) subscribeAll() {
	p.maxBytes = max(int(budget.Queue.Limit), p.BufferSize*budget.QueuedEvent)
	p.wants, p.families = 0, nil
	for _, name := range p.Events {
		p.subscribe(name)
	}
}

// Configure changes what an added pool subscribes to, and how many events wait in it. Of those that wait, the oldest that are too many
// are discarded, and those that it does not subscribe to any more.
func (p *Pool) Configure(events []string, bufferSize int) {
	p.bus.mu.Lock()
	defer p.bus.unlock()
	p.Events, p.BufferSize = events, bufferSize
	p.subscribeAll()
	for range p.queue.n {
		if e := p.queue.popFront(); p.subscribed(e.event) {
			p.queue.pushBack(e)
		}
	}
	for p.queue.n > p.BufferSize {
		p.discardOldest()
	}
	p.bus.updateWanted()
}

func (p *Pool) subscribed(e *Event) bool {
	if e.Type == Extension {
		return p.wantsExtension(e.Name)
	}
	return p.wants.Has(e.Type)
}

// AddListener makes a process a listener of the pool. An event goes to the first listener that is ready, in the order of
// these calls.
func (p *Pool) AddListener(process string) *Listener {
	p.bus.mu.Lock()
	defer p.bus.mu.Unlock()
	l := &Listener{process: process, pool: p}
	p.listeners = append(p.listeners, l)
	return l
}

// RemoveListener removes a listener that has no child.
func (p *Pool) RemoveListener(l *Listener) {
	p.bus.mu.Lock()
	defer p.bus.unlock()
	p.queue.clearRetry(l)
	p.listeners = slices.DeleteFunc(p.listeners, func(x *Listener) bool { return x == l })
}

// accept queues a new event.
func (p *Pool) accept(e *Event) {
	p.makeRoom(e)
	p.queue.pushBack(entry{event: e, serial: p.serial})
	p.serial++
}

// requeue makes an event the next one again.
func (p *Pool) requeue(e entry) {
	p.logRequeue(e, p.queue.n)
	p.makeRoom(e.event)
	p.queue.pushFront(e)
}

func (p *Pool) logRequeue(e entry, n int) {
	if p.log.debugging() {
		p.log.Debugf("rebuffering event %d for pool %s (buf size=%d, max=%d)", e.event.Serial, p.Name, n, p.BufferSize)
	}
}

// makeRoom discards the oldest events of a queue that is full, or whose payloads would have too many bytes with that of e.
// An event that alone has more is queued nevertheless: the sender bounds it.
func (p *Pool) makeRoom(e *Event) {
	for p.queue.n > 0 && (p.queue.n >= p.BufferSize || p.queue.bytes+len(e.Payload) > p.maxBytes) {
		p.discardOldest()
	}
}

func (p *Pool) discardOldest() {
	oldest := p.queue.popFront()
	p.dropped++
	p.log.Errorf("pool %s event buffer overflowed, discarding event %d", p.Name, oldest.event.Serial)
}

// dispatch sends as many events as listeners can take, in order. A zero now saves reading the clock: then no retry is
// due yet.
func (p *Pool) dispatch(now time.Time) {
	if p.bus.frozen {
		return
	}
	p.retryAt = time.Time{}
	tried := false // some listener was ready
	for p.queue.n > 0 {
		e := p.queue.at(0)
		sent, found := p.send(e, now)
		tried = tried || found
		if !sent {
			if tried {
				p.logRequeue(*e, p.queue.n-1)
			}
			return
		}
		p.queue.popFront()
	}
}

// send sends an event to the first listener that can take it. Found reports whether a listener was ready for it.
func (p *Pool) send(e *entry, now time.Time) (sent, found bool) {
	p.message = p.message[:0]
	for _, l := range p.listeners {
		if l.phase != Ready || l.input == nil {
			continue
		}
		if l == e.refusedBy && now.Before(e.retryAt) {
			p.schedule(e.retryAt)
			continue
		}
		found = true
		if len(p.message) == 0 {
			p.message = p.appendHead(p.message, e)
		}
		if err := l.input.Send(p.message, e.event.Payload); err != nil {
			p.log.Debugf("epipe occurred while sending event %d to listener %s, listener state unchanged",
				e.event.Serial, l.process)
			continue
		}
		l.phase, l.current, l.maxResult = Busy, *e, maxResult(e.event)
		l.multibyte = l.multibyte || p.multibyte
		if p.log.debugging() {
			p.log.Debugf("event %d sent to listener %s", e.event.Serial, l.process)
		}
		return true, true
	}
	return false, found
}

// schedule has the loop call Resume, which then learns about retryAt.
func (p *Pool) schedule(retryAt time.Time) {
	p.retryAt = retryAt
	if p.scheduled.Equal(retryAt) {
		return
	}
	p.scheduled = retryAt
	p.bus.wakeLoop()
}

// appendHead appends the header line. Source: events.html#event-notification-protocol.
func (p *Pool) appendHead(b []byte, e *entry) []byte {
	length := len(e.event.Payload)
	if !p.CountBytes {
		length = e.event.characters
	}
	p.multibyte = length < len(e.event.Payload)
	return append(p.appendHeader(b, e, length), '\n')
}

// appendHeader appends the header line without its line feed.
func (p *Pool) appendHeader(b []byte, e *entry, length int) []byte {
	b = append(b, "ver:3.0 server:"...)
	b = append(b, p.Identifier...)
	b = append(b, " serial:"...)
	b = strconv.AppendUint(b, e.event.Serial, 10)
	b = append(b, " pool:"...)
	b = append(b, p.Name...)
	b = append(b, " poolserial:"...)
	b = strconv.AppendUint(b, e.serial, 10)
	b = append(b, " eventname:"...)
	b = append(b, e.event.name()...)
	b = append(b, " len:"...)
	return strconv.AppendInt(b, int64(length), 10)
}
