package socket

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/sock"
)

// Set has the sockets of [socket:x] sections that groups share, and those that a service manager has passed to supervisord. It outlives a
// restart. The zero value is empty.
type Set struct {
	sockets   map[place]*Socket // with users; nil: none
	kept      []*Socket         // that stay open from one run to the next
	inherited map[string][]int  // descriptors by their names; nil: none
	own       map[place]int     // how many sockets with reuseport are open; nil: none
}

// place is what makes a socket another one. Other values of a section are changed while it is open.
type place struct{ name, url string }

func placeOf(c *config.Socket) place { return place{c.Name, c.URL} }

// NewSet returns a set with the descriptors that Inherited has found.
func NewSet(inherited map[string][]int) *Set { return &Set{inherited: inherited} }

// Use adds a user to a socket, and opens it for the first one. It has the user also after an error, which names the socket; Acquire tries
// to open it again.
func (s *Set) Use(c *config.Socket, log *logs.Main, addresses Addresses) (*Socket, error) {
	socket := s.sockets[placeOf(c)]
	if socket == nil {
		socket = New(c, log, addresses)
		socket.lender, socket.users = s, 1
		s.add(socket)
		return socket, socket.tryCreate()
	}
	socket.log = log // that of an earlier run is closed
	socket.users++
	return socket, socket.change(c)
}

// Own makes a socket with reuseport, which one process has for itself. It is not open.
func (s *Set) Own(c *config.Socket, log *logs.Main, addresses Addresses) *Socket {
	socket := New(c, log, addresses)
	socket.lender = s
	return socket
}

func (s *Set) add(socket *Socket) {
	if s.sockets == nil {
		s.sockets = map[place]*Socket{}
	}
	s.sockets[placeOf(socket.config)] = socket
}

// Restore gives open sockets the values of sections that they had.
func (s *Set) Restore(sections []*config.Socket) {
	for _, c := range sections {
		if socket := s.Find(c); socket != nil {
			_ = socket.change(c)
		}
	}
}

// Find returns the socket of a section, nil if nothing uses it.
func (s *Set) Find(c *config.Socket) *Socket { return s.sockets[placeOf(c)] }

// Drop removes a user of a socket. Without users it is closed, and its file removed.
func (s *Set) Drop(socket *Socket) {
	socket.Release()
	if socket.users == 0 {
		socket.Remove()
		delete(s.sockets, placeOf(socket.config))
	}
}

// Keep has the open sockets that groups will share stay open until Settle.
func (s *Set) Keep(groups ...*config.Group) {
	for _, g := range groups {
		for _, p := range g.Processes {
			for _, c := range p.Sockets() {
				if socket := s.Find(c); socket != nil && !c.ReusePort && !slices.Contains(s.kept, socket) {
					socket.users++
					s.kept = append(s.kept, socket)
				}
			}
		}
	}
}

// Keeps reports whether sockets stay open until Settle.
func (s *Set) Keeps() bool { return len(s.kept) > 0 }

// Settle ends what Keep has begun.
func (s *Set) Settle(log *logs.Main) {
	for _, socket := range s.kept {
		socket.log = log // that of an earlier run is closed
		s.Drop(socket)
	}
	s.kept = nil
}

// change gives a socket the values of another section with the same place. After an error it has those that it had.
func (s *Socket) change(c *config.Socket) error {
	before := s.config
	if s.fd >= 0 && !s.lent && *before != *c {
		if err := s.apply(before, c); err != nil {
			_ = s.apply(c, before)
			return &openError{c, err}
		}
	}
	s.config = c
	return nil
}

// apply does to an open socket what differs between two sections with the same place.
func (s *Socket) apply(from, to *config.Socket) error {
	if to.Backlog != from.Backlog {
		if err := listen(s.fd, to); err != nil {
			return err
		}
	}
	if s.file == nil || to.Mode == from.Mode && to.UID == from.UID && to.GID == from.GID {
		return nil
	}
	return sock.Change(to.Path, *s.file, attributes(to))
}

// beside reports whether a socket has to be open at the same time as others at its address, because reuseport of its section has changed:
// one that processes share, and those that processes have for themselves. The system wants all of them to allow that.
func (s *Socket) beside() bool {
	if s.lender == nil || s.config.Host == "" {
		return false
	}
	at := placeOf(s.config)
	if shared := s.lender.sockets[at]; s.config.ReusePort && shared != nil && shared.fd >= 0 {
		_ = unix.SetsockoptInt(shared.fd, unix.SOL_SOCKET, reusePort, 1) // else the new one cannot be bound
		return true
	}
	return !s.config.ReusePort && s.lender.own[at] > 0
}

// count notes that a socket with reuseport was opened, 1, or closed, -1.
func (s *Socket) count(n int) {
	if s.lender == nil || !s.config.ReusePort {
		return
	}
	at, own := placeOf(s.config), &s.lender.own
	if *own == nil {
		*own = map[place]int{}
	}
	if (*own)[at] += n; (*own)[at] == 0 {
		delete(*own, at)
	}
}

// lend returns a descriptor that a service manager has passed.
func (s *Set) lend(name string) (fd int, err error) {
	switch fds := s.inherited[name]; len(fds) {
	case 0:
		return -1, fmt.Errorf("no socket %s was inherited", name)
	case 1:
		return fds[0], nil
	default:
		return -1, fmt.Errorf("%d sockets %s were inherited", len(fds), name)
	}
}

// borrow has the socket use a descriptor of the set.
func (s *Socket) borrow() (fd int, err error) {
	fd, err = s.lender.lend(s.config.Inherit)
	s.lent = err == nil
	return fd, err
}

// Duplicate returns another descriptor of an open socket.
func (s *Socket) Duplicate() (fd int, err error) {
	return unix.FcntlInt(uintptr(s.fd), unix.F_DUPFD_CLOEXEC, 3)
}

// Open reports whether the socket is open.
func (s *Socket) Open() bool { return s.fd >= 0 }

// Config is the section.
func (s *Socket) Config() *config.Socket { return s.config }

// Waiting returns how much waits in an open socket: of a TCP socket the number of connections, where that is known; of another one 1 if
// there is anything.
func (s *Socket) Waiting() int {
	if s.fd < 0 {
		return 0
	}
	fds := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}
	if n, err := unix.Poll(fds, 0); n != 1 || err != nil {
		return 0
	}
	return connections(s.fd)
}
