package logs

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// Tee is a file that the output of a process goes to besides its log. What writes to it never waits and never fails: output is dropped and
// counted while the target takes no more, and also while it cannot be opened, which is tried again with later output. Conditions are
// reported in the main log. Any goroutine may call it. Source: stdout_logfile_tee.
type Tee struct {
	path    string
	process string
	main    *Main

	mu      sync.Mutex
	options FileOptions
	file    *File // nil: it is not open
	wanted  bool  // it is to be open
	denied  bool  // it could not be opened, which was reported
	tried   time.Time
	lost    int64 // bytes that came while it was not open
}

// teeRetry is the least time between two attempts to open a Tee.
const teeRetry = time.Second

// NewTee makes a Tee that is not open.
func NewTee(path, process string, main *Main) *Tee {
	return &Tee{path: path, process: process, main: main}
}

// Path is the path of the file.
func (t *Tee) Path() string { return t.path }

// Open opens the file, or tries to.
func (t *Tee) Open(o FileOptions) {
	t.mu.Lock()
	o.Tee = true
	t.options, t.wanted = o, true
	condition := t.open(time.Now())
	t.mu.Unlock()
	t.report(condition)
}

// open opens the file if it is to be open and is not. The error is a condition. The lock is held.
func (t *Tee) open(now time.Time) error {
	if t.file != nil || !t.wanted {
		return nil
	}
	t.tried = now
	file, err := Open(t.path, t.options)
	if err != nil {
		if t.denied {
			return nil
		}
		t.denied = true
		return err
	}
	t.file = file
	if !t.denied {
		return nil
	}
	lost := t.lost
	t.denied, t.lost = false, 0
	return &resumed{lost}
}

// report logs a condition, nil for none.
func (t *Tee) report(condition error) {
	if condition == nil {
		return
	}
	what := "log file " + t.path + " (tee) of process '" + t.process + "'"
	text := describe(what, condition)
	if errors.Is(condition, ErrBehind) {
		text = fmt.Sprintf("%s takes no more, it is dropped there until it does", what)
	}
	t.main.Warnf("%s", text)
}

// File returns the file, nil if it is not open.
func (t *Tee) File() *File {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.file
}

// target returns the file to write n bytes to, and nil if they are lost.
func (t *Tee) target(n int) *File {
	t.mu.Lock()
	var condition error
	if now := time.Now(); t.file == nil && now.Sub(t.tried) >= teeRetry {
		condition = t.open(now)
	}
	if t.file == nil && t.wanted {
		t.lost += int64(n)
	}
	file := t.file
	t.mu.Unlock()
	t.report(condition)
	return file
}

// Write appends a chunk.
func (t *Tee) Write(chunk []byte) {
	if file := t.target(len(chunk)); file != nil {
		_, condition := file.Write(chunk)
		t.report(condition)
	}
}

// WriteRecords appends whole lines, as File.WriteRecords does.
func (t *Tee) WriteRecords(records []byte) {
	if file := t.target(len(records)); file != nil {
		_, condition := file.WriteRecords(records)
		t.report(condition)
	}
}

// Room is that of the file.
func (t *Tee) Room() int {
	if file := t.File(); file != nil {
		return file.Room()
	}
	return math.MaxInt
}

// Configure changes how the file is rotated.
func (t *Tee) Configure(o FileOptions) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o.Tee = true
	t.options = o
	if t.file != nil {
		t.file.Configure(o)
	}
}

// Tick does what is due for the file, at its Due.
func (t *Tee) Tick(now time.Time) {
	if file := t.File(); file != nil {
		t.report(file.Tick(now))
	}
}

// Reopen opens the file again. On failure the old one stays in use.
func (t *Tee) Reopen() error {
	t.mu.Lock()
	file, condition := t.file, t.open(time.Now())
	t.mu.Unlock()
	t.report(condition)
	if file == nil {
		return nil
	}
	return file.Reopen()
}

// Rotate rotates the file as File.Rotate does, also one that is not open.
func (t *Tee) Rotate(owner int, o FileOptions) (rotated bool, err error) {
	if file := t.File(); file != nil {
		return file.Rotate()
	}
	return Rotate(Source{t.path, owner}, o)
}

// Clear empties the file as File.Clear does, also one that is not open.
func (t *Tee) Clear(owner int) error {
	if file := t.File(); file != nil {
		return file.Clear()
	}
	return Clear(Source{t.path, owner})
}

// Close closes the file. Output that was lost is reported.
func (t *Tee) Close() {
	t.mu.Lock()
	var condition error
	switch {
	case t.file != nil:
		condition = t.file.Close()
	case t.lost > 0:
		condition = &lostAtEnd{t.lost}
	}
	t.file, t.wanted, t.denied, t.lost = nil, false, false, 0
	t.mu.Unlock()
	t.report(condition)
}

// TeeState is the state of a Tee.
type TeeState struct {
	Path   string     `json:"path"`
	File   *FileState `json:"file,omitempty"`
	Wanted bool       `json:"wanted,omitempty"`
	Denied bool       `json:"denied,omitempty"`
	Lost   int64      `json:"lost,omitempty"`
}

// Export returns the state. No one writes to it.
func (t *Tee) Export(w *handover.Writer) TeeState {
	t.mu.Lock()
	defer t.mu.Unlock()
	return TeeState{Path: t.path, File: t.file.Export(w), Wanted: t.wanted, Denied: t.denied, Lost: t.lost}
}

// Import gives a Tee that is not open the state of another one. Its target has been imported.
func (t *Tee) Import(r *handover.Reader, s TeeState, o FileOptions) {
	o.Tee = true
	t.options, t.wanted, t.denied, t.lost = o, s.Wanted, s.Denied, s.Lost
	t.file = ImportFile(r, s.File, t.path, o)
}
