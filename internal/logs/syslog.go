package logs

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/sock"
)

// syslogSocket is where the local syslog daemon listens.
const syslogSocket = "/dev/log"

// Each record begins with the priority user.info at every level, the date, and our tag.
const (
	syslogPriority = "<14>"
	syslogTag      = " supervisord: "
)

// Syslog sends records to the local syslog daemon as datagrams. It connects with the first record, and again after the
// daemon was restarted; without a daemon records are lost silently, as with the C library. A stalled daemon never blocks
// the caller: records are queued up to a limit, and a record has the number of those dropped beyond it. The zero value works.
type Syslog struct {
	path    string // empty: syslogSocket
	mu      sync.Mutex
	async   *asyncWriter // nil until the first record, and after Close
	record  []byte       // buffer for the next record
	dropped int          // records dropped that no record has counted yet
}

// NewSyslog makes a Syslog that sends to the socket at path, or to that of the system if path is empty.
func NewSyslog(path string) *Syslog { return &Syslog{path: path} }

// Send sends each line of text as a record of its own, after prefix. Line feeds at the end do not count as lines.
func (s *Syslog) Send(prefix string, text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range bytes.SplitSeq(bytes.TrimRight(text, "\n"), []byte{'\n'}) {
		s.send(prefix, line, "")
	}
}

// sendRecord sends one record whole, for lines of the main log, which keep their line feed.
func (s *Syslog) sendRecord(prefix string, line []byte, suffix string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(prefix, line, suffix)
}

// send sends or queues a record. The lock is held.
func (s *Syslog) send(prefix string, line []byte, suffix string) {
	if s.async == nil {
		s.async = writers.add(newSyslogConn(s.path).writer())
	}
	if s.dropped > 0 {
		note := fmt.Appendf(nil, "%d records were dropped here, the syslog daemon did not keep up", s.dropped)
		if _, err := s.async.send(s.format("", note, "")); errors.Is(err, ErrBehind) {
			s.dropped++
			return
		}
		s.dropped = 0
	}
	if _, err := s.async.send(s.format(prefix, line, suffix)); errors.Is(err, ErrBehind) {
		s.dropped = 1
	}
}

// format makes a record, which is valid until the next call.
func (s *Syslog) format(prefix string, line []byte, suffix string) []byte {
	b := append(s.record[:0], syslogPriority...)
	b = time.Now().AppendFormat(b, time.Stamp)
	b = append(b, syslogTag...)
	b = append(b, prefix...)
	b = append(b, line...)
	b = append(b, suffix...)
	if cap(b) <= maxKeptLine {
		s.record = b
	}
	return b
}

// Close closes the socket once all queued records have been sent; the next Send opens another.
func (s *Syslog) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.async != nil {
		writers.release(s.async)
		s.async = nil
	}
}

// syslogConn is the connection. Only its asyncWriter uses it, one call at a time.
type syslogConn struct {
	path      string
	fd        int
	connected bool
}

func newSyslogConn(path string) *syslogConn {
	if path == "" {
		path = syslogSocket
	}
	return &syslogConn{path: path}
}

func (c *syslogConn) writer() *asyncWriter {
	return &asyncWriter{
		try: func(p []byte) (int, error) { return c.send(p, unix.MSG_DONTWAIT) },
		write: func(p []byte) (n int, err error) {
			for err = syscall.EAGAIN; err == syscall.EAGAIN; { // SO_SNDTIMEO ends each wait of a stalled daemon
				n, err = c.send(p, 0)
			}
			return n, err
		},
		close: c.disconnect,
	}
}

// send writes one datagram, and connects once more if the daemon was restarted. Without a daemon, and if the record is too
// long for a datagram, it counts as sent.
func (c *syslogConn) send(p []byte, flags int) (int, error) {
	for range 2 {
		if !c.connected && !c.connect() {
			break
		}
		_, err := unix.SendmsgN(c.fd, p, nil, nil, flags)
		for err == syscall.EINTR {
			_, err = unix.SendmsgN(c.fd, p, nil, nil, flags)
		}
		switch err {
		case syscall.EAGAIN:
			return 0, err
		case nil, syscall.EMSGSIZE:
			return len(p), nil
		}
		c.disconnect()
	}
	return len(p), nil
}

// connect opens the socket.
func (c *syslogConn) connect() bool {
	fd, err := sock.New(unix.AF_UNIX, unix.SOCK_DGRAM)
	if err != nil {
		return false
	}
	c.fd, c.connected = fd, true
	_ = syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &syscall.Timeval{Sec: 1})
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: c.path}); err != nil {
		c.disconnect()
		return false
	}
	return true
}

func (c *syslogConn) disconnect() {
	if c.connected {
		_ = syscall.Close(c.fd)
		c.connected = false
	}
}
