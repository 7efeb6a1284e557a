package process

import (
	"fmt"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
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
	return c.config.Log.Syslog && s.IsRFC5424() || c.journald()
}

// journald reports whether the output of the channel goes to journald. Standard error that is redirected is standard output.
func (c *channel) journald() bool {
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
