// Package socket makes the listening sockets that programs inherit: that of an [fcgi-program:x] section as standard input, and those of
// [socket:x] sections from descriptor 3 on. It never accepts a connection. Only the loop of supervisord may call the methods of Socket and
// Set. They do not wait for a name server: Resolve does, which other goroutines call.
package socket

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/safefile"
	"github.com/gosupervisor/supervisor/internal/sock"
)

// Socket is open while it has users: children, and of a [socket:x] section also groups.
type Socket struct {
	config     *config.Socket
	log        *logs.Main
	fd         int  // -1: it is not open
	lent       bool // fd belongs to the lender
	lender     *Set // nil: that of FastCGI programs
	users      int
	file       *safefile.Info          // Unix: the file that was bound last; nil: none
	address    atomic.Pointer[address] // TCP and UDP: to bind next
	refreshing atomic.Bool             // a goroutine looks up the address
}

// New makes a socket that is not open. Addresses has the result of Resolve for its group.
func New(c *config.Socket, log *logs.Main, addresses Addresses) *Socket {
	s := &Socket{config: c, log: log, fd: -1}
	if c.Host != "" {
		s.address.Store(addresses.of(c.Host))
	}
	return s
}

// Check opens the socket and closes it again, to find out early whether it can be opened.
func (s *Socket) Check() error {
	if err := s.create(); err != nil {
		return err
	}
	s.close()
	return nil
}

// Acquire adds a user and opens the socket if it is not open. The descriptor is a blocking one, closed on exec, and belongs
// to s. The error names the socket.
func (s *Socket) Acquire() (fd int, err error) {
	if s.fd < 0 {
		if err := s.tryCreate(); err != nil {
			return -1, err
		}
	}
	s.users++
	return s.fd, nil
}

// Release removes a user and closes the socket after the last one. The file of a Unix socket stays.
func (s *Socket) Release() {
	if s.users--; s.users == 0 && s.fd >= 0 {
		s.close()
		s.refresh()
	}
}

// tryCreate opens the socket. If that fails, its host is looked up for the next time.
func (s *Socket) tryCreate() error {
	err := s.create()
	if err != nil {
		s.refresh()
	}
	return err
}

func (s *Socket) create() error {
	s.log.Infof("Creating socket %s", label(s.config))
	fd, err := s.open()
	if err != nil {
		return &openError{s.config, err}
	}
	s.fd = fd
	s.count(1)
	return nil
}

func (s *Socket) close() {
	s.log.Infof("Closing socket %s", label(s.config))
	s.count(-1)
	if !s.lent {
		unix.Close(s.fd)
	}
	s.fd, s.lent = -1, false
}

// label is what log lines call a socket.
func label(c *config.Socket) string {
	if c.Name == "" {
		return c.URL
	}
	return c.Name + " at " + c.URL
}

// refresh looks up the host again, for the next opening. A failure leaves the last known address.
func (s *Socket) refresh() {
	if s.config.Host == "" || literal(s.config.Host).IsValid() || !s.refreshing.CompareAndSwap(false, true) {
		return
	}
	go func() {
		defer s.refreshing.Store(false)
		if found := lookUp(s.config.Host); found.err == nil {
			s.address.Store(found)
		}
	}()
}

// openError is the failure to open a socket, in the original's words.
type openError struct {
	config *config.Socket
	err    error
}

func (e *openError) Error() string {
	kind := "socket "
	if e.config.Name == "" {
		kind = "FastCGI socket "
	}
	return fmt.Sprintf("Could not create %s%s: %s", kind, label(e.config), reason(e.err))
}

func (e *openError) Unwrap() error { return e.err }

// Remove removes the file of a Unix socket if it is still the one that was bound. The socket is closed.
func (s *Socket) Remove() {
	if s.file != nil {
		sock.Remove(s.config.Path, s.config.UID, *s.file)
	}
	s.file = nil
}

func attributes(c *config.Socket) sock.Attributes {
	return sock.Attributes{Mode: uint32(c.Mode.Perm()), UID: c.UID, GID: c.GID}
}

// reason returns the text of an error in the original's form.
func reason(err error) string {
	if unknown := (*net.DNSError)(nil); errors.As(err, &unknown) {
		return "[Errno -2] Name or service not known"
	}
	if refused := (*safefile.Refused)(nil); errors.As(err, &refused) {
		return refused.Error()
	}
	if errors.Is(err, sock.ErrNoSocket) {
		return err.Error()
	}
	return pyrepr.OSError(err)
}
