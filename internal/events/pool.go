package events

import (
	"strconv"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// PoolOptions is what a Pool is made from.
type PoolOptions struct {
	Name       string
	Identifier string // of supervisord
	Events     []string
	BufferSize int
	CountBytes bool // len counts bytes instead of characters
	Handle     Handler
	Log        *logs.Main
}

// Pool keeps the events that it subscribed to until one of its listeners has taken each. Source: "Event Listeners".
type Pool struct {
	PoolOptions
	bus       *Bus
	wants     Set
	families  []string // of plug-ins: the types that are subscribed to by name
	log       *logs.Main
	handle    Handler
	external  *ExternalHandler // in place of handle; nil: none
	listeners []*Listener
	queue     queue
	serial    uint64    // of the next event, "poolserial"
	resume    time.Time // when a pause ends; zero: there is none
	told      time.Time // the pause that the loop knows of
	message   []byte    // room for header and payload
}

// NewPool makes a pool without listeners, which is not subscribed yet.
func (b *Bus) NewPool(o PoolOptions) *Pool {
	if b.pauses == nil {
		b.pauses = make(chan struct{}, 1)
	}
	p := &Pool{PoolOptions: o, bus: b, log: o.Log, handle: o.Handle}
	for _, name := range o.Events {
		p.subscribe(name)
	}
	return p
}

// AddListener makes a process a listener of the pool. Events go to the first that is ready, in the order of these calls.
func (p *Pool) AddListener(process string) *Listener {
	l := &Listener{process: process, pool: p}
	p.listeners = append(p.listeners, l)
	return l
}

// accept appends a new event.
func (p *Pool) accept(e *Event) {
	p.makeRoom()
	p.queue.pushBack(entry{event: e, serial: p.serial})
	p.serial++
}

// requeue makes an event the next one again.
func (p *Pool) requeue(e entry) {
	p.logRequeue(e, p.queue.n)
	p.makeRoom()
	p.queue.pushFront(e)
}

func (p *Pool) logRequeue(e entry, n int) {
	if p.log.Enabled(api.Debug) {
		p.log.Debugf("rebuffering event %d for pool %s (buf size=%d, max=%d)", e.event.Serial, p.Name, n, p.BufferSize)
	}
}

// makeRoom drops the oldest event of a full queue.
func (p *Pool) makeRoom() {
	if p.queue.n >= p.BufferSize && p.queue.n > 0 {
		lost := p.queue.popFront()
		p.log.Errorf("pool %s event buffer overflowed, discarding event %d", p.Name, lost.event.Serial)
	}
}

// dispatch sends what can be sent: the next event to the first listener that runs and is ready, and so on. A zero now
// means that no time is to be lost looking at the clock: pauses go on.
func (p *Pool) dispatch(now time.Time) {
	p.resume = time.Time{}
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

// send sends an event to the first listener that can take it. Found is true if there was one that should have.
func (p *Pool) send(e *entry, now time.Time) (sent, found bool) {
	p.message = p.message[:0]
	for _, l := range p.listeners {
		if l.phase != Ready || l.input == nil {
			continue
		}
		if l == e.refused && now.Before(e.pause) {
			p.wait(e.pause)
			continue
		}
		found = true
		if len(p.message) == 0 {
			p.message = p.appendMessage(p.message, e)
		}
		if err := l.input.Send(p.message); err != nil {
			p.log.Debugf("epipe occurred while sending event %d to listener %s, listener state unchanged",
				e.event.Serial, l.process)
			continue
		}
		l.phase, l.has = Busy, *e
		if p.log.Enabled(api.Debug) {
			p.log.Debugf("event %d sent to listener %s", e.event.Serial, l.process)
		}
		if cap(p.message) > maxKept {
			p.message = nil
		}
		return true, true
	}
	return false, found
}

// wait has the loop call Resume.
func (p *Pool) wait(until time.Time) {
	p.resume = until
	if p.told.Equal(until) {
		return
	}
	p.told = until
	p.bus.wakeLoop()
}

// appendMessage appends the header line and the payload. Source: "Event Notification Protocol".
func (p *Pool) appendMessage(b []byte, e *entry) []byte {
	length := len(e.event.Payload)
	if !p.CountBytes {
		length = characters(e.event.Payload)
	}
	b = append(p.appendHeader(b, e, length), '\n')
	return append(b, e.event.Payload...)
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
