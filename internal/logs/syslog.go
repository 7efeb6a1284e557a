package logs

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"
)

// syslogSocket is where the local syslog daemon listens.
const syslogSocket = "/dev/log"

// Each record begins with the priority user.info at every level, the date, and our tag.
const (
	syslogPriority = "<14>"
	syslogTag      = " supervisord: "
)

// Syslog sends records to the local syslog daemon. It connects with the first record, and again after the daemon was
// restarted; without a daemon records are lost, as with the C library. A stalled daemon never blocks the caller: records
// are queued up to a limit, and a record has the number of those dropped beyond it. The zero value works.
type Syslog struct {
	// Report is called when records are lost because there is no daemon, and when there is one again. It must not send to
	// this Syslog. Nil: they are lost silently.
	Report  func(text string)
	path    string // empty: syslogSocket
	mu      sync.Mutex
	async   *asyncWriter // nil until the first record, and after Close
	record  []byte       // buffer for the next record
	dropped int          // records dropped that no record has counted yet
}

// NewSyslog makes a Syslog that sends to the socket at path, or to that of the system if path is empty.
func NewSyslog(path string) *Syslog { return &Syslog{path: path} }

// entry is a line and what comes with it in its record.
type entry struct {
	header   *Header // nil: that of the original
	severity int     // with a header
	prefix   string
	line     []byte
	suffix   string
}

// Send sends each line of text as a record of its own, after prefix. Line feeds at the end do not count as lines.
func (s *Syslog) Send(prefix string, text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range linesOf(text) {
		s.send(entry{prefix: prefix, line: line})
	}
}

// SendAs sends each line of text as a record with a header.
func (s *Syslog) SendAs(h *Header, text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range linesOf(text) {
		severity, line := h.split(line)
		s.send(entry{header: h, severity: severity, line: line})
	}
}

func linesOf(text []byte) iter.Seq[[]byte] {
	return bytes.SplitSeq(bytes.TrimRight(text, "\n"), []byte{'\n'})
}

// sendRecord sends one record whole, for lines of the main log.
func (s *Syslog) sendRecord(r entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(r)
}

// send sends or queues a record. The lock is held.
func (s *Syslog) send(r entry) {
	if s.async == nil {
		s.async = writers.add(newSyslogConn(s.path, s.Report).writer())
	}
	if s.dropped > 0 {
		note := fmt.Appendf(nil, "%d records were dropped here, the syslog daemon did not keep up", s.dropped)
		if _, err := s.async.send(s.format(entry{line: note})); errors.Is(err, ErrBehind) {
			s.dropped++
			return
		}
		s.dropped = 0
	}
	if _, err := s.async.send(s.format(r)); errors.Is(err, ErrBehind) {
		s.dropped = 1
	}
}

// format makes a record, which is valid until the next call. It ends in NUL.
func (s *Syslog) format(r entry) []byte {
	b, now := s.record[:0], time.Now()
	if r.header != nil {
		b = r.header.append(b, r.severity, now)
	} else {
		b = append(b, syslogPriority...)
		b = now.AppendFormat(b, time.Stamp)
		b = append(b, syslogTag...)
	}
	b = append(b, r.prefix...)
	b = append(b, r.line...)
	b = append(b, r.suffix...)
	b = append(b, 0)
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
