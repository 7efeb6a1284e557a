package fcgi

import (
	"net"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// SocketState is a socket as data.
type SocketState struct {
	FD      int            `json:"fd,omitempty"`
	Users   int            `json:"users,omitempty"`
	File    *safefile.Info `json:"file,omitempty"`
	Address string         `json:"address,omitempty"` // TCP: to bind next; empty: it was not found
}

// Export returns the state of the socket.
func (s *Socket) Export(w *handover.Writer) SocketState {
	state := SocketState{Users: s.users, File: s.file}
	if s.users > 0 {
		state.FD = w.Descriptor(s.fd, s.purpose())
	}
	if a := s.address.Load(); a != nil && a.err == nil {
		state.Address = net.IP(a.ip[:]).String()
	}
	return state
}

// Import makes a socket of its state.
func Import(r *handover.Reader, state SocketState, c *config.Socket, log *logs.Main) *Socket {
	s := &Socket{config: c, log: log, users: state.Users, file: state.File}
	if state.Users > 0 {
		s.fd = r.Descriptor(state.FD, s.purpose())
	}
	if c.Unix {
		return s
	}
	a := &address{err: &net.DNSError{Err: "no such host", Name: c.Host, IsNotFound: true}}
	if ip := net.ParseIP(state.Address).To4(); ip != nil {
		a = &address{ip: [4]byte(ip)}
	}
	s.address.Store(a)
	return s
}

func (s *Socket) purpose() string { return "socket " + s.config.URL }
