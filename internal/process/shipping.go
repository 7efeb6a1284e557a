package process

import (
	"fmt"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/output"
)

// ServerOf is the syslog server that gets records, nil for none.
func ServerOf(s *config.Shipping) *logs.Server {
	if s.Server == "" {
		return nil
	}
	scheme, address := s.Address()
	server := &logs.Server{Scheme: scheme, Address: address}
	if scheme == "tls" {
		server.CA, server.Cert, server.Key = s.CA, s.Cert, s.Key
	}
	return server
}

// remote is where the records of the channel go in place of the syslog daemon of this host, nil for there.
func (c *channel) remote() *logs.Remote {
	if server := ServerOf(c.process.Config.Shipping()); server != nil {
		return logs.RemoteOf(*server)
	}
	return nil
}

// header is that of the records of the channel for syslog, nil if they are those of the original. Pid returns the PID of what writes.
func (c *channel) header(pid func() int) *logs.Header {
	s := c.process.Config.Shipping()
	if s.Plain() {
		return nil
	}
	return c.fullHeader(pid)
}

// fullHeader is the header with the values of all keys.
func (c *channel) fullHeader(pid func() int) *logs.Header {
	s := c.process.Config.Shipping()
	h := &logs.Header{Facility: s.Facility, Severity: s.OutPriority, Tag: s.Tag, Name: c.process.Name(), Channel: c.name.String(), PID: pid,
		RFC5424: s.IsRFC5424(), Remote: s.Server != "", LevelPrefix: s.LevelPrefix}
	if c.name == api.Stderr {
		h.Severity = s.ErrPriority
	}
	return h
}

// shipsPID reports whether the records of the channel have the PID of the child.
func (c *channel) shipsPID() bool {
	s := c.process.Config.Shipping()
	return c.syslog() && s.IsRFC5424() || c.journald()
}

// syslog reports whether the output of the channel goes to syslog, in the form that it has there.
func (c *channel) syslog() bool {
	return c.config.Log.Syslog || c.lineConfig().HasTee(config.TeeSyslog)
}

// journald reports whether the output of the channel goes to journald, in the form that it has there. Standard error that is redirected is
// standard output.
func (c *channel) journald() bool {
	if c.lineConfig().HasTee(config.TeeJournald) {
		return true
	}
	s := c.process.Config.Shipping()
	if c.name == api.Stderr {
		return s.ErrJournald && !c.process.Config.RedirectErr
	}
	return s.OutJournald
}

// journal is the target for journald.
func (c *channel) journal(pid func() int) *logs.JournalTarget {
	p := c.process
	return &logs.JournalTarget{Journal: logs.TheJournal, Header: c.fullHeader(pid), Group: p.Group, Identifier: p.shared.Identifier,
		What: fmt.Sprintf("%s_journald of '%s'", c.name, p.Name())}
}

// shipper is the target for syslog or journald.
type shipper interface {
	output.Stage
	Split(line []byte) (severity int, rest []byte)
	WriteRecord(severity int, text []byte, of logs.Origin)
}

// shipment is output that goes to syslog or journald.
type shipment struct {
	to     shipper
	chunks bool               // the lines of each chunk are records; else those of the channel are
	format *config.LineFormat // of the records; nil: the target has a form of its own
}

// shipments are what the channel sends to syslog and journald. Pid returns the PID of what writes.
func (c *channel) shipments(pid func() int) (list []shipment) {
	chunks := c.lineConfig().Format.Kind == config.FormatPlain
	if c.syslog() {
		list = append(list, shipment{to: c.syslogTarget(pid), chunks: chunks})
	}
	if c.journald() {
		list = append(list, shipment{to: c.journal(pid), chunks: chunks})
	}
	for _, t := range c.teeConfigs() {
		if t.Kind == config.TeeFile || !t.Own {
			continue
		}
		s := shipment{to: c.syslogTarget(pid), chunks: t.Format == config.FormatPlain, format: &config.LineFormat{Kind: t.Format}}
		if t.Kind == config.TeeJournald {
			s.to = c.journal(pid)
		}
		list = append(list, s)
	}
	return list
}

func (c *channel) syslogTarget(pid func() int) *logs.SyslogTarget {
	p := c.process
	return &logs.SyslogTarget{Syslog: p.shared.Syslog, Prefix: p.Name() + " ", Header: c.header(pid), Remote: c.remote()}
}

// eachRecord are the functions that send each record of the channel to syslog or journald.
func (c *channel) eachRecord(cfg *config.ChannelLines, names *output.Names) (list []func(*output.Record)) {
	for _, s := range c.shipments(names.PID) {
		switch {
		case s.chunks:
		case s.format == nil:
			list = append(list, func(r *output.Record) { shipText(s.to, r) })
		default:
			format, buffer := newFormat(cfg, *s.format, names), []byte(nil)
			list = append(list, func(r *output.Record) { buffer = shipFormatted(s.to, format, r, buffer[:0]) })
		}
	}
	return list
}

// shipText sends the text of a record. Marks are not output of the program.
func shipText(to shipper, r *output.Record) {
	if r.Event == nil {
		severity, text := split(to, r)
		to.WriteRecord(severity, text, logs.Origin{})
	}
}

// shipFormatted sends a record in a format, for which it needs a buffer. It returns that for the next record, unless it has become large.
func shipFormatted(to shipper, format output.Format, r *output.Record, buffer []byte) []byte {
	record, origin := *r, logs.Origin{}
	var severity int
	severity, record.Text = split(to, r)
	if r.Event != nil {
		origin = logs.Origin{Other: true, PID: r.Event.PID}
	}
	buffer = format.Append(buffer, &record)
	to.WriteRecord(severity, buffer[:len(buffer)-1], origin) // without the line end
	const most = 16 << 10
	if cap(buffer) > most {
		return nil
	}
	return buffer
}

// split returns the severity of a record, and its text without what says so. Only the beginning of a line of the program may.
func split(to shipper, r *output.Record) (severity int, text []byte) {
	if r.Rest || r.Event != nil {
		severity, _ = to.Split(nil)
		return severity, r.Text
	}
	return to.Split(r.Text)
}
