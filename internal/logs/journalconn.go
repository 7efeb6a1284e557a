package logs

import (
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/sock"
)

// journalRetry is how long journald is not tried after it could not be reached.
const journalRetry = time.Minute

// journalConn is the connection to journald. Only its asyncWriter uses it, one call at a time.
type journalConn struct {
	path      string
	fd        int
	connected bool
	lost      int       // records since it could not be reached
	tried     time.Time // when it could not be reached the last time
	stopping  atomic.Bool
	what      atomic.Pointer[string] // what sends, for a warning
}

func newJournalConn(path string) *journalConn { return &journalConn{path: path} }

func (c *journalConn) writer() *asyncWriter {
	return &asyncWriter{
		journal: c,
		try:     func(p []byte) (int, error) { return c.send(p, unix.MSG_DONTWAIT) },
		write: func(p []byte) (n int, err error) {
			for err = syscall.EAGAIN; err == syscall.EAGAIN; { // SO_SNDTIMEO ends each wait
				if c.stopping.Load() {
					return 0, os.ErrDeadlineExceeded
				}
				n, err = c.send(p, 0)
			}
			return n, err
		},
		interrupt: c.stopping.Store,
		close:     c.disconnect,
	}
}

// send sends a record. It connects once more if journald was restarted. Without journald it counts as sent.
func (c *journalConn) send(p []byte, flags int) (int, error) {
	now := time.Now()
	if c.lost > 0 && now.Sub(c.tried) < journalRetry {
		c.lost++
		return len(p), nil
	}
	var err error
	for range 2 {
		if !c.connected {
			if err = c.connect(); err != nil {
				break
			}
		}
		if err = c.sendOnce(p, flags); err == nil {
			c.arrived()
			return len(p), nil
		}
		if err == syscall.EAGAIN {
			return 0, err
		}
		c.disconnect()
	}
	c.lost, c.tried = c.lost+1, now
	if c.lost == 1 {
		c.report("%s has no effect: %s: %v", *c.what.Load(), c.path, err)
	}
	return len(p), nil
}

// sendOnce sends a record as a datagram or, if it is too large, as a file.
func (c *journalConn) sendOnce(p []byte, flags int) error {
	err := c.message(p, nil, flags)
	if err == syscall.EMSGSIZE || err == syscall.ENOBUFS {
		return c.sendFile(p, flags)
	}
	return err
}

func (c *journalConn) message(p, rights []byte, flags int) error {
	for {
		if _, err := unix.SendmsgN(c.fd, p, rights, nil, flags|unix.MSG_NOSIGNAL); err != syscall.EINTR {
			return err
		}
	}
}

// arrived reports that journald takes records again.
func (c *journalConn) arrived() {
	if c.lost > 0 {
		c.report("journald at %s takes records again, %d were lost", c.path, c.lost)
	}
	c.lost = 0
}

// report has a line logged. The main log may send it to journald, so it comes from another goroutine.
func (c *journalConn) report(format string, args ...any) {
	if f := remotes.reporter(); f != nil {
		go f(format, args...)
	}
}

func (c *journalConn) connect() (err error) {
	if c.fd, err = sock.New(unix.AF_UNIX, unix.SOCK_DGRAM); err != nil {
		return err
	}
	c.connected = true
	_ = syscall.SetsockoptTimeval(c.fd, syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &syscall.Timeval{Usec: 200_000})
	if err = syscall.Connect(c.fd, &syscall.SockaddrUnix{Name: c.path}); err != nil {
		c.disconnect()
	}
	return err
}

func (c *journalConn) disconnect() {
	if c.connected {
		_ = syscall.Close(c.fd)
		c.connected = false
	}
}
