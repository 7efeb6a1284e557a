package socket

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// SocketState is a socket as data.
type SocketState struct {
	FD      int            `json:"fd,omitempty"`   // 0: it is not open, or lent
	Lent    bool           `json:"lent,omitempty"` // the descriptor is one of the set
	Users   int            `json:"users,omitempty"`
	File    *safefile.Info `json:"file,omitempty"`
	Address string         `json:"address,omitempty"` // to bind next; empty: it was not found
}

// Export returns the state of the socket.
func (s *Socket) Export(w *handover.Writer) SocketState {
	state := SocketState{Users: s.users, File: s.file, Lent: s.lent}
	if s.fd >= 0 && !s.lent {
		state.FD = w.Descriptor(s.fd, s.purpose())
	}
	if a := s.address.Load(); a != nil && a.err == nil {
		state.Address = a.ip.String()
	}
	return state
}

// Import makes a socket of its state.
func Import(r *handover.Reader, state SocketState, c *config.Socket, log *logs.Main) *Socket {
	s := &Socket{config: c, log: log, fd: -1, users: state.Users, file: state.File}
	if state.FD > 0 {
		s.fd = r.Descriptor(state.FD, s.purpose())
	}
	if c.Host == "" {
		return s
	}
	a := &address{err: &net.DNSError{Err: "no such host", Name: c.Host, IsNotFound: true}}
	if ip, err := netip.ParseAddr(state.Address); err == nil {
		a = &address{ip: ip}
	}
	s.address.Store(a)
	return s
}

func (s *Socket) purpose() string { return "socket " + label(s.config) }

// SetState is a set as data.
type SetState struct {
	Sockets   []SharedState    `json:"sockets,omitempty"`
	Inherited map[string][]int `json:"inherited,omitempty"`
}

// SharedState is a socket of a set as data.
type SharedState struct {
	Config config.Socket `json:"config"`
	Kept   bool          `json:"kept,omitempty"`
	SocketState
}

// Export returns the state of the set, nil if it is empty.
func (s *Set) Export(w *handover.Writer) *SetState {
	if len(s.sockets) == 0 && len(s.inherited) == 0 {
		return nil
	}
	state := &SetState{Inherited: s.inherited}
	for name, fds := range s.inherited {
		for _, fd := range fds {
			w.Descriptor(fd, inheritedPurpose+name)
		}
	}
	for _, socket := range s.sockets {
		state.Sockets = append(state.Sockets, SharedState{*socket.config, slices.Contains(s.kept, socket), socket.Export(w)})
	}
	slices.SortFunc(state.Sockets, func(a, b SharedState) int {
		return cmp.Or(strings.Compare(a.Config.Name, b.Config.Name), strings.Compare(a.Config.URL, b.Config.URL))
	})
	return state
}

const inheritedPurpose = "inherited socket "

// Import gives an empty set its state, nil for none.
func (s *Set) Import(r *handover.Reader, state *SetState, log *logs.Main) {
	if state == nil {
		return
	}
	for name, fds := range state.Inherited {
		for _, fd := range fds {
			if s.inherited == nil {
				s.inherited = map[string][]int{}
			}
			s.inherited[name] = append(s.inherited[name], r.Descriptor(fd, inheritedPurpose+name))
		}
	}
	for _, shared := range state.Sockets {
		socket := Import(r, shared.SocketState, &shared.Config, log)
		socket.lender = s
		if fds := s.inherited[shared.Config.Inherit]; shared.Lent && len(fds) == 1 {
			socket.fd, socket.lent = fds[0], true
		}
		if shared.Kept {
			s.kept = append(s.kept, socket)
		}
		s.add(socket)
	}
}

// ImportOwn is Import for a socket that Own has made.
func (s *Set) ImportOwn(r *handover.Reader, state SocketState, c *config.Socket, log *logs.Main) *Socket {
	socket := Import(r, state, c, log)
	socket.lender = s
	if state.FD > 0 {
		socket.count(1)
	}
	return socket
}

// Imported returns the socket of a section that was handed over.
func (s *Set) Imported(r *handover.Reader, c *config.Socket, log *logs.Main) *Socket {
	socket := s.Find(c)
	if socket == nil {
		r.Fail(fmt.Errorf("socket %s was not handed over", label(c)))
		socket = New(c, log, nil)
	}
	return socket
}
