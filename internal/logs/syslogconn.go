package logs

import (
	"bytes"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/sock"
)

// syslogConn is the connection to the syslog daemon, whose socket takes datagrams or, with some daemons, a stream of records
// that end in NUL. Only its asyncWriter uses it, one call at a time.
type syslogConn struct {
	path      string
	report    func(text string) // may be nil
	fd        int
	connected bool
	stream    bool
	partial   bool // a record was sent in part
	lost      int  // records since the daemon could not be reached
	stopping  atomic.Bool
}

func newSyslogConn(path string, report func(string)) *syslogConn {
	if path == "" {
		path = syslogSocket
	}
	return &syslogConn{path: path, report: report}
}

func (c *syslogConn) writer() *asyncWriter {
	return &asyncWriter{
		syslog: c,
		try:    func(p []byte) (int, error) { return c.send(p, unix.MSG_DONTWAIT) },
		write: func(p []byte) (written int, err error) {
			for written < len(p) && (err == nil || err == syscall.EAGAIN) { // SO_SNDTIMEO ends each wait of a stalled daemon
				if c.stopping.Load() {
					return written, os.ErrDeadlineExceeded
				}
				var n int
				n, err = c.send(p[written:], 0)
				written += n
			}
			return written, err
		},
		interrupt: c.stopping.Store,
		close:     c.disconnect,
	}
}

// send writes a record or, to a stream, as much of it as is accepted. It connects once more if the daemon was restarted.
// Without a daemon, and if the record is too long for a datagram, it counts as sent.
func (c *syslogConn) send(p []byte, flags int) (int, error) {
	var err error
	for range 2 {
		if !c.connected {
			if c.partial { // the rest of a record is none
				c.partial, c.lost = false, c.lost+1
				return len(p), nil
			}
			if err = c.connect(flags&unix.MSG_DONTWAIT != 0); err == syscall.EAGAIN {
				return 0, err
			} else if err != nil {
				break
			}
		}
		var n int
		switch n, err = c.write(p, flags); err {
		case syscall.EAGAIN:
			return 0, err
		case nil:
			c.arrived()
			c.partial = n < len(p)
			return n, nil
		case syscall.EMSGSIZE:
			return len(p), nil
		}
		c.disconnect()
	}
	c.lose(err)
	return len(p), nil
}

// write sends a record, with its NUL to a stream only. A NUL in the middle would begin another record there.
func (c *syslogConn) write(p []byte, flags int) (n int, err error) {
	body := p[:len(p)-1]
	if c.stream {
		for rest := body; ; {
			i := bytes.IndexByte(rest, 0)
			if i < 0 {
				break
			}
			rest[i], rest = ' ', rest[i+1:]
		}
		body = p
	}
	for {
		n, err = unix.SendmsgN(c.fd, body, nil, nil, flags)
		if err != syscall.EINTR {
			break
		}
	}
	if err == nil && !c.stream {
		n = len(p)
	}
	return n, err
}

// lose counts a record that no daemon gets, and reports the first.
func (c *syslogConn) lose(err error) {
	if c.lost++; c.lost == 1 && c.report != nil {
		c.report(fmt.Sprintf("cannot send to syslog at %s: %v, output is lost there until this is fixed", c.path, err))
	}
}

// arrived reports that a daemon takes records again.
func (c *syslogConn) arrived() {
	if c.lost > 0 && c.report != nil {
		c.report(fmt.Sprintf("syslog at %s takes output again, %d records were lost", c.path, c.lost))
	}
	c.lost = 0
}

// connect opens the socket, as a stream if the daemon's is one. EAGAIN: the daemon does not accept connections now, which is
// waited for unless now is set.
func (c *syslogConn) connect(now bool) (err error) {
	for _, kind := range []int{unix.SOCK_DGRAM, unix.SOCK_STREAM} {
		if c.fd, err = sock.New(unix.AF_UNIX, kind); err != nil {
			return err
		}
		c.connected, c.stream = true, kind == unix.SOCK_STREAM
		_ = syscall.SetsockoptTimeval(c.fd, syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &syscall.Timeval{Usec: 200_000})
		if err = syscall.SetNonblock(c.fd, now); err == nil {
			err = syscall.Connect(c.fd, &syscall.SockaddrUnix{Name: c.path})
		}
		if err == nil {
			return syscall.SetNonblock(c.fd, false) // each write says whether it may wait
		}
		c.disconnect()
		if err != syscall.EPROTOTYPE {
			return err
		}
	}
	return err
}

func (c *syslogConn) disconnect() {
	if c.connected {
		_ = syscall.Close(c.fd)
		c.connected = false
	}
}
