package process

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/output"
)

// stages returns what the output of the next child passes through.
func (c *channel) stages() output.Stages {
	shared, reader := c.process.shared, c.protocolReader()
	s, debug := c.logStages(reader == nil, c.childPID, nil, nil) // protocol traffic is not program output
	if n := c.process.notify(); n != nil {
		s.Ready = n.match()
	}
	if reader != nil {
		s.Protocol = protocol{reader}
		return s
	}
	if limit := c.config.Capture; limit > 0 {
		c.capture = &output.Capture{Max: int(limit), Captured: debug, Complete: c.captured}
		s.Capture = c.capture
	}
	if c.config.Events {
		typ := events.OfLog(c.name)
		s.Events = &output.Events{Wanted: func() bool { return shared.Events.Wants(typ) }, Emit: c.logged}
	}
	if s.Capture != nil || s.Events != nil || c.shipsPID() || c.writesLines() {
		c.started = make(chan struct{})
	}
	return s
}

// logStages returns the stages that log output of a child, or of a helper, with the PID that pid returns. Debug is the target that copies
// it to the main log; nil: none. Names and begin are for the lines of a helper.
func (c *channel) logStages(syslog bool, pid func() int, names *output.Names, begin func()) (s output.Stages, debug output.Stage) {
	p, shared := c.process, c.process.shared
	s = output.Stages{Strip: shared.StripANSI, Targets: []output.Stage{c.target(names, begin)}}
	if syslog {
		for _, shipment := range c.shipments(pid) {
			if shipment.chunks {
				s.Targets = append(s.Targets, shipment.to)
			}
		}
	}
	if shared.Log.Enabled(api.Debug) {
		debug = &logs.DebugTarget{Main: shared.Log, Process: p.Name(), Channel: c.name}
		s.Targets = append(s.Targets, debug)
	}
	return s, debug
}

// protocolReader is an events.Listener or an events.ExternalHandler.
type protocolReader interface {
	Receive(chunk []byte, now time.Time)
}

// protocolReader returns what understands the output of the channel as a protocol, or nil.
func (c *channel) protocolReader() protocolReader {
	switch p := c.process; {
	case c.name == api.Stderr:
	case p.role.Listener != nil:
		return p.role.Listener
	case p.role.Handler != nil:
		return p.role.Handler
	}
	return nil
}

// protocol is the stage that passes everything to a protocolReader.
type protocol struct{ reader protocolReader }

// Write implements output.Stage.
func (p protocol) Write(chunk []byte) { p.reader.Receive(chunk, time.Now()) }

// Flush implements output.Stage. What the reader has of an incomplete line ends with its child.
func (protocol) Flush() {}

// captured makes an event of captured output.
func (c *channel) captured(data []byte) {
	p := c.process
	if p.role.Captured != nil {
		p.role.Captured(data)
		return
	}
	if typ := events.OfCommunication(c.name); p.shared.Events.Wants(typ) {
		p.shared.Events.Emit(typ, events.Communication(p.Name(), p.Group, c.childPID(), data))
	}
	p.shared.Log.Debugf("'%s' %s emitted a comm event", p.Name(), c.name)
}

// logged makes an event of logged output.
func (c *channel) logged(text []byte) {
	p := c.process
	p.shared.Events.Emit(events.OfLog(c.name), events.Log(p.Name(), p.Group, c.childPID(), c.name, text))
}
