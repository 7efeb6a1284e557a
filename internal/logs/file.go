package logs

import (
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// piece is the largest part of a write between two looks at the size while rotation is on, in bytes. It is what the
// original reads from a pipe at once, so that files grow past their limit by no more than there.
const piece = 128 << 10

// File is a log that is appended to, on a raw descriptor: thousands of them exist, and an os.File each would cost
// memory and a place in the poller. Targets that are no plain files (pipes, devices) are never rotated nor cleared, and
// a write to them never waits.
type File struct {
	mu      sync.Mutex
	path    string
	max     int64     // bytes; 0: never rotate
	size    int64     // bytes, as far as we know without asking
	lost    int64     // bytes that could not be written
	told    int64     // bytes of these that somebody has been told of
	failed  time.Time // when writing failed last
	looked  time.Time // when we last made sure that the file still has a name
	unsure  int64     // bytes written since
	fd      int32     // -1 when closed
	backups int32
	mode    uint32                // for creating; the umask applies
	plain   bool                  // a regular file that is not reached through /dev or /proc
	gone    bool                  // the file has no name any more, and could not be made again
	failing bool                  // writing fails, and that has been reported
	stuck   bool                  // so does rotation
	relay   atomic.Pointer[relay] // of what may keep a writer waiting, else nil
}

// FileOptions says how a File is created and rotated. The zero value is a file that grows without limit.
type FileOptions struct {
	MaxBytes int64       // rotate at this size; 0 or less: never
	Backups  int         // how many rotated files to keep; 0 or less: none, the file is emptied instead
	Mode     fs.FileMode // permission bits before the umask; 0: 0666. Rotation and Clear keep them
}

// Open opens path for appending and creates it if need be, but not its directory. The error is a syscall.Errno: its
// text is for the caller to find. Opening a FIFO does not wait for a reader; without one it fails with ENXIO.
func Open(path string, o FileOptions) (*File, error) {
	mode := uint32(o.Mode.Perm())
	if mode == 0 {
		mode = 0o666
	}
	f := &File{path: path, max: max(o.MaxBytes, 0), fd: -1, backups: int32(max(o.Backups, 0)), mode: mode}
	fd, err := f.openBase(0)
	if err != nil {
		return nil, err
	}
	f.use(fd)
	return f, nil
}

// openBase opens the file itself, with more flags when the caller needs them.
func (f *File) openBase(flags int) (int, error) {
	flags |= syscall.O_WRONLY | syscall.O_APPEND | syscall.O_CREAT | syscall.O_CLOEXEC | syscall.O_NONBLOCK
	for {
		fd, err := syscall.Open(f.path, flags, f.mode)
		if err != nil && err != syscall.EINTR {
			if own, ok := inherited(f.path); ok {
				return own, nil
			}
		}
		if err != syscall.EINTR {
			return fd, err
		}
	}
}

// use takes fd as the file's descriptor in place of the one it has.
func (f *File) use(fd int) {
	var next *relay
	var st syscall.Stat_t
	err := syscall.Fstat(fd, &st)
	regular := err == nil && st.Mode&syscall.S_IFMT == syscall.S_IFREG
	if err == nil && !regular {
		next, _ = targets.acquire(fd, &st) // without one, a target that takes nothing loses output
	}
	f.closeFD()
	if f.gone { // what was written lately is nowhere, and writing begins to work
		f.lost, f.failed, f.gone = f.lost+f.unsure, time.Time{}, false
	}
	f.fd, f.size, f.plain, f.unsure = int32(fd), 0, false, 0
	f.relay.Store(next)
	if regular {
		f.size = st.Size
		f.plain = !strings.HasPrefix(f.path, "/dev/") && !strings.HasPrefix(f.path, "/proc/")
		f.looked = time.Now()
	}
}

func (f *File) closeFD() {
	if f.fd >= 0 {
		_ = syscall.Close(int(f.fd))
		f.fd = -1
	}
	if r := f.relay.Swap(nil); r != nil {
		targets.release(r)
	}
}

// Write appends p and rotates when the file has reached its limit. It returns how many bytes arrived; what did not is
// counted by Lost. The error is news, for whoever tells people about it: a failure is returned once and not for every
// line, and so is its end, as a Resumed. After Close nothing is written and nothing is an error.
func (f *File) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r := f.relay.Load(); r != nil {
		lost, err := r.send(p)
		f.lost += lost
		return max(0, len(p)-int(lost)), f.report(err)
	}
	news := f.look()
	written := 0
	for len(p) > 0 && f.fd >= 0 {
		part := p
		if f.max > 0 && f.plain {
			part = p[:min(len(p), piece)]
		}
		p = p[len(part):]
		n, err := f.writeAll(part)
		written += n
		if err != nil {
			f.lost += int64(len(p))
			p = nil
		}
		news = first(news, f.report(err))
		if err == nil && f.max > 0 && f.plain {
			news = first(news, f.reportRotation(f.rotateIfDue()))
		}
	}
	return written, news
}

// first is the news that is told when there are two at once: the other one comes again, or is nothing new by then.
func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// writeAll writes p whole, or counts the rest as lost.
func (f *File) writeAll(p []byte) (written int, err error) {
	written, err = writeNow(int(f.fd), p)
	f.size += int64(written)
	f.unsure += int64(written)
	f.lost += int64(len(p) - written)
	return written, err
}

// Room is nil while the file takes more. Otherwise its reader is slow, whoever can wait should do so, and the channel
// closes when it goes on.
func (f *File) Room() <-chan struct{} {
	if r := f.relay.Load(); r != nil {
		return r.roomLater()
	}
	return nil
}

// Reopen opens the path again, for when someone moved the file away. On failure the old descriptor stays in use and
// the error is returned. After Close it does nothing.
func (f *File) Reopen() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 {
		return nil
	}
	fd, err := f.openBase(0)
	if err != nil {
		return err
	}
	f.use(fd)
	return nil
}

// Clear removes the file and creates it empty; backups stay. Pipes, devices and links are left alone, and that is no
// error. After Close it does nothing; for that there is the function Clear.
func (f *File) Clear() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 || !f.plain {
		return nil
	}
	cleared, err := unlinkRegular(f.path)
	if err != nil || !cleared {
		return err
	}
	fd, err := f.openBase(0)
	if err != nil {
		return err
	}
	f.use(fd)
	return nil
}

// Clear empties the log of a process that has it not open, as File.Clear does, keeping its permissions. A missing
// file stays missing.
func Clear(path string) error {
	var st syscall.Stat_t
	if err := syscall.Lstat(path, &st); err != nil {
		return ignoreMissing(err)
	}
	if st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return nil
	}
	f := File{path: path, fd: -1, mode: uint32(st.Mode) & 0o777}
	if _, err := unlinkRegular(path); err != nil {
		return err
	}
	fd, err := f.openBase(0)
	if err != nil {
		return err
	}
	return syscall.Close(fd)
}

// unlinkRegular removes path if it is a plain file. A missing one counts as removed.
func unlinkRegular(path string) (removed bool, err error) {
	var st syscall.Stat_t
	if err := syscall.Lstat(path, &st); err != nil {
		return err == syscall.ENOENT, ignoreMissing(err)
	}
	if st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return false, nil
	}
	return true, ignoreMissing(syscall.Unlink(path))
}

func ignoreMissing(err error) error {
	if err == syscall.ENOENT {
		return nil
	}
	return err
}

// Close closes the file. The error is news as that of Write: output was lost that nobody was told of. A second Close does
// nothing.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fd < 0 {
		return nil
	}
	f.closeFD()
	if f.gone {
		f.lost += f.unsure
	}
	if untold := f.lost - f.told; untold > 0 {
		f.told = f.lost
		return &Lost{Bytes: untold}
	}
	return nil
}

// Path is the path the file was opened by.
func (f *File) Path() string { return f.path }

// Regular is true for a plain file: one that can be rotated and cleared.
func (f *File) Regular() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.plain
}

// Lost is how many bytes could not be written since the file was opened.
func (f *File) Lost() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lost
}
