package logs

import (
	"os"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// JournaldName is the path of a Trail that goes to journald.
const JournaldName = "journald"

// trailChannel is the name of the channel of a Trail in records for syslog and journald.
const trailChannel = "audit"

// Trail is a log of records beside the main log, in which conditions of it are reported. A record is in the file, or queued for a slow
// target, when Write returns. A failure to write stops nothing. Any goroutine may call the methods.
type Trail struct {
	what string // for messages
	path string
	main *Main

	mu      sync.Mutex // guards the targets; held by Freeze
	options TrailOptions
	file    *File
	syslog  *Syslog
	remote  *Remote // in place of syslog; nil: none
	header  *Header
	journal *JournalTarget
}

// TrailOptions say where a Trail goes.
type TrailOptions struct {
	What       string      `json:"what"` // such as audit log, for messages
	Path       string      `json:"path"` // absolute, or SyslogName or JournaldName
	File       FileOptions `json:"file,omitzero"`
	Facility   int         `json:"facility,omitempty"` // for syslog and journald
	Tag        string      `json:"tag,omitempty"`
	RFC5424    bool        `json:"rfc5424,omitempty"`
	Remote     *Server     `json:"remote,omitempty"`     // where records for syslog go; nil: to the daemon of this host
	Identifier string      `json:"identifier,omitempty"` // of supervisord
}

// newTrail makes a Trail whose file is not open.
func newTrail(o TrailOptions, m *Main) *Trail {
	t := &Trail{options: o, what: o.What + " " + o.Path, path: o.Path, main: m}
	t.header = &Header{Facility: o.Facility, Severity: info, Tag: o.Tag, Channel: trailChannel, PID: os.Getpid, RFC5424: o.RFC5424, Remote: o.Remote != nil}
	switch {
	case o.Path == JournaldName:
		t.journal = &JournalTarget{Journal: TheJournal, Header: t.header, Identifier: o.Identifier, What: o.What}
	case o.Path == SyslogName && o.Remote != nil:
		t.remote = RemoteOf(*o.Remote)
	case o.Path == SyslogName:
		t.syslog = &Syslog{Report: t.report}
	}
	return t
}

// OpenTrail opens a log of records, creating the file if need be.
func OpenTrail(o TrailOptions, m *Main) (*Trail, error) {
	t := newTrail(o, m)
	if t.toFile() {
		file, err := Open(o.Path, o.File)
		if err != nil {
			return nil, openError(o.Path, err)
		}
		t.file = file
		if why := file.Denied(); why != "" {
			m.Warnf("the mode and the owner of the %s are as they were: %s", o.What, why)
		}
	}
	return t, nil
}

func (t *Trail) toFile() bool { return t.journal == nil && t.syslog == nil && t.remote == nil }

func (t *Trail) report(text string) { t.main.Warnf("%s", text) }

// Write appends a record, which is one line with its end.
func (t *Trail) Write(line []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.file != nil:
		if _, condition := t.file.WriteRecords(line); condition != nil {
			t.report(describe(t.what, condition))
		}
	case t.journal != nil:
		t.journal.Write(line)
	case t.remote != nil:
		t.remote.send(t.header, line)
	case t.syslog != nil:
		t.syslog.SendAs(t.header, line)
	}
}

// Path is the path of the file, empty if there is none, or if it is no plain one.
func (t *Trail) Path() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == nil || !t.file.plain {
		return ""
	}
	return t.path
}

// Configure changes how the file is rotated, its mode and its owner.
func (t *Trail) Configure(o FileOptions) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.options.File = o; t.file != nil {
		t.file.Configure(o)
	}
}

// Reopen opens the file again, after it was moved away. On failure the old one stays in use.
func (t *Trail) Reopen() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == nil {
		return
	}
	if err := t.file.Reopen(); err != nil {
		t.main.Warnf("cannot reopen %s, going on with the old file: %v", t.path, err)
	}
}

// Soonest returns when the file is to get a Tick; zero: never.
func (t *Trail) Soonest(now time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Soonest(now, t.file)
}

// Tick does what is due for the file.
func (t *Trail) Tick(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == nil {
		return
	}
	if condition := t.file.Tick(now); condition != nil {
		t.report(describe(t.what, condition))
	}
}

// Close closes the file or socket. Nothing is written afterwards.
func (t *Trail) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file != nil {
		if condition := t.file.Close(); condition != nil {
			t.report(describe(t.what, condition))
		}
	}
	if t.syslog != nil {
		t.syslog.Close()
	}
	t.file, t.syslog, t.remote, t.journal = nil, nil, nil, nil
}

// TrailState is the state of a Trail. The options are those that are in use, which may differ from those of the configuration.
type TrailState struct {
	Options TrailOptions `json:"options"`
	File    *FileState   `json:"file,omitempty"`
	Syslog  *SyslogState `json:"syslog,omitempty"`
}

// Freeze has writers wait until Thaw. What they record is about requests, and none is being answered meanwhile.
func (t *Trail) Freeze() { t.mu.Lock() }

// Thaw ends Freeze.
func (t *Trail) Thaw() { t.mu.Unlock() }

// Export returns the state of a frozen Trail.
func (t *Trail) Export(w *handover.Writer) (s TrailState) {
	s.Options, s.File = t.options, t.file.Export(w)
	if t.syslog != nil {
		s.Syslog = new(t.syslog.Export())
	}
	return s
}

// ImportTrail makes a Trail of its state.
func ImportTrail(r *handover.Reader, s TrailState, m *Main) *Trail {
	o := s.Options
	t := newTrail(o, m)
	if t.toFile() {
		t.file = ImportFile(r, s.File, o.Path, o.File)
	}
	if t.syslog != nil && s.Syslog != nil {
		t.syslog = ImportSyslog(r, *s.Syslog, "", t.report)
	}
	return t
}
