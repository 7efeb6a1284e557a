package logs

import (
	"fmt"
	"time"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// FileState is the state of an open File, which may have another name by now, or none.
type FileState struct {
	FD         int           `json:"fd"`
	Size       int64         `json:"size,omitempty"`
	Lost       int64         `json:"lost,omitempty"`
	Logged     int64         `json:"logged,omitempty"`
	Rotations  uint32        `json:"rotations,omitempty"`
	Reported   int64         `json:"reported,omitempty"`
	SinceCheck int64         `json:"sincecheck,omitempty"`
	Failed     handover.Time `json:"failed,omitzero"`
	Checked    handover.Time `json:"checked,omitzero"`
	Compared   handover.Time `json:"compared,omitzero"`
	Target     *TargetKey    `json:"target,omitempty"` // that may block; nil: it does not

	Due   handover.Time `json:"due,omitzero"` // when it is rotated by time
	Seen  handover.Time `json:"seen,omitzero"`
	Swept handover.Time `json:"swept,omitzero"`

	Plain           bool `json:"plain,omitempty"`
	Unlinked        bool `json:"unlinked,omitempty"`
	Renamed         bool `json:"renamed,omitempty"`
	Failing         bool `json:"failing,omitempty"`
	RotationFailing bool `json:"rotationfailing,omitempty"`
	Torn            bool `json:"torn,omitempty"`
}

func filePurpose(path string) string { return "log file " + path }

// Export returns the state of the file, nil if it is closed. No one writes to it.
func (f *File) Export(w *handover.Writer) *FileState {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 {
		return nil
	}
	s := &FileState{
		FD: w.Descriptor(int(f.fd), filePurpose(f.path)), Size: f.size, Lost: f.lost, Logged: f.logged, Rotations: f.rotations, Reported: f.reported, SinceCheck: f.sinceCheck,
		Failed: handover.Time{Time: f.failed}, Checked: handover.Time{Time: f.checkedAt},
		Plain: f.plain, Unlinked: f.unlinked, Renamed: f.renamed, Failing: f.failing, RotationFailing: f.rotationFailing, Torn: f.torn,
	}
	if f.plain {
		s.Compared.Time = began.Add(time.Duration(f.comparedAt) * time.Second)
	}
	if t := f.keys; t != nil {
		s.Due.Time, s.Seen.Time, s.Swept.Time = t.due, t.seen, t.swept
	}
	if target := f.async.Load(); target != nil {
		s.Target = new(target.key.export())
	}
	return s
}

// ImportFile makes a File of its state, nil of none. Its target has been imported.
func ImportFile(r *handover.Reader, s *FileState, path string, o FileOptions) *File {
	if s == nil {
		return nil
	}
	f := newFile(path, o)
	f.fd, f.size, f.lost, f.reported = int32(r.Descriptor(s.FD, filePurpose(path))), s.Size, s.Lost, s.Reported
	f.failed, f.checkedAt, f.sinceCheck = s.Failed.Time, s.Checked.Time, s.SinceCheck
	f.plain, f.unlinked, f.renamed, f.failing, f.rotationFailing = s.Plain, s.Unlinked, s.Renamed, s.Failing, s.RotationFailing
	f.torn = s.Torn
	f.logged, f.rotations = s.Logged, s.Rotations
	if !s.Compared.IsZero() {
		f.comparedAt = seconds(s.Compared.Time)
	}
	if t := f.keys; t != nil {
		t.due, t.seen, t.swept = s.Due.Time, s.Seen.Time, s.Swept.Time
	}
	if s.Target != nil {
		f.async.Store(writers.use(r, *s.Target))
	}
	return f
}

// SyslogState is the state of a Syslog.
type SyslogState struct {
	Target  *TargetKey `json:"target,omitempty"` // nil: nothing has been sent
	Dropped int        `json:"dropped,omitempty"`
}

// Export returns the state of s. Its target is frozen.
func (s *Syslog) Export() (state SyslogState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state.Dropped = s.dropped
	if s.async != nil {
		state.Target = new(s.async.key.export())
	}
	return state
}

// ImportSyslog makes a Syslog of its state. Its target has been imported.
func ImportSyslog(r *handover.Reader, state SyslogState, path string, report func(text string)) *Syslog {
	s := &Syslog{path: path, Report: report, dropped: state.Dropped}
	if state.Target == nil {
		return s
	}
	switch w := writers.use(r, *state.Target); {
	case w == nil:
	case w.syslog == nil:
		r.Fail(fmt.Errorf("%s is not syslog", state.Target.purpose()))
	default:
		w.syslog.report = report
		s.async = w
	}
	return s
}

// MainState is the state of the main log.
type MainState struct {
	File        *FileState   `json:"file,omitempty"`
	Syslog      *SyslogState `json:"syslog,omitempty"`
	Copied      bool         `json:"copied,omitempty"`       // to the standard output
	Lines       int          `json:"lines,omitempty"`        // that the copy lacks
	Bytes       int          `json:"bytes,omitempty"`        // of these
	Waiting     [][]byte     `json:"waiting,omitempty"`      // lines to be written
	WaitingJSON [][]byte     `json:"waiting_json,omitempty"` // the same as objects; absent: it is no log of objects
}

// Freeze has lines wait until Thaw. It waits for the line that is being written.
func (m *Main) Freeze() {
	if m != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.frozen = true
	}
}

// Thaw writes the lines that wait, with the times when they were logged.
func (m *Main) Thaw() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, line := range m.held {
		var object []byte
		if i < len(m.heldJSON) { // else the version before had no objects
			object = m.heldJSON[i]
		}
		m.writeLine(line, object)
	}
	m.frozen, m.held, m.heldJSON = false, nil, nil
}

// Export returns the state of a frozen main log.
func (m *Main) Export(w *handover.Writer) (s MainState) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s = MainState{File: m.file.Export(w), Copied: m.copy != nil, Lines: m.dropped.lines, Bytes: m.dropped.bytes, Waiting: m.held}
	if m.json {
		s.WaitingJSON = m.heldJSON
	}
	if m.syslog != nil {
		s.Syslog = new(m.syslog.Export())
	}
	return s
}

// ImportMain makes a main log of its state, whose lines wait until Begin.
func ImportMain(r *handover.Reader, s MainState, o MainOptions) *Main {
	m := &Main{level: o.Level, dropped: dropped{s.Lines, s.Bytes}, frozen: true, held: s.Waiting, json: o.JSON, heldJSON: s.WaitingJSON,
		journal: o.Journal}
	if s.Copied {
		m.copy = Stdout
	}
	if o.Path != SyslogName {
		m.path, m.file = o.Path, ImportFile(r, s.File, o.Path, o.file())
	} else if o.Remote != nil {
		m.remote, m.header = RemoteOf(*o.Remote), o.Header
	} else if s.Syslog != nil {
		m.syslog, m.header = ImportSyslog(r, *s.Syslog, "", nil), o.Header
	}
	return m
}

// Begin writes the lines that wait.
func (m *Main) Begin() { m.Thaw() }
