package logs

import (
	"strings"
	"sync"
	"syscall"
	"time"
)

// syslogSocket is where the local syslog daemon listens.
const syslogSocket = "/dev/log"

// syslogHead is what stands around the date in each record: priority user.info, whatever the level, and our tag.
const (
	syslogPriority = "<14>"
	syslogTag      = " supervisord: "
)

// Syslog sends records to the local syslog daemon as datagrams. It connects with the first record and again when the
// daemon was restarted; without one, records are lost and nobody is told, as with the C library. The zero value works.
type Syslog struct {
	mu        sync.Mutex
	path      string // empty: syslogSocket
	fd        int
	connected bool
	record    []byte // of the last Send, kept for its room
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

// send writes one datagram and connects once more if the other side has gone.
func (s *Syslog) send(prefix, line, suffix string) {
	b := append(s.record[:0], syslogPriority...)
	b = time.Now().AppendFormat(b, time.Stamp)
	b = append(b, syslogTag...)
	b = append(b, prefix...)
	b = append(b, line...)
	b = append(b, suffix...)
	if cap(b) <= maxKeptLine {
		s.record = b
	}
	for range 2 {
		if !s.connected && !s.connect() {
			return
		}
		_, err := syscall.Write(s.fd, b)
		for err == syscall.EINTR {
			_, err = syscall.Write(s.fd, b)
		}
		if err == nil || err == syscall.EMSGSIZE || err == syscall.EAGAIN {
			return
		}
		s.disconnect()
	}
}

// connect opens the socket. A syslog daemon that reads nothing may hold us up for a second a record, no longer.
func (s *Syslog) connect() bool {
	path := s.path
	if path == "" {
		path = syslogSocket
	}
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return false
	}
	s.fd, s.connected = fd, true
	_ = syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_SNDTIMEO, &syscall.Timeval{Sec: 1})
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		s.disconnect()
		return false
	}
	return true
}

func (s *Syslog) disconnect() {
	if s.connected {
		_ = syscall.Close(s.fd)
		s.connected = false
	}
}

// Close closes the socket; the next Send opens it again.
func (s *Syslog) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disconnect()
}
