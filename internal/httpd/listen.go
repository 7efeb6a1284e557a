package httpd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/safefile"
	"github.com/gosupervisor/supervisor/internal/sock"
)

// socket is a listening socket and the file of a Unix socket. It may outlive the servers that answer on it.
type socket struct {
	net.Listener
	opened    config.Server // for this server
	file      safefile.Info // Unix: the file that was created
	temporary string        // Unix: its path as long as that of the server has the socket that it replaces

	mu     sync.Mutex
	left   []leftConn // that wait for the next run
	closed bool
}

// leftConn is a connection whose first request was not answered before the server closed, and what was read from it.
type leftConn struct {
	conn  net.Conn
	ahead []byte
}

// leave keeps a connection for the next run.
func (s *socket) leave(c net.Conn, ahead []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return
	}
	s.left = append(s.left, leftConn{c, ahead})
}

// takeLeft returns the connections that wait.
func (s *socket) takeLeft() []leftConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.left
	s.left = nil
	return left
}

// SyscallConn implements syscall.Conn.
func (s *socket) SyscallConn() (syscall.RawConn, error) {
	if conn, ok := s.Listener.(syscall.Conn); ok {
		return conn.SyscallConn()
	}
	return nil, syscall.EINVAL
}

// close closes the socket and removes its file, unless that has been replaced.
func (s *socket) close() {
	_ = s.Listener.Close()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, c := range s.takeLeft() {
		_ = c.conn.Close()
	}
	if s.opened.Unix {
		sock.Remove(s.path(), s.opened.UID, s.file)
	}
}

// path is where the socket file is.
func (s *socket) path() string { return cmp.Or(s.temporary, s.opened.File) }

// inPlace reports whether the socket file is where it was made.
func (s *socket) inPlace() bool { return s.opened.Unix && sock.Is(s.path(), s.opened.UID, s.file) }

// replace gives the socket file the path of the server.
func (s *socket) replace() error {
	dir, base, err := sock.OpenDir(s.opened.File, s.opened.UID)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Rename(filepath.Base(s.temporary), base); err != nil {
		return err
	}
	s.temporary = ""
	return nil
}

// usageError is the whole text of an error for the user.
type usageError string

func (e usageError) Error() string { return string(e) }

// openError is the original's text for an error, followed by a line that names the server.
func openError(c config.Server, err error) error {
	if key := (*KeyError)(nil); errors.As(err, &key) {
		return usageError(fmt.Sprintf("%s\n  [%s] %s=%s", key.Text, c.Section, key.Key, key.Value))
	}
	place := fmt.Sprintf("[%s] port=%s", c.Section, net.JoinHostPort(c.Host, strconv.Itoa(c.Port)))
	if c.Unix {
		place = fmt.Sprintf("[%s] file=%s", c.Section, c.File)
	}
	text := openText(err)
	if text != err.Error() {
		place += ": " + reason(err)
	}
	if hint := c.Hint(); hint != "" {
		place += ": " + hint
	}
	return usageError(text + "\n  " + place)
}

// openText is the original's text for an error.
func openText(err error) string {
	const prefix = "Cannot open an HTTP server: socket.error reported "
	var usage usageError
	var number syscall.Errno
	var resolve *net.DNSError
	switch {
	case errors.As(err, &usage):
		return usage.Error()
	case errors.Is(err, syscall.EADDRINUSE):
		return "Another program is already listening on a port that one of our HTTP servers is configured to " +
			"use.  Shut this program down first before starting supervisord."
	case errors.As(err, &number):
		return fmt.Sprintf("%serrno.%s (%d)", prefix, unix.ErrnoName(number), int(number))
	case errors.As(err, &resolve) && resolve.IsTemporary:
		return prefix + "-3" // EAI_AGAIN
	case errors.As(err, &resolve):
		return prefix + "-2" // EAI_NONAME
	}
	return prefix + err.Error()
}

// reason is the text of a system error, without the address, which the line has already.
func reason(err error) string {
	var number syscall.Errno
	if refused := (*safefile.Refused)(nil); errors.As(err, &refused) {
		return refused.Error()
	}
	if errors.As(err, &number) && !errors.Is(err, sock.ErrNoSocket) {
		return number.Error()
	}
	return err.Error()
}

// listenBacklog is how many clients may wait to be accepted; the system reduces it to its own limit. SOMAXCONN is 128, and
// a client beyond the backlog gets an error.
const listenBacklog = 4096

// listen opens a socket beside others of ours, which are to be closed soon. If the file of one of these is at the path of a new
// Unix socket, the file of the new one stays under its temporary name.
func listen(c config.Server, beside []*socket, stderr io.Writer) (*socket, error) {
	if c.Unix {
		return listenUnix(c, slices.ContainsFunc(beside, (*socket).inPlace), stderr)
	}
	return listenTCP(c, beside)
}

// tcpAddress is the address of a server for package net: IPv4 as in the original, and IPv6 only if the host is an IPv6 address.
func tcpAddress(c config.Server) (network, address string) {
	network, host := "tcp4", strings.Trim(c.Host, "[]")
	if host == "" || host == "*" {
		host = "0.0.0.0"
	}
	if strings.Contains(host, ":") {
		network = "tcp6"
	}
	return network, net.JoinHostPort(host, strconv.Itoa(c.Port))
}

// listenTCP listens on the address of a server. Meanwhile sockets that have
// its port share it with the new one, as far as the system allows it to the same user.
func listenTCP(c config.Server, beside []*socket) (*socket, error) {
	var lc net.ListenConfig
	lc.SetMultipathTCP(false)
	if len(beside) > 0 {
		lc.Control = func(_, _ string, c syscall.RawConn) error { sharePort(c, true); return nil }
	}
	for _, s := range beside {
		s.sharePort(true)
		defer s.sharePort(false)
	}
	network, address := tcpAddress(c)
	l, err := lc.Listen(context.Background(), network, address)
	if err != nil {
		return nil, err
	}
	s := &socket{Listener: l, opened: c}
	s.sharePort(false)
	return s, nil
}

// temporaryPath is where the socket file is made. The error is that of a path that is too long.
func temporaryPath(c config.Server) (string, error) {
	path := fmt.Sprintf("%s.%d", c.File, os.Getpid())
	if len(path) >= len(syscall.RawSockaddrUnix{}.Path) {
		return "", usageError("Cannot open an HTTP server: socket.error reported AF_UNIX path too long")
	}
	return path, nil
}

// attributes are those of the socket file.
func attributes(c config.Server) sock.Attributes {
	return sock.Attributes{Mode: uint32(c.Mode.Perm()), UID: c.UID, GID: c.GID}
}

// listenUnix creates the socket under a temporary name and sets its mode and owner before it listens, so that at no time
// other users can connect. Then it is linked to its name; a stale socket there is replaced.
func listenUnix(c config.Server, replaces bool, stderr io.Writer) (*socket, error) {
	temporary, err := temporaryPath(c)
	if err != nil {
		return nil, err
	}
	fd, err := sock.New(unix.AF_UNIX, unix.SOCK_STREAM)
	if err != nil {
		return nil, err
	}
	descriptor := os.NewFile(uintptr(fd), c.File)
	defer descriptor.Close() // net.FileListener duplicates it
	file, err := sock.Create(fd, c.File, filepath.Base(temporary), attributes(c))
	if err != nil {
		return nil, createError(c, err)
	}
	defer file.Close()
	if err := syscall.Listen(fd, listenBacklog); err != nil {
		return nil, err
	}
	s := &socket{opened: c, file: file.Info}
	if s.Listener, err = net.FileListener(descriptor); err != nil {
		return nil, err
	}
	if replaces {
		s.temporary = temporary
		err = file.Rename(filepath.Base(temporary))
	} else {
		err = file.Place(func() { fmt.Fprintf(stderr, "Unlinking stale socket %s\n", c.File) })
	}
	if err != nil {
		_ = s.Listener.Close()
		return nil, err
	}
	return s, nil
}

// createError is the original's text if the owner of the socket file may not be set. Source: chown.
func createError(c config.Server, err error) error {
	if owner := (*sock.OwnerError)(nil); !errors.As(err, &owner) {
		return err
	}
	if !sock.IsStale(c.File) {
		return syscall.EADDRINUSE
	}
	if !errors.Is(err, syscall.EPERM) {
		return err
	}
	name := strconv.Itoa(os.Geteuid())
	if u, err := account.New().Lookup(name); err == nil {
		name = u.Name
	}
	return usageError(fmt.Sprintf(`Not permitted to chown %s to uid/gid (%d, %d); adjust "sockchown" value in config `+
		`file or on command line to values that the current user (%s) can successfully chown`, c.File, c.UID, c.GID, name))
}
