package logs

import (
	"math"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/history"
)

// The targets of the output of a process. All are stages in the sense of package output: they take chunks as they come
// and hold nothing back.

// FileTarget is the log file of a channel. Its conditions are reported in the main log. Without a file, output is
// discarded.
type FileTarget struct {
	File    *File // nil: none
	Process string
	Main    *Main
	Past    history.Output // of files that are closed
}

// Write appends a chunk to the file.
func (t *FileTarget) Write(chunk []byte) {
	if t.File == nil {
		return
	}
	if _, condition := t.File.Write(chunk); condition != nil {
		t.report(condition)
	}
}

// WriteRecords appends whole lines, as File.WriteRecords does.
func (t *FileTarget) WriteRecords(records []byte) {
	if t.File == nil {
		return
	}
	if _, condition := t.File.WriteRecords(records); condition != nil {
		t.report(condition)
	}
}

// Room is that of the file.
func (t *FileTarget) Room() int {
	if t.File == nil {
		return math.MaxInt
	}
	return t.File.Room()
}

func (t *FileTarget) report(condition error) {
	t.Main.Warnf("%s", describe("log file "+t.File.Path()+" of process '"+t.Process+"'", condition))
}

// Tick does what is due for the file, if there is one, at its Due.
func (t *FileTarget) Tick(now time.Time) {
	if t.File == nil {
		return
	}
	if condition := t.File.Tick(now); condition != nil {
		t.report(condition)
	}
}

// Flush does nothing: every chunk is written as it comes.
func (t *FileTarget) Flush() {}

// Backpressure is that of the file.
func (t *FileTarget) Backpressure() <-chan struct{} {
	if t.File == nil {
		return nil
	}
	return t.File.Backpressure()
}

// Reopen opens the file again if there is one. On failure the old one stays in use.
func (t *FileTarget) Reopen() error {
	if t.File == nil {
		return nil
	}
	return t.File.Reopen()
}

// Close closes the file if there is one, and forgets it.
func (t *FileTarget) Close() {
	if t.File == nil {
		return
	}
	if condition := t.File.Close(); condition != nil {
		t.report(condition)
	}
	t.Past, _ = t.Counted()
	t.File = nil
}

// Counted is what has been counted of all files so far, and the size of the file in bytes, -1 if it is not open or not a plain one.
func (t *FileTarget) Counted() (all history.Output, size int64) {
	all, size = t.Past, -1
	if t.File != nil {
		var now history.Output
		now, size = t.File.Counted()
		all.Add(now)
	}
	return all, size
}

// SyslogTarget sends the lines of each chunk to syslog, after a prefix. Source: stdout_syslog.
type SyslogTarget struct {
	Syslog *Syslog
	Remote *Remote // in place of Syslog, with a header; nil: none
	Prefix string  // the name of the process and a space
	Header *Header // in place of Prefix; nil: records are as those of the original
}

// Write sends a record for each line of a chunk.
func (t *SyslogTarget) Write(chunk []byte) {
	if t.Remote != nil {
		t.Remote.send(t.Header, chunk)
		return
	}
	if t.Header != nil {
		t.Syslog.SendAs(t.Header, chunk)
		return
	}
	t.Syslog.Send(t.Prefix, chunk)
}

// Flush does nothing: a line that ends with its chunk is a record.
func (t *SyslogTarget) Flush() {}

// Split returns the severity of the beginning of a line, and the line without what says so.
func (t *SyslogTarget) Split(line []byte) (severity int, rest []byte) { return t.Header.split(line) }

// WriteRecord sends one record, whose lines stay together. Of is what has written it.
func (t *SyslogTarget) WriteRecord(severity int, text []byte, of Origin) {
	e := entry{header: t.Header.of(of), severity: severity, line: text}
	if t.Header == nil {
		e.prefix = t.Prefix
	}
	if t.Remote != nil {
		t.Remote.sendRecord(e)
		return
	}
	t.Syslog.sendRecord(e)
}

// DebugTarget copies output to the main log, at debug. Source: loglevel.
type DebugTarget struct {
	Main    *Main
	Process string
	Channel api.Channel
}

// Write writes a chunk as one message.
func (t *DebugTarget) Write(chunk []byte) { t.Main.output(t.Process, t.Channel, chunk) }

// Flush does nothing: every chunk is written as it comes.
func (t *DebugTarget) Flush() {}
