package logs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// journalSocket is where journald listens.
const journalSocket = "/run/systemd/journal/socket"

// Journal sends records to journald by its native protocol. All channels and the main log share one. A stalled journald never blocks a
// caller: records are queued up to a limit, and a record has the number of those dropped beyond it. Without journald records are lost, and
// it is tried again after a minute.
type Journal struct {
	mu      sync.Mutex
	path    string
	async   *asyncWriter // nil until the first record
	record  []byte       // buffer for the next record
	dropped int          // records dropped that no record has counted yet
}

// TheJournal is the journald of this host.
var TheJournal = &Journal{path: journalSocket}

// JournalTarget sends the lines of a channel to journald. Source: stdout_journald.
type JournalTarget struct {
	Journal    *Journal
	Header     *Header
	Group      string
	Identifier string // of supervisord
	What       string // such as stdout_journald of 'web', for a warning
}

// Write sends a record for each line of a chunk.
func (t *JournalTarget) Write(chunk []byte) { t.Journal.send(t, chunk) }

// Flush does nothing: a line that ends with its chunk is a record.
func (t *JournalTarget) Flush() {}

// Split returns the severity of the beginning of a line, and the line without what says so.
func (t *JournalTarget) Split(line []byte) (severity int, rest []byte) { return t.Header.split(line) }

// WriteRecord sends one record, whose lines stay together. Of is what has written it.
func (t *JournalTarget) WriteRecord(severity int, text []byte, of Origin) {
	to := t
	if of.Other {
		other := *t
		other.Header = t.Header.of(of)
		to = &other
	}
	t.Journal.mu.Lock()
	defer t.Journal.mu.Unlock()
	t.Journal.add(to, severity, "", text)
}

func (j *Journal) send(t *JournalTarget, text []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for line := range linesOf(text) {
		severity, line := t.Header.split(line)
		j.add(t, severity, "", line)
	}
}

// sendLine sends a message of the main log, whose lines are one record.
func (j *Journal) sendLine(t *JournalTarget, line []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	level := strings.ToLower(strings.TrimSpace(string(line[len(stampLayout):headLength])))
	j.add(t, severityOf(line), level, bytes.TrimRight(line[headLength:], "\n"))
}

// add sends or queues a record. The lock is held.
func (j *Journal) add(t *JournalTarget, severity int, level string, line []byte) {
	if j.async == nil {
		j.async = writers.add(newJournalConn(j.path).writer())
	}
	j.async.journal.what.Store(&t.What)
	if j.dropped > 0 {
		note := fmt.Appendf(nil, "%d records were dropped here, journald did not keep up", j.dropped)
		if _, err := j.async.send(j.format(t, warning, "", note)); errors.Is(err, ErrBehind) {
			j.dropped++
			return
		}
		j.dropped = 0
	}
	if _, err := j.async.send(j.format(t, severity, level, line)); errors.Is(err, ErrBehind) {
		j.dropped = 1
	}
}

// format makes a record, which is valid until the next call.
func (j *Journal) format(t *JournalTarget, severity int, level string, line []byte) []byte {
	b := t.append(j.record[:0], severity, level, line)
	if cap(b) <= maxKeptLine {
		j.record = b
	}
	return b
}

// append adds the fields of a record to b.
func (t *JournalTarget) append(b []byte, severity int, level string, line []byte) []byte {
	h := t.Header
	b = appendField(b, "PRIORITY", strconv.Itoa(severity))
	b = appendField(b, "MESSAGE", line)
	b = appendField(b, "SYSLOG_IDENTIFIER", h.identifier())
	b = appendField(b, "SYSLOG_FACILITY", strconv.Itoa(h.Facility))
	b = appendField(b, "SUPERVISOR_IDENTIFIER", t.Identifier)
	if h.Channel == "" {
		return appendField(b, "SUPERVISOR_LEVEL", level)
	}
	if pid := h.pid(); pid > 0 && h.Name != "" {
		b = appendField(b, "OBJECT_PID", strconv.Itoa(pid))
	}
	if h.Name != "" {
		b = appendField(b, "SUPERVISOR_GROUP", t.Group)
		b = appendField(b, "SUPERVISOR_PROCESS", h.Name)
	}
	return appendField(b, "SUPERVISOR_CHANNEL", h.Channel)
}

// appendField adds a field. A value with a line feed has its length before it.
func appendField[T string | []byte](b []byte, name string, value T) []byte {
	b = append(b, name...)
	if bytes.IndexByte([]byte(value), '\n') < 0 {
		b = append(b, '=')
	} else {
		b = append(b, '\n')
		b = binary.LittleEndian.AppendUint64(b, uint64(len(value)))
	}
	return append(append(b, value...), '\n')
}

// JournalState is the state of a Journal.
type JournalState struct {
	Target  *TargetKey `json:"target,omitempty"` // nil: nothing has been sent
	Dropped int        `json:"dropped,omitempty"`
}

func (j *Journal) export() *JournalState {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.async == nil {
		return nil
	}
	return &JournalState{Target: new(j.async.key.export()), Dropped: j.dropped}
}

// restore gives a Journal that has sent nothing its state. Its target has been imported, and the registry is locked.
func (j *Journal) restore(r *handover.Reader, s *JournalState) {
	if s == nil || s.Target == nil {
		return
	}
	w := writers.at[inode{s.Target.Device, s.Target.Inode}]
	if w == nil || w.journal == nil {
		r.Fail(fmt.Errorf("%s is not journald", s.Target.purpose()))
		return
	}
	w.refs++
	j.async, j.dropped = w, s.Dropped
}
