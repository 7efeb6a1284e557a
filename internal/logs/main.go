package logs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/rotation"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// SyslogName is the value of logfile= that means syslog.
const SyslogName = "syslog"

// stampLayout is how a line of the main log begins, in local time.
const stampLayout = "2006-01-02 15:04:05,000 "

// headLength is the length of date and level, which every line begins with.
const headLength = len(stampLayout) + len("INFO ")

// maxKeptLine is the largest buffer, in bytes, that is kept for the next line.
const maxKeptLine = 64 << 10

// Main is the main log: lines with a date and a level, to a file or syslog and, in the foreground, to the standard
// output. Its methods may be called from any goroutine; a nil *Main discards everything.
type Main struct {
	level    api.Level
	path     string // empty when there is no file
	mu       sync.Mutex
	file     *File
	syslog   *Syslog
	journal  *JournalTarget // nil: it does not go there
	remote   *Remote        // in place of syslog; nil: none
	header   *Header        // of records for syslog; nil: that of the original
	copy     io.Writer
	dropped  dropped // from the copy
	frozen   bool
	held     [][]byte // lines that were logged since
	json     bool     // lines are objects, but in syslog
	heldJSON [][]byte // the lines in held as objects
}

// dropped counts what the copy lacks because its reader does not keep up.
type dropped struct {
	lines int
	bytes int
}

// MainOptions says where the main log goes.
type MainOptions struct {
	Path     string // absolute, or "syslog"
	Level    api.Level
	MaxBytes int64 // rotate at this size; 0 or less: never
	Backups  int
	Stdout   bool           // copy each line to the standard output
	Journal  *JournalTarget // of a copy in journald; nil: none
	Remote   *Server        // where records for syslog go; nil: to the daemon of this host
	Header   *Header        // of records for syslog; nil: that of the original
	JSON     bool           // write each line as an object, but to syslog

	MakeDirs bool // as for files
	Access   *Access
	Rotation *rotation.Policy // as for files
}

func (o MainOptions) file() FileOptions {
	return FileOptions{MaxBytes: o.MaxBytes, Backups: o.Backups, MakeDirs: o.MakeDirs, Access: o.Access, Rotation: o.Rotation}
}

// OpenMain opens the main log, creating the file if need be. The error names the file and the reason. When the file is
// the standard output itself, lines are written once.
func OpenMain(o MainOptions) (*Main, error) {
	m := &Main{level: o.Level, json: o.JSON, journal: o.Journal}
	if o.Stdout {
		m.copy = Stdout
	}
	if o.Path == SyslogName {
		m.header = o.Header
		if o.Remote != nil {
			m.remote = RemoteOf(*o.Remote)
		} else {
			m.syslog = &Syslog{}
		}
		return m, nil
	}
	file, err := Open(o.Path, o.file())
	if err != nil {
		return nil, openError(o.Path, err)
	}
	m.file, m.path = file, o.Path
	if why := file.Denied(); why != "" {
		m.Warnf("the mode and the owner of the main log are as they were: %s", why)
	}
	if o.Stdout && sameFile(int(file.fd), 1) {
		m.copy = nil
	}
	return m, nil
}

func openError(path string, err error) error {
	return fmt.Errorf("could not open log file %s: %w", path, err)
}

// TryMain returns the error of OpenMain, as far as it is known without creating the file. Devices and FIFOs, which have readers, are
// not opened. Source: --check.
func TryMain(path string) error {
	if path == SyslogName {
		return nil
	}
	if err := try(path); err != nil {
		return openError(path, err)
	}
	return nil
}

func try(path string) error {
	if own, ok := inherited(path); ok {
		return syscall.Close(own)
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return syscall.EISDIR
	case err == nil && !info.Mode().IsRegular():
		return nil
	case err == nil:
		fd, _, err := safefile.Open(path, syscall.O_WRONLY|syscall.O_APPEND|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0, safefile.None)
		if err == nil {
			err = syscall.Close(fd)
		}
		return err
	}
	dir, _, err := safefile.OpenDir(path, safefile.None)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.CanCreate()
}

// NewMain makes a main log without a file, for tests and for the time before there is one. The log is locked while w is
// written to, so w must not log.
func NewMain(w io.Writer, level api.Level) *Main { return &Main{level: level, copy: w} }

func sameFile(a, b int) bool {
	var sa, sb syscall.Stat_t
	if syscall.Fstat(a, &sa) != nil || syscall.Fstat(b, &sb) != nil {
		return false
	}
	return sa.Dev == sb.Dev && sa.Ino == sb.Ino
}

// Path is the file's path, empty when the log goes to syslog. Source: readLog.
func (m *Main) Path() string {
	if m == nil {
		return ""
	}
	return m.path
}

// Level is the lowest level that is written.
func (m *Main) Level() api.Level {
	if m == nil {
		return api.Critical
	}
	return m.level
}

// Enabled reports whether a line of this level would be written.
func (m *Main) Enabled(level api.Level) bool { return m != nil && level >= m.level }

// Critf, Errorf, Warnf, Infof, Debugf, Tracef and Blatherf write a line of their level. Control characters in it are escaped.
func (m *Main) Critf(format string, args ...any) { m.logf(api.Critical, format, args) }

func (m *Main) Errorf(format string, args ...any) { m.logf(api.Error, format, args) }

func (m *Main) Warnf(format string, args ...any) { m.logf(api.Warn, format, args) }

func (m *Main) Infof(format string, args ...any) { m.logf(api.Info, format, args) }

func (m *Main) Debugf(format string, args ...any) { m.logf(api.Debug, format, args) }

func (m *Main) Tracef(format string, args ...any) { m.logf(api.Trace, format, args) }

func (m *Main) Blatherf(format string, args ...any) { m.logf(api.Blather, format, args) }

// Log writes a line. Control characters in text are escaped.
func (m *Main) Log(level api.Level, text string) {
	if m.Enabled(level) {
		b := newLine(level)
		*b = oneLine(append(*b, text...), headLength)
		m.write(b, level, nil)
	}
}

// Lines writes a message of several lines: text as Log does, and the lines of rest as they are, but none that begins with a
// date as lines of the log do.
func (m *Main) Lines(level api.Level, text string, rest []byte) {
	if m.Enabled(level) {
		b := newLine(level)
		*b = oneLine(append(*b, text...), headLength)
		if len(rest) > 0 {
			*b = appendLines(append(*b, '\n'), rest)
		}
		m.write(b, level, nil)
	}
}

func (m *Main) logf(level api.Level, format string, args []any) {
	if m.Enabled(level) {
		b := newLine(level)
		*b = oneLine(fmt.Appendf(*b, format, args...), headLength)
		m.write(b, level, nil)
	}
}

// output writes output of a process, at debug, or a description of it if it is not UTF-8, so that the log stays text.
// Source: supervisor.dispatchers.POutputDispatcher.
func (m *Main) output(process string, channel api.Channel, data []byte) {
	if m.Enabled(api.Debug) {
		if !utf8.Valid(data) {
			data = []byte("Undecodable: " + pyrepr.Bytes(data))
		}
		m.Lines(api.Debug, fmt.Sprintf("'%s' %s output:", process, channel), data)
	}
}

var lines = sync.Pool{New: func() any { return new([]byte) }}

// newLine returns a buffer with space for the date and the level behind it.
func newLine(level api.Level) *[]byte {
	b := lines.Get().(*[]byte)
	*b = append((*b)[:0], stampLayout...)
	*b = append(append(*b, level.Tag()...), ' ')
	return b
}

// write puts the date into a line, writes it everywhere and recycles its buffer. Dates are taken under the lock, so they
// ascend. About is the process that it is about, nil for none.
func (m *Main) write(b *[]byte, level api.Level, about *About) {
	*b = append(*b, '\n')
	m.mu.Lock()
	defer m.mu.Unlock()
	var stamp [2 * len(stampLayout)]byte // formatting writes past its end and takes that back
	now := time.Now()
	copy(*b, now.AppendFormat(stamp[:0], stampLayout))
	var object []byte
	if m.json {
		object = jsonLine(now, level, (*b)[headLength:len(*b)-1], about)
	}
	if m.frozen {
		m.held, m.heldJSON = append(m.held, bytes.Clone(*b)), append(m.heldJSON, object)
	} else {
		m.writeLine(*b, object)
	}
	if cap(*b) <= maxKeptLine {
		lines.Put(b)
	}
}

// writeLine writes a line everywhere. Object is the same for JSON, else nil. The lock is held.
func (m *Main) writeLine(b, object []byte) {
	line := b
	if object != nil {
		line = object
	}
	if m.copy != nil {
		m.writeCopy(line)
	}
	m.writeFile(line)
	if m.journal != nil {
		m.journal.Journal.sendLine(m.journal, b)
	}
	if m.syslog != nil || m.remote != nil {
		m.sendSyslog(b)
	}
}

// writeFile writes a line to the file. The lock is held.
func (m *Main) writeFile(line []byte) {
	if m.file == nil {
		return
	}
	_, condition := m.file.Write(line)
	if condition == nil {
		return
	}
	text := describe("log file "+m.path, condition)
	if isWritable(condition) {
		_, _ = m.file.Write(m.dated(text))
		return
	}
	fmt.Fprintf(Stderr, "supervisord: %s\n", text)
}

// writeCopy writes a line to the copy. If its reader does not keep up, the file has a line about that; when it does again,
// both have one about the lines that were dropped. The lock is held.
func (m *Main) writeCopy(line []byte) {
	if m.dropped.lines > 0 {
		note := fmt.Sprintf("%d lines (%d bytes) were dropped here, the reader did not keep up",
			m.dropped.lines, m.dropped.bytes)
		if _, err := m.copy.Write(m.dated(note)); errors.Is(err, ErrBehind) {
			m.dropped.lines++
			m.dropped.bytes += len(line)
			return
		}
		m.writeFile(m.dated(fmt.Sprintf("standard output accepts lines again, %d lines (%d bytes) were dropped",
			m.dropped.lines, m.dropped.bytes)))
		m.dropped = dropped{}
	}
	if _, err := m.copy.Write(line); errors.Is(err, ErrBehind) {
		m.dropped = dropped{1, len(line)}
		m.writeFile(m.dated("standard output does not keep up, lines are dropped there until it does"))
	}
}

// sendSyslog makes each line of a message a record with the message's date and level.
func (m *Main) sendSyslog(b []byte) {
	r := entry{prefix: string(b[:headLength]), suffix: "\n"}
	if r.header = m.header; r.header != nil {
		r.severity, r.suffix = severityOf(b), ""
		if r.header.RFC5424 { // it has the date
			r.prefix = r.prefix[len(stampLayout):]
		}
	}
	for r.line = range linesOf(b[headLength:]) {
		if m.remote != nil {
			m.remote.sendRecord(r)
		} else {
			m.syslog.sendRecord(r)
		}
	}
}

// Reopen opens the file again, after it was moved away. On failure the old one stays in use.
func (m *Main) Reopen() error {
	if m == nil || m.file == nil {
		return nil
	}
	return m.file.Reopen()
}

// Rotate rotates the file now; see File.Rotate.
func (m *Main) Rotate() (rotated bool, err error) {
	if m == nil || m.file == nil {
		return false, nil
	}
	return m.file.Rotate()
}

// Soonest returns when the main log is to get a Tick; zero: never.
func (m *Main) Soonest(now time.Time) time.Time {
	if m == nil {
		return time.Time{}
	}
	return Soonest(now, m.file)
}

// Tick does what is due for the file.
func (m *Main) Tick(now time.Time) {
	if m == nil || m.file == nil {
		return
	}
	if condition := m.file.Tick(now); condition != nil {
		m.Warnf("%s", describe("log file "+m.path, condition))
	}
}

// Clear removes the file and creates it empty; backups stay. Anything but a plain file is left as it is. Source: clearLog.
func (m *Main) Clear() error {
	if m == nil || m.file == nil {
		return nil
	}
	return m.file.Clear()
}

// Close closes file and socket. Lines written afterwards go to the copy only. What is queued for a slow reader is written
// nevertheless; Flush waits for that.
func (m *Main) Close() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.file != nil {
		if condition := m.file.Close(); condition != nil {
			fmt.Fprintf(Stderr, "supervisord: %s\n", describe("log file "+m.path, condition))
		}
	}
	if m.syslog != nil {
		m.syslog.Close()
		m.syslog = nil
	}
	m.remote, m.journal = nil, nil
}
