package statefile

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gosupervisor/supervisor/internal/safefile"
)

// maxSize is the size of the largest file that is read.
const maxSize = 16 << 20

// File is what is kept, and the file of it. Changes are written by one goroutine, which exists only while there are some. New makes
// one.
type File struct {
	data atomic.Pointer[Data]

	mu      sync.Mutex
	path    string    // empty: nothing is written
	waiting []request // that are not being written, in their order
	writing bool      // there is a goroutine
	frozen  bool      // it does not begin with the next ones
	stopped chan struct{}
}

// request is a change, and what waits for it.
type request struct {
	change Change
	done   chan error // capacity 1
}

// New returns a File without a path and data.
func New() *File {
	f := &File{}
	f.data.Store(&Data{})
	return f
}

// Data is what is kept now.
func (f *File) Data() *Data { return f.data.Load() }

// Path is the path of the file, empty for none.
func (f *File) Path() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.path
}

// Open makes a path that of the file, for the next run of supervisord, and reads it. Without a path, the numbers of processes are
// forgotten; what else is in memory remains, also beside what the file has. A file that cannot be read is renamed to PATH.bad, with a
// warning; a missing one is empty. Nothing waits for a change meanwhile.
func (f *File) Open(path string, warn func(format string, args ...any)) {
	before := f.Path()
	var read *Data
	if path != "" && path != before {
		var err error
		if read, err = readFile(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			warn("cannot read the state file %s: %v; supervisord goes on without it, %s", path, err, setAside(path))
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.path = path
	switch {
	case read != nil:
		f.data.Store(read.merge(f.Data()))
	case path == "" && f.Data().Scaled != nil:
		memory := *f.Data()
		memory.Scaled = nil
		f.data.Store(&memory)
	}
}

func readFile(path string) (*Data, error) {
	text, err := safefile.ReadOwn(path, maxSize)
	if err != nil {
		return nil, err
	}
	return decode(text)
}

// setAside renames a file that cannot be read, and returns what became of it.
func setAside(path string) string {
	d, base, err := safefile.OpenDir(path, safefile.None)
	if err == nil {
		defer d.Close()
		err = d.Rename(base, base+".bad")
	}
	if err != nil {
		return "and cannot rename it: " + err.Error()
	}
	return "and has renamed it to " + path + ".bad"
}

// Apply makes a change. Done gets nil when it has been made and is on disk, or why the file cannot be written; then nothing has
// changed. A caller need not wait for it.
func (f *File) Apply(c Change) (done <-chan error) {
	r := request{c, make(chan error, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = append(f.waiting, r)
	f.proceed()
	return r.done
}

// proceed has changes made that wait. The caller holds the lock.
func (f *File) proceed() {
	if f.frozen || f.writing || len(f.waiting) == 0 {
		return
	}
	if f.path == "" || f.after(f.waiting) == f.Data() {
		f.finish(f.waiting, nil)
		f.waiting = nil
		return
	}
	f.writing, f.stopped = true, make(chan struct{})
	go f.write()
}

// after returns the data after some changes.
func (f *File) after(requests []request) *Data {
	d := f.Data()
	for _, r := range requests {
		d = d.with(r.change)
	}
	return d
}

// finish ends requests. The caller holds the lock, which orders the changes.
func (f *File) finish(requests []request, err error) {
	if err == nil {
		f.data.Store(f.after(requests))
	}
	for _, r := range requests {
		r.done <- err
	}
}

// write writes the file until no change waits, all that wait at a time.
func (f *File) write() {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer close(f.stopped)
	for len(f.waiting) > 0 && !f.frozen {
		requests := f.waiting
		f.waiting = nil
		path, text := f.path, f.after(requests).encode()
		f.mu.Unlock()
		err := safefile.ReplaceOwn(path, text, 0o600)
		if err != nil {
			err = fmt.Errorf("cannot write the state file %s: %w", path, err)
		}
		f.mu.Lock()
		f.finish(requests, err)
	}
	f.writing = false
}

// Freeze waits until nothing is being written. After an error, which comes if that takes longer than until the deadline, everything
// goes on; otherwise changes wait until Thaw.
func (f *File) Freeze(deadline time.Time) error {
	f.mu.Lock()
	f.frozen = true
	writing, stopped := f.writing, f.stopped
	f.mu.Unlock()
	if !writing {
		return nil
	}
	late := time.NewTimer(time.Until(deadline))
	defer late.Stop()
	select {
	case <-stopped:
		return nil
	case <-late.C:
		f.Thaw()
		return errors.New("busy: the state file is being written")
	}
}

// Thaw lets changes go on.
func (f *File) Thaw() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.frozen = false
	f.proceed()
}

// State is a File as data.
type State struct {
	Path    string   `json:"path,omitempty"`
	Data    string   `json:"data,omitempty"`    // as the file has it; empty: nothing
	Waiting []Change `json:"waiting,omitempty"` // that are not written
}

// Empty reports whether there is nothing to hand over: no file, and no data.
func (s State) Empty() bool { return s.Path == "" && s.Data == "" && len(s.Waiting) == 0 }

// Export returns the state of a frozen File.
func (f *File) Export() State {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := State{Path: f.path}
	if d := f.Data(); !d.equal(&Data{}) || d.other != nil {
		s.Data = string(d.encode())
	}
	for _, r := range f.waiting {
		s.Waiting = append(s.Waiting, r.change)
	}
	return s
}

// Import makes a File of its state. It is frozen until Begin.
func Import(s State) *File {
	f := New()
	f.path, f.frozen = s.Path, true
	if s.Data != "" {
		if d, err := decode([]byte(s.Data)); err == nil { // else it is of a version that nothing is known of
			f.data.Store(d)
		}
	}
	for _, c := range s.Waiting {
		f.waiting = append(f.waiting, request{c, make(chan error, 1)})
	}
	return f
}

// Begin goes on with an imported File.
func (f *File) Begin() { f.Thaw() }
