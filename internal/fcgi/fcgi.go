// Package fcgi makes the listening socket that the processes of one [fcgi-program:x] section share as their standard
// input. It never accepts a connection. Only the loop of supervisord may call the methods of Socket. They do not wait for a
// name server: Resolve does, which other goroutines call.
package fcgi

import (
	"cmp"
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

// Socket is open while it has users.
type Socket struct {
	config     *config.Socket
	log        *logs.Main
	fd         int
	users      int
	file       *safefile.Info          // Unix: the file that was bound last; nil: none
	address    atomic.Pointer[address] // TCP: to bind next
	refreshing atomic.Bool             // a goroutine looks up the address
}

// New makes a socket that is not open. Addresses has the result of Resolve for its group.
func New(c *config.Socket, log *logs.Main, addresses Addresses) *Socket {
	s := &Socket{config: c, log: log}
	if !c.Unix {
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

// Acquire adds a user and opens the socket for the first one. The descriptor is a blocking one, closed on exec, and belongs
// to s. The error names the socket.
func (s *Socket) Acquire() (fd int, err error) {
	if s.users == 0 {
		if err := s.create(); err != nil {
			s.refresh()
			return -1, err
		}
	}
	s.users++
	return s.fd, nil
}

// Release removes a user and closes the socket after the last one. The file of a Unix socket stays.
func (s *Socket) Release() {
	if s.users--; s.users == 0 {
		s.close()
		s.refresh()
	}
}

func (s *Socket) create() (err error) {
	s.log.Infof("Creating socket %s", s.config.URL)
	if s.fd, err = s.open(); err != nil {
		return &openError{s.config.URL, err}
	}
	return nil
}

func (s *Socket) close() {
	s.log.Infof("Closing socket %s", s.config.URL)
	unix.Close(s.fd)
}

// refresh looks up the host again, for the next opening. A failure leaves the last known address.
func (s *Socket) refresh() {
	if s.config.Unix || literal(s.config.Host) != nil || !s.refreshing.CompareAndSwap(false, true) {
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
	url string
	err error
}

func (e *openError) Error() string {
	return fmt.Sprintf("Could not create FastCGI socket %s: %s", e.url, reason(e.err))
}

func (e *openError) Unwrap() error { return e.err }

// Remove removes the file of a Unix socket if it is still the one that was bound. The socket is closed.
func (s *Socket) Remove() {
	if s.file != nil {
		sock.Remove(s.config.Path, s.config.UID, *s.file)
	}
	s.file = nil
}

// open returns a new listening socket.
func (s *Socket) open() (fd int, err error) {
	family, listen := unix.AF_INET, s.listenTCP
	if s.config.Unix {
		family, listen = unix.AF_UNIX, s.listenUnix
	}
	if fd, err = sock.New(family, unix.SOCK_STREAM); err != nil {
		return -1, err
	}
	if err := listen(fd); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func (s *Socket) listenTCP(fd int) error {
	found := s.address.Load()
	if found.err != nil {
		return found.err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: s.config.Port, Addr: found.ip}); err != nil {
		return err
	}
	return unix.Listen(fd, s.backlog())
}

// listenUnix replaces what is at the path.
func (s *Socket) listenUnix(fd int) error {
	c := s.config
	file, err := sock.Create(fd, c.Path, "", attributes(c))
	if err != nil {
		return err
	}
	defer file.Close()
	if err := unix.Listen(fd, s.backlog()); err != nil {
		return err
	}
	if err := file.Replace(); err != nil {
		return err
	}
	s.file = &file.Info
	return nil
}

func attributes(c *config.Socket) sock.Attributes {
	return sock.Attributes{Mode: uint32(c.Mode.Perm()), UID: c.UID, GID: c.GID}
}

func (s *Socket) backlog() int { return cmp.Or(s.config.Backlog, maxBacklog) }

// maxBacklog is more than any system allows; each reduces it to its own maximum.
const maxBacklog = 65535

// reason returns the text of an error in the original's form.
func reason(err error) string {
	if unknown := (*net.DNSError)(nil); errors.As(err, &unknown) {
		return "[Errno -2] Name or service not known"
	}
	if refused := (*safefile.Refused)(nil); errors.As(err, &refused) {
		return refused.Error()
	}
	return pyrepr.OSError(err)
}
