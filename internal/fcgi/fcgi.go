// Package fcgi is the listening socket that the processes of one [fcgi-program:x] section share as their standard
// input. It never accepts a connection. Only the loop of supervisord calls it.
package fcgi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/sock"
)

// lookup is how long the name of a host may take to resolve.
const lookup = 2 * time.Second

// Socket is open as long as somebody uses it.
type Socket struct {
	config *config.Socket
	log    *logs.Main
	fd     int
	users  int
	file   os.FileInfo // Unix: what we bound last; nil: nothing
}

// New makes a socket that is not open.
func New(c *config.Socket, log *logs.Main) *Socket { return &Socket{config: c, log: log} }

// Check opens the socket and closes it again, to find out early whether it can be opened.
func (s *Socket) Check() error {
	if _, err := s.Acquire(); err != nil {
		return err
	}
	s.Release()
	return nil
}

// Acquire opens the socket for its first user. The descriptor blocks, is closed on exec and belongs to s. The error is
// complete: it names the socket.
func (s *Socket) Acquire() (fd int, err error) {
	if s.users == 0 {
		s.log.Infof("Creating socket %s", s.config.URL)
		if s.fd, err = s.open(); err != nil {
			return -1, &openError{s.config.URL, err}
		}
	}
	s.users++
	return s.fd, nil
}

// openError is a socket that cannot be opened, in the words that people know.
type openError struct {
	url string
	err error
}

func (e *openError) Error() string {
	return fmt.Sprintf("Could not create FastCGI socket %s: %s", e.url, reason(e.err))
}

// Release closes the socket after its last user. The file of a Unix socket stays.
func (s *Socket) Release() {
	if s.users--; s.users == 0 {
		s.log.Infof("Closing socket %s", s.config.URL)
		unix.Close(s.fd)
	}
}

// Remove removes the file of a Unix socket if it is still ours. Nobody uses the socket any more.
func (s *Socket) Remove() {
	if s.file == nil {
		return
	}
	if now, err := os.Lstat(s.config.Path); err == nil && os.SameFile(now, s.file) {
		os.Remove(s.config.Path)
	}
	s.file = nil
}

// open makes the socket and has it listen.
func (s *Socket) open() (fd int, err error) {
	family, address := unix.AF_INET, unix.Sockaddr(nil)
	if s.config.Unix {
		family, address = unix.AF_UNIX, &unix.SockaddrUnix{Name: s.config.Path}
		if err := os.Remove(s.config.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return -1, err
		}
	} else if address, err = resolve(s.config.Host, s.config.Port); err != nil {
		return -1, err
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
		if err := s.own(); err != nil {
			return err
		}
	}
	backlog := s.config.Backlog
	if backlog == 0 {
		backlog = maxBacklog
	}
	return unix.Listen(fd, backlog)
}

// maxBacklog is more than any system grants; each cuts it to its own maximum.
const maxBacklog = 65535

// own gives the file its owner and mode. Nobody can connect yet.
func (s *Socket) own() error {
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

// resolve finds the IPv4 address of host. The loop waits for it, as it must before the child can be started; names of
// the host itself are found at once.
func resolve(host string, port int) (unix.Sockaddr, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lookup)
	defer cancel()
	ips, err := net.DefaultResolver.LookupIP(ctx, "ip4", host)
	if err != nil {
		return nil, err
	}
	return &unix.SockaddrInet4{Port: port, Addr: [4]byte(ips[0].To4())}, nil
}

// reason is an error as the original shows it.
func reason(err error) string {
	if dns := (*net.DNSError)(nil); errors.As(err, &dns) {
		return "[Errno -2] Name or service not known"
	}
	return pyrepr.OSError(err)
}
