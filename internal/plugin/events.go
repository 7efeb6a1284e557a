package plugin

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// EventMethod is the method that supervisord calls for each event that the plug-in subscribed to.
const EventMethod = "supervisor.event"

// The delay before an event is sent again that the plug-in did not accept. It doubles each time.
const (
	minDelay = 100 * time.Millisecond
	maxDelay = 30 * time.Second
)

// subscriber makes the plug-in the one listener of its pool, which queues, orders and repeats events as for any listener.
// Each event is a call in a goroutine of its own, one at a time. It implements events.Input.
type subscriber struct {
	plugin   *Plugin
	pool     *events.Pool
	listener *events.Listener
	delay    time.Duration // the next one
	delivery atomic.Int32

	mu     sync.Mutex
	ended  chan struct{} // closed when the goroutine of the delivery has ended; nil: there has been none
	halt   chan struct{} // closed to interrupt a delay
	frozen bool
	until  time.Time // the end of a delay that was interrupted; zero: none was
}

// States of a delivery. Who changes one to noDelivery answers the pool: the goroutine of the delivery or close.
const (
	noDelivery int32 = iota
	calling
	delaying // the plug-in did not accept the event
)

// Answers to the pool in the protocol of listeners.
const (
	accepted = "RESULT 2\nOKREADY\n"
	rejected = "RESULT 4\nFAILREADY\n"
)

// Subscribe makes the plug-in the listener of a pool, which has no other.
func (p *Plugin) Subscribe(pool *events.Pool) {
	p.subscriber = &subscriber{plugin: p, pool: pool, listener: pool.AddListener(p.Name), delay: minDelay}
	p.subscriber.receive("READY\n")
	if _, err := p.current(); err == nil {
		p.subscriber.enable()
	}
}

func (s *subscriber) enable() { s.listener.Enable(s) }

func (s *subscriber) receive(answer string) { s.listener.Receive([]byte(answer), time.Now()) }

// Send begins the delivery of an event. The pool sends no other one before the answer.
func (s *subscriber) Send(head []byte, payload string) error {
	text := string(head) + payload
	s.delivery.Store(calling)
	s.start(func() { s.deliver(text) })
	return nil
}

// deliver calls the plug-in and answers the pool.
func (s *subscriber) deliver(text string) {
	r, err := s.plugin.current()
	if err != nil {
		s.finish(calling, rejected)
		return
	}
	if err = s.call(r, text); err == nil {
		s.delay = minDelay
		s.finish(calling, accepted)
		return
	}
	if !s.delivery.CompareAndSwap(calling, delaying) {
		return
	}
	s.warn(err)
	until := time.Now().Add(s.delay)
	s.delay = min(2*s.delay, maxDelay)
	s.wait(r, until)
}

// wait rejects the event at a time, or when the run ends.
func (s *subscriber) wait(r *run, until time.Time) {
	halt := s.halted()
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Done():
		s.delay = minDelay
	case <-halt:
		s.interrupted(until)
		return
	}
	s.finish(delaying, rejected)
}

// finish answers the pool unless close has done so.
func (s *subscriber) finish(state int32, answer string) {
	if s.delivery.CompareAndSwap(state, noDelivery) {
		s.receive(answer)
	}
}

// close rejects the event that is being delivered. The listener has been disabled.
func (s *subscriber) close() {
	switch s.delivery.Swap(noDelivery) {
	case calling:
		s.warn(ErrClosed)
		s.receive(rejected)
	case delaying:
		s.receive(rejected)
	}
}

func (s *subscriber) warn(err error) {
	s.plugin.Log.Warnf("plug-in %s did not accept an event, it will be sent again: %v", s.plugin.Name, err)
}

func (s *subscriber) call(r *run, text string) error {
	m, err := events.ParseMessage(text, s.pool.Identifier, s.pool.Name)
	if err != nil {
		return err
	}
	ctx, cancel := callContext(r, r, s.plugin.timeout)
	defer cancel()
	v, err := s.plugin.post(ctx, EventMethod, []xmlrpc.Value{header(m), {Kind: xmlrpc.String, Text: m.Payload}})
	switch {
	case err != nil:
		return err
	case !v.Truth():
		return s.plugin.errorf("answered false")
	}
	return nil
}

// header returns the header of an event as a struct.
func header(m events.Message) xmlrpc.Value {
	text := func(name, text string) xmlrpc.Member {
		return xmlrpc.Member{Name: name, Value: xmlrpc.Value{Kind: xmlrpc.String, Text: text}}
	}
	number := func(name string, n int64) xmlrpc.Member {
		return xmlrpc.Member{Name: name, Value: xmlrpc.Value{Kind: xmlrpc.Int, Number: n}}
	}
	return xmlrpc.Value{Kind: xmlrpc.Struct, Members: []xmlrpc.Member{
		text("ver", "3.0"), text("server", m.Server), number("serial", m.Serial), text("pool", m.Pool),
		number("poolserial", m.PoolSerial), text("eventname", m.Name),
	}}
}

// Emit emits an event of a type that the plug-in declared.
func (p *Plugin) Emit(name, payload string) { p.Events.EmitExtension(name, payload) }

// EmitCaptured emits the event that a process of the plug-in wrote between the tokens: the type in the first line, then the
// payload.
func (p *Plugin) EmitCaptured(text []byte) {
	name, payload, _ := bytes.Cut(text, []byte("\n"))
	if !p.Declares(string(name)) {
		p.Log.Warnf("plug-in %s emitted an event of type %s, which is not in its event_types", p.Name,
			pyrepr.Quote(string(name[:min(len(name), 100)])))
		return
	}
	p.Emit(string(name), string(payload))
}
