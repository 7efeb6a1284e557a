// Package fcgi makes the listening socket that the processes of one [fcgi-program:x] section share as their standard
// input. It never accepts a connection. Only the loop of supervisord may call the methods of Socket. They do not wait for a
// name server: Resolve does, which other goroutines call.
package fcgi

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/sock"
)

// Socket is open while it has users.
type Socket struct {
	config     *config.Socket
	log        *logs.Main
	fd         int
	users      int
	file       os.FileInfo             // Unix: the file that was bound last; nil: none
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
	if s.file == nil {
		return
	}
	if now, err := os.Lstat(s.config.Path); err == nil && os.SameFile(now, s.file) {
		os.Remove(s.config.Path)
	}
	s.file = nil
}

// open returns a new listening socket.
func (s *Socket) open() (fd int, err error) {
	family, address := unix.AF_INET, unix.Sockaddr(nil)
	if s.config.Unix {
		family, address = unix.AF_UNIX, &unix.SockaddrUnix{Name: s.config.Path}
		if err := os.Remove(s.config.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return -1, err
		}
	} else if found := s.address.Load(); found.err != nil {
		return -1, found.err
	} else {
		address = &unix.SockaddrInet4{Port: s.config.Port, Addr: found.ip}
	}
	if fd, err = sock.New(family, unix.SOCK_STREAM); err != nil {
		return -1, err
	}
	if err := s.listen(fd, address); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func (s *Socket) listen(fd int, address unix.Sockaddr) error {
	if !s.config.Unix {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return err
		}
	}
	if err := unix.Bind(fd, address); err != nil {
		return err
	}
	if s.config.Unix {
		if err := s.setOwner(); err != nil {
			return err
		}
	}
	backlog := s.config.Backlog
	if backlog == 0 {
		backlog = maxBacklog
	}
	return unix.Listen(fd, backlog)
}

// maxBacklog is more than any system allows; each reduces it to its own maximum.
const maxBacklog = 65535

// setOwner sets the owner and mode of the file, before the socket listens.
func (s *Socket) setOwner() error {
	c := s.config
	if c.UID >= 0 || c.GID >= 0 {
		if err := os.Chown(c.Path, c.UID, c.GID); err != nil {
			return err
		}
	}
	if err := os.Chmod(c.Path, c.Mode); err != nil {
		return err
	}
	file, err := os.Lstat(c.Path)
	s.file = file
	return err
}

// reason returns the text of an error in the original's form.
func reason(err error) string {
	if unknown := (*net.DNSError)(nil); errors.As(err, &unknown) {
		return "[Errno -2] Name or service not known"
	}
	return pyrepr.OSError(err)
}
