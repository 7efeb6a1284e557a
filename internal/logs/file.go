package logs

import (
	"io/fs"
	"math"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/rotation"
	"github.com/gosupervisor/supervisor/internal/safefile"
)

// piece is the largest part of a write between two checks of the size while rotation is on, in bytes. It is what the
// original reads from a pipe at once, so that files grow past their limit by no more than there.
const piece = 128 << 10

// File is a log that is appended to, on a raw descriptor: thousands of them exist, and an os.File each would cost memory
// and a place in the poller. Targets that are no plain files (pipes, devices) are never rotated or cleared, and writing to
// them does not block.
type File struct {
	mu         sync.Mutex
	path       string
	max        int64     // bytes; 0: never rotate
	size       int64     // bytes, without what other programs did to the file
	logged     int64     // bytes that were written or queued
	lost       int64     // bytes that could not be written
	reported   int64     // bytes of these that were reported
	failed     time.Time // when writing failed last
	checkedAt  time.Time // when checkLinked last did so
	sinceCheck int64     // bytes written since
	fd         int32     // -1 when closed
	backups    int32
	mode       uint32 // for creating; the umask applies
	owner      int32  // the user of the program; 0: root, or none
	comparedAt int32  // when comparePath last did so, in seconds since the start of the program
	rotations  uint32

	plain           bool                        // a regular file that is not reached through /dev or /proc
	unlinked        bool                        // the file has no name any more, and could not be created again
	renamed         bool                        // the path leads to another file, which could not be opened; reported
	failing         bool                        // writing fails, and that was reported
	rotationFailing bool                        // so does rotation
	torn            bool                        // a record was written in part
	tee             bool                        // callers do not wait: what the target does not take is held of budget.Tees, or dropped
	async           atomic.Pointer[asyncWriter] // of a target that may block, else nil
	keys            *fileKeys                   // nil: it is rotated by its size alone
}

// FileOptions says how a File is created and rotated. The zero value is a file that grows without limit.
type FileOptions struct {
	MaxBytes int64       `json:"maxbytes,omitempty"` // rotate at this size; 0 or less: never
	Backups  int         `json:"backups,omitempty"`  // how many rotated files to keep; 0 or less: none, the file is emptied instead
	Mode     fs.FileMode `json:"mode,omitempty"`     // permission bits before the umask; 0: 0664. Rotation and Clear keep them
	Owner    int         `json:"owner,omitempty"`    // the user of the program, as for Source

	Tee      bool             `json:"tee,omitempty"`      // it is a further destination of a log, for which callers do not wait
	MakeDirs bool             `json:"makedirs,omitempty"` // make missing directories of the path
	Access   *Access          `json:"access,omitempty"`   // mode and owner; nil: by the umask
	Rotation *rotation.Policy `json:"rotation,omitempty"` // when else it is rotated, and what is done with rotated files; nil: nothing
}

// defaultMode is the permission of a log, before the umask. With any value other users never write to it.
const defaultMode = 0o664

// Open opens path for appending and creates the file, but not its directory, by the rules of safefile.Open. The error holds a
// syscall.Errno. Opening a FIFO does not wait for a reader; without one it fails with ENXIO.
func Open(path string, o FileOptions) (*File, error) {
	f := newFile(path, o)
	if err := f.open(0); err != nil {
		return nil, err
	}
	if f.keys != nil {
		f.begin(time.Now())
	}
	return f, nil
}

// newFile makes a File that is not open.
func newFile(path string, o FileOptions) *File {
	mode := uint32(o.Mode.Perm())
	if mode == 0 {
		mode = defaultMode
	}
	f := &File{path: path, fd: -1, mode: mode, owner: int32(o.Owner), tee: o.Tee}
	f.setOptions(o)
	if o.Access != nil && o.Access.Exact {
		f.mode = o.Access.Mode
	}
	return f
}

// open opens the file itself, with additional flags, and uses the new descriptor. On failure the old one stays in use.
func (f *File) open(flags int) error {
	flags |= syscall.O_WRONLY | syscall.O_APPEND | syscall.O_CREAT | syscall.O_NONBLOCK | syscall.O_NOCTTY
	fd, info, err := safefile.Open(f.path, flags, f.mode, int(f.owner))
	if err == syscall.ENOENT && f.keys != nil && f.keys.makeDirs {
		if err = f.makeDir(); err == nil {
			fd, info, err = safefile.Open(f.path, flags, f.mode, int(f.owner))
		}
	}
	if err != nil {
		own, ok := inherited(f.path)
		if !ok {
			return err
		}
		if info, err = safefile.Stat(own); err != nil {
			_ = syscall.Close(own)
			return err
		}
		fd, info.Shared = own, true
	}
	f.use(fd, info)
	if f.keys != nil {
		f.setAccess()
	}
	return nil
}

// use replaces the file's descriptor by fd.
func (f *File) use(fd int, info safefile.Info) {
	var next *asyncWriter
	if !info.IsRegular() {
		next, _ = writers.acquire(fd, inodeOf(info)) // without one, a target that blocks loses output
	}
	f.closeFD()
	if f.unlinked { // recent bytes went to the unlinked file; the zero time ends the failure at once
		f.lost, f.failed, f.unlinked = f.lost+f.sinceCheck, time.Time{}, false
	}
	f.fd, f.size, f.plain, f.sinceCheck, f.renamed = int32(fd), 0, false, 0, false
	f.async.Store(next)
	if info.IsRegular() {
		f.size, f.plain, f.checkedAt = info.Size, !info.Shared, time.Now()
		if f.keys != nil {
			f.keys.expect(info, f.checkedAt)
		}
		f.comparedAt = seconds(f.checkedAt)
	}
	f.torn = f.torn && f.size > 0
}

func (f *File) closeFD() {
	if f.fd >= 0 {
		_ = syscall.Close(int(f.fd))
		f.fd = -1
	}
	if w := f.async.Swap(nil); w != nil {
		writers.release(w)
	}
}

// Write appends p and rotates when the file has reached its limit. It returns how many bytes were written or queued. The
// error is a condition: each is reported once and not for every write, and once more when it is over. After Close nothing
// is written and nothing is an error.
func (f *File) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.write(p, piece)
}

// WriteRecords is Write of whole lines, of which no file has a part unless writing fails. Then the rest is lost, and what comes next
// begins a line.
func (f *File) WriteRecords(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.torn {
		p = append([]byte{'\n'}, p...)
	}
	n, condition := f.write(p, len(p))
	if n > 0 || !f.torn {
		f.torn = n > 0 && n < len(p) && p[n-1] != '\n'
	}
	return n, condition
}

// Room is how many bytes the file takes before it is rotated.
func (f *File) Room() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.max <= 0 || !f.plain {
		return math.MaxInt
	}
	return int(max(f.max-f.size, 0))
}

// write is Write in parts of a size. The lock is held.
func (f *File) write(p []byte, most int) (int, error) {
	if w := f.async.Load(); w != nil {
		lost, err := w.sendWithin(p, f.budget())
		f.lost += lost
		sent := max(0, len(p)-int(lost))
		f.logged += int64(sent)
		return sent, f.report(err)
	}
	condition := f.checkLinked()
	if f.keys != nil {
		condition = first(condition, f.reportRotation(f.rotateByTime(time.Now())))
	}
	written := 0
	for len(p) > 0 && f.fd >= 0 {
		part := p
		if f.max > 0 && f.plain {
			part = p[:min(len(p), most)]
		}
		p = p[len(part):]
		n, err := f.writeAll(part)
		written += n
		if err != nil {
			f.lost += int64(len(p))
			p = nil
		}
		condition = first(condition, f.report(err))
		if err == nil && f.max > 0 && f.plain {
			condition = first(condition, f.reportRotation(f.rotateIfDue()))
		}
	}
	return written, condition
}

// budget is of what is held that waits for the target; nil: callers wait.
func (f *File) budget() *budget.Budget {
	if f.tee {
		return budget.Tees
	}
	return nil
}

// first is the condition to report of two. The other one is found again by a later write, or over by then.
func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// writeAll writes p, or counts the rest as lost.
func (f *File) writeAll(p []byte) (written int, err error) {
	written, err = writeNow(int(f.fd), p)
	f.size += int64(written)
	f.logged += int64(written)
	f.sinceCheck += int64(written)
	f.lost += int64(len(p) - written)
	return written, err
}

// Backpressure returns nil, or a channel that closes when the target accepts more: until then callers that can wait should
// not write.
func (f *File) Backpressure() <-chan struct{} {
	if w := f.async.Load(); w != nil {
		return w.backpressure()
	}
	return nil
}

// Reopen opens the path again, after the file was moved away. On failure the old descriptor stays in use and the error is
// returned. After Close it does nothing.
func (f *File) Reopen() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 {
		return nil
	}
	return f.open(0)
}

// Configure changes how the file is rotated, from the next write on. Mode and owner stay.
func (f *File) Configure(o FileOptions) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.setOptions(o)
	if f.keys != nil && f.fd >= 0 {
		f.setAccess()
		f.tend()
	}
}

// Move goes on in another file. After an error it goes on in the one before.
func (f *File) Move(path string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 {
		return nil
	}
	before := f.path
	f.path = path
	err := f.open(0)
	if err != nil {
		f.path = before
	}
	return err
}

// Clear removes the file and creates it empty; backups stay. Pipes, devices and links are left as they are, without an
// error. After Close it does nothing: see the function Clear.
func (f *File) Clear() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 || !f.plain {
		return nil
	}
	if _, cleared, err := f.source().remove(); err != nil || !cleared {
		return err
	}
	return f.open(0)
}

func (f *File) source() Source { return Source{f.path, int(f.owner)} }

// Clear empties a log file that is not open, as File.Clear does, and keeps its permissions. A missing file stays missing.
func Clear(log Source) error {
	mode, removed, err := log.remove()
	if err != nil || !removed || mode == 0 {
		return err
	}
	flags := syscall.O_WRONLY | syscall.O_APPEND | syscall.O_CREAT | syscall.O_NONBLOCK
	fd, _, err := safefile.Open(log.Path, flags, mode&^0o002, log.Owner)
	if err != nil {
		return err
	}
	return syscall.Close(fd)
}

// remove removes the log if it is a plain file, and returns its mode. A missing one counts as removed; its mode is 0.
func (s Source) remove() (mode uint32, removed bool, err error) {
	dir, base, err := safefile.OpenDir(s.Path, s.Owner)
	if err != nil {
		return 0, err == syscall.ENOENT, ignoreMissing(err)
	}
	defer dir.Close()
	info, err := dir.Lstat(base)
	if err != nil {
		return 0, err == syscall.ENOENT, ignoreMissing(err)
	}
	if !info.IsRegular() {
		return 0, false, nil
	}
	return info.Mode & 0o777, true, ignoreMissing(dir.Unlink(base))
}

func ignoreMissing(err error) error {
	if err == syscall.ENOENT {
		return nil
	}
	return err
}

// Close closes the file. The error is a condition: output was lost that was not reported yet. A second Close does nothing.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 {
		return nil
	}
	f.closeFD()
	if f.unlinked {
		f.lost += f.sinceCheck
	}
	if unreported := f.lost - f.reported; unreported > 0 {
		f.reported = f.lost
		return &lostAtEnd{unreported}
	}
	return nil
}

// Counted is what has been counted since the file was opened, and its size in bytes, without what other programs did to it; -1 if it is
// not a plain file.
func (f *File) Counted() (counted history.Output, size int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	lost := f.lost
	if f.unlinked { // what was written last went to a file without a name
		lost += f.sinceCheck
	}
	if size = f.size; !f.plain {
		size = -1
	}
	return history.Output{Logged: f.logged, Lost: lost, Rotations: f.rotations}, size
}

// Path is the path the file was opened by.
func (f *File) Path() string { return f.path }
