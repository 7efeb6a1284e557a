package httpd

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/httpd/fast"
)

// listener is a socket and the server of this run that answers on it.
type listener struct {
	*socket
	config   config.Server
	acceptor *fast.Acceptor // nil until it answers
	secure   *certificates  // nil: no TLS
	counts   *counts        // nil until it answers, or imported
}

// pause makes the acceptor return; clients that connect wait from now on.
func (s *socket) pause() { s.setDeadline(time.Unix(1, 0)) }

// resume ends a pause.
func (s *socket) resume() { s.setDeadline(time.Time{}) }

func (s *socket) setDeadline(t time.Time) {
	if l, ok := s.Listener.(interface{ SetDeadline(time.Time) error }); ok {
		_ = l.SetDeadline(t)
	}
}

// serves reports whether the socket is the one that a server needs. One whose file was removed is not. Credentials do not matter.
func (s *socket) serves(c config.Server) bool {
	o := &s.opened
	if c.Unix {
		return o.Unix && o.File == c.File && o.Mode == c.Mode && o.UID == c.UID && o.GID == c.GID && s.inPlace()
	}
	return !o.Unix && o.Host == c.Host && o.Port == c.Port
}

// blocks reports whether the socket, while it is open, may prevent the opening of one that a server needs.
func (s *socket) blocks(c config.Server) bool {
	switch o := &s.opened; {
	case c.Unix || o.Unix:
		return c.Unix && o.Unix && o.File == c.File
	case o.Port != c.Port:
		return false
	default:
		ip := net.ParseIP(strings.Trim(c.Host, "[]"))
		ours := s.Addr().(*net.TCPAddr).IP
		return ip == nil || ip.IsUnspecified() || ours.IsUnspecified() || ip.Equal(ours)
	}
}

// sharePort lets sockets of this user listen on the port beside this one, on addresses that include it or that it includes.
func (s *socket) sharePort(on bool) {
	if conn, ok := s.Listener.(syscall.Conn); ok {
		if raw, err := conn.SyscallConn(); err == nil {
			sharePort(raw, on)
		}
	}
}

// sharePort sets SO_REUSEPORT. Where that fails or has no effect, listening fails.
func sharePort(c syscall.RawConn, on bool) {
	value := 0
	if on {
		value = 1
	}
	_ = c.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, value) })
}

// take removes the socket for a server from a list; nil if there is none.
func take(sockets *[]*socket, c config.Server) *socket {
	i := slices.IndexFunc(*sockets, func(s *socket) bool { return s.serves(c) })
	if i < 0 {
		return nil
	}
	s := (*sockets)[i]
	*sockets = slices.Delete(*sockets, i, i+1)
	return s
}

// takeAll returns the sockets of this run and those that are prepared; there are none from then on.
func (s *Servers) takeAll() (sockets []*socket) {
	s.rebinding.Lock()
	defer s.rebinding.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	sockets = s.open()
	s.listeners, s.prepared, s.ended = nil, nil, true
	return sockets
}

// open returns the sockets of this run and those that are prepared. The caller holds the lock.
func (s *Servers) open() (sockets []*socket) {
	sockets = slices.Clone(s.prepared)
	for _, l := range s.listeners {
		sockets = append(sockets, l.socket)
	}
	return sockets
}

func closeAll(sockets []*socket) {
	for _, s := range sockets {
		s.close()
	}
}

// Prepare opens the sockets that the servers of the next run need and that are not open. Clients that connect to them wait
// for the next run. If one cannot be opened, those that this call opened are closed again and the error is that of Open;
// nothing has changed then. Only a socket that one of ours blocks, which the next run does not need, may be left to Next. Any
// goroutine may call Prepare, as often as it likes.
func (s *Servers) Prepare(servers []config.Server, stderr io.Writer) error {
	s.opening.Lock()
	defer s.opening.Unlock()
	s.mu.Lock()
	open, known := s.open(), s.certificates
	s.mu.Unlock()
	var missing []config.Server
	for _, c := range servers {
		fresh, err := certificatesFor(c, known)
		if err != nil {
			return openError(c, err)
		}
		if fresh != nil && !slices.Contains(known, fresh) {
			known = append(slices.Clip(known), fresh)
		}
		if take(&open, c) == nil {
			missing = append(missing, c)
		}
	}
	var opened []*socket
	for _, c := range missing {
		var beside []*socket
		for _, l := range open {
			if l.blocks(c) {
				beside = append(beside, l)
			}
		}
		l, err := listen(c, beside, stderr)
		if len(beside) > 0 && !c.Unix && errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			closeAll(opened)
			return openError(c, err)
		}
		opened = append(opened, l)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		closeAll(opened)
	} else {
		s.prepared, s.certificates = append(s.prepared, opened...), known
	}
	return nil
}

// Stop ends the servers as Close does, but keeps the sockets that the servers of the next run need. Clients that connect to
// them wait for that.
func (s *Servers) Stop(servers []config.Server) {
	open := s.takeAll()
	var kept []listener
	for _, c := range servers {
		l := take(&open, c)
		if l == nil {
			continue
		}
		if l.temporary != "" && l.replace() != nil {
			l.close()
			continue
		}
		l.pause()
		kept = append(kept, listener{socket: l, config: c})
	}
	closeAll(open)
	s.end()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners = kept
}

// Next opens the servers of the next run, with the sockets that Stop has kept, which it takes over; s may be nil. It is
// otherwise like Open. After an error all sockets are closed.
func (s *Servers) Next(servers []config.Server, stderr io.Writer) (*Servers, error) {
	var kept []*socket
	var known []*certificates
	if s != nil {
		kept, known = s.takeAll(), s.certificates
	}
	next := &Servers{}
	next.ctx, next.cancel = context.WithCancel(context.Background())
	for _, c := range servers {
		l := take(&kept, c)
		secure, err := certificatesFor(c, known)
		if l == nil && err == nil {
			l, err = listen(c, nil, stderr)
		}
		if l != nil {
			next.listeners = append(next.listeners, listener{socket: l, config: c, secure: secure})
		}
		if err != nil {
			closeAll(kept)
			next.Close()
			return nil, openError(c, err)
		}
		if secure != nil {
			next.certificates = append(next.certificates, secure)
		}
	}
	closeAll(kept)
	return next, nil
}
