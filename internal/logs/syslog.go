package logs

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/sock"
)

// syslogSocket is where the local syslog daemon listens.
const syslogSocket = "/dev/log"

// syslogHead is what stands around the date in each record: priority user.info, whatever the level, and our tag.
const (
	syslogPriority = "<14>"
	syslogTag      = " supervisord: "
)

// Syslog sends records to the local syslog daemon as datagrams. It connects with the first record and again when the
// daemon was restarted; without one, records are lost and nobody is told, as with the C library. A daemon that reads
// nothing keeps nobody waiting: records wait in a bounded queue, and what is dropped beyond it is counted in a record of
// its own. The zero value works.
type Syslog struct {
	path   string // empty: syslogSocket
	mu     sync.Mutex
	relay  *relay // nil until the first record, and after Close
	record []byte // of the last Send, kept for its room
	lost   int    // records that were dropped since this was said
}

// NewSyslog is a Syslog that sends to the socket at path, or where the system listens when path is empty.
func NewSyslog(path string) *Syslog { return &Syslog{path: path} }

// Send sends each line of text as a record of its own, after prefix. Line feeds at the end do not count as lines.
func (s *Syslog) Send(prefix, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		s.send(prefix, line, "")
	}
}

// sendRecord sends one record whole, for lines of the main log, which keep their line feed.
func (s *Syslog) sendRecord(prefix, line, suffix string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(prefix, line, suffix)
}

// send makes a record and gives it to the relay. The lock is held.
func (s *Syslog) send(prefix, line, suffix string) {
	if s.relay == nil {
		s.relay = targets.add(newSyslogSocket(s.path).relay())
	}
	if s.lost > 0 {
		note := fmt.Sprintf("%d records are missing here, nobody read them in time", s.lost)
		if _, err := s.relay.send(s.format(note, "", "")); errors.Is(err, ErrBehind) {
			s.lost++
			return
		}
		s.lost = 0
	}
	if _, err := s.relay.send(s.format(prefix, line, suffix)); errors.Is(err, ErrBehind) {
		s.lost = 1
	}
}

// format makes a record, in room that the next one uses again.
func (s *Syslog) format(prefix, line, suffix string) []byte {
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

// Close closes the socket when what waits has been sent; the next Send opens another.
func (s *Syslog) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.relay != nil {
		targets.release(s.relay)
		s.relay = nil
	}
}

// syslogConn is the connection. Only its relay uses it, which does one thing at a time.
type syslogConn struct {
	path      string
	fd        int
	connected bool
}

func newSyslogSocket(path string) *syslogConn {
	if path == "" {
		path = syslogSocket
	}
	return &syslogConn{path: path}
}

func (c *syslogConn) relay() *relay {
	return &relay{
		try: func(p []byte) (int, error) { return c.send(p, unix.MSG_DONTWAIT) },
		write: func(p []byte) (n int, err error) {
			for err = syscall.EAGAIN; err == syscall.EAGAIN; { // the wait ends now and then; only a stuck daemon has it go on
				n, err = c.send(p, 0)
			}
			return n, err
		},
		close: c.disconnect,
	}
}

// send writes one datagram and connects once more if the other side has gone. Without a daemon, and when the record is
// too long for one, it counts as sent.
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
