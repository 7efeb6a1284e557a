package process

import (
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// header is that of the records of the channel for syslog, nil if they are those of the original. Pid returns the PID of what writes.
func (c *channel) header(pid func() int) *logs.Header {
	s := c.process.Config.Shipping()
	if s.Plain() {
		return nil
	}
	h := &logs.Header{Facility: s.Facility, Severity: s.OutPriority, Tag: s.Tag, Name: c.process.Name(), Channel: c.name.String(), PID: pid,
		RFC5424: s.Format == config.RFC5424, LevelPrefix: s.LevelPrefix}
	if c.name == api.Stderr {
		h.Severity = s.ErrPriority
	}
	return h
}

// shipsPID reports whether the records of the channel have the PID of the child.
func (c *channel) shipsPID() bool {
	s := c.process.Config.Shipping()
	return c.config.Log.Syslog && s.Format == config.RFC5424
}
