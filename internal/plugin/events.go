package plugin

import (
	"bytes"
	"time"

	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// EventMethod is what a plug-in is called with for each event that it subscribed to.
const EventMethod = "supervisor.event"

// A plug-in that does not take an event is sent it again after a while, which doubles each time.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 30 * time.Second
)

// subscriber is the plug-in as the one listener of its pool: it takes an event with a call. The pool does the rest, as
// for any listener: what waits, in which order, and what comes again. It implements events.Input.
type subscriber struct {
	plugin   *Plugin
	pool     *events.Pool
	listener *events.Listener
	pause    time.Duration // the next one
}

// Subscribe makes the plug-in the listener of a pool, which has no other.
func (p *Plugin) Subscribe(pool *events.Pool) {
	p.subscriber = &subscriber{plugin: p, pool: pool, listener: pool.AddListener(p.Name), pause: firstPause}
	p.subscriber.listener.Receive([]byte("READY\n"), time.Now())
	if _, err := p.current(); err == nil {
		p.subscriber.open()
	}
}

func (s *subscriber) open() { s.listener.Enable(s) }

// Send takes an event and never waits. At most one is on its way.
func (s *subscriber) Send(message []byte) error {
	text := string(message)
	s.plugin.deliveries.Go(func() { s.deliver(text) })
	return nil
}

// deliver calls the plug-in and answers for it.
func (s *subscriber) deliver(text string) {
	p := s.plugin
	l, err := p.current()
	if err == nil {
		if err = s.event(l, text); err == nil {
			s.pause = firstPause
			s.listener.Receive([]byte("RESULT 2\nOKREADY\n"), time.Now())
			return
		}
		p.Log.Warnf("plug-in %s did not take an event, it will be sent again: %v", p.Name, err)
		timer := time.NewTimer(s.pause)
		defer timer.Stop()
		s.pause = min(2*s.pause, longestPause)
		select {
		case <-timer.C:
		case <-l.Done():
			s.pause = firstPause
		}
	}
	s.listener.Receive([]byte("RESULT 4\nFAILREADY\n"), time.Now())
}

func (s *subscriber) event(l *run, text string) error {
	m, err := events.ParseMessage(text, s.pool.Identifier, s.pool.Name)
	if err != nil {
		return err
	}
	ctx, cancel := callContext(l, l, s.plugin.wait)
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

// header is the header of an event as a struct.
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

// Emit makes an event of a type that the plug-in declared.
func (p *Plugin) Emit(name, payload string) { p.Events.EmitExtension(name, payload) }

// EmitCaptured makes an event of what a process of the plug-in wrote between the tokens: its first line is the type, what
// follows is the payload.
func (p *Plugin) EmitCaptured(text []byte) {
	name, payload, _ := bytes.Cut(text, []byte("\n"))
	if !p.Declares(string(name)) {
		p.Log.Warnf("plug-in %s emitted an event of type %s, which is not in its event_types", p.Name,
			pyrepr.Quote(string(name[:min(len(name), 100)])))
		return
	}
	p.Emit(string(name), string(payload))
}
