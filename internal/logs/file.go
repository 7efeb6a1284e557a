package logs

import (
	"io/fs"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// piece is the largest part of a write between two looks at the size while rotation is on, in bytes. It is what the
// original reads from a pipe at once, so that files grow past their limit by no more than there.
const piece = 128 << 10

// File is a log that is appended to, on a raw descriptor: thousands of them exist, and an os.File each would cost
// memory and a place in the poller. Targets that are no plain files (pipes, devices) are never rotated nor cleared.
type File struct {
	mu      sync.Mutex
	path    string
	max     int64 // bytes; 0: never rotate
	size    int64 // bytes, as far as we know without asking
	lost    int64 // bytes
	fd      int32 // -1 when closed
	backups int32
	mode    uint32 // for creating; the umask applies
	plain   bool   // a regular file that is not reached through /dev or /proc
	failing bool   // the last write failed, and that has been reported
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
		if err != syscall.EINTR {
			return fd, err
		}
	}
}

// use takes fd as the file's descriptor in place of the one it has.
func (f *File) use(fd int) {
	f.closeFD()
	f.fd = int32(fd)
	f.size, f.plain = 0, false
	var st syscall.Stat_t
	if err := syscall.Fstat(fd, &st); err != nil || st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return
	}
	f.size = st.Size
	f.plain = !strings.HasPrefix(f.path, "/dev/") && !strings.HasPrefix(f.path, "/proc/")
}

func (f *File) closeFD() {
	if f.fd >= 0 {
		_ = syscall.Close(int(f.fd))
		f.fd = -1
	}
}

// Write appends p and rotates when the file has reached its limit. It returns how many bytes arrived; what did not is
// counted by Lost. An error is returned only for the first of a row of failures, so that a full disk is reported once
// and not for every line. After Close nothing is written and nothing is an error.
func (f *File) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.max == 0 || !f.plain {
		n, err := f.writeAll(p)
		return n, f.report(err)
	}
	written := 0
	for len(p) > 0 && f.fd >= 0 {
		part := p[:min(len(p), piece)]
		p = p[len(part):]
		n, err := f.writeAll(part)
		written += n
		if err == nil {
			err = f.rotateIfDue()
		} else {
			f.lost += int64(len(p))
			p = nil
		}
		if err := f.report(err); err != nil {
			f.lost += int64(len(p))
			return written, err
		}
	}
	return written, nil
}

// report lets an error through when it is the first of a row.
func (f *File) report(err error) error {
	if err == nil {
		f.failing = false
		return nil
	}
	if f.failing {
		return nil
	}
	f.failing = true
	return err
}

// writeAll writes p whole, or counts the rest as lost.
func (f *File) writeAll(p []byte) (written int, err error) {
	for len(p) > 0 && f.fd >= 0 {
		n, err := syscall.Write(int(f.fd), p)
		if n > 0 {
			written += n
			f.size += int64(n)
			p = p[n:]
			continue
		}
		switch err {
		case syscall.EINTR:
		case syscall.EAGAIN:
			f.waitWritable()
		case nil:
			f.lost += int64(len(p))
			return written, syscall.EIO
		default:
			f.lost += int64(len(p))
			return written, err
		}
	}
	return written, nil
}

// waitWritable waits for room in a pipe, without the lock: Reopen and Close must not wait for whoever reads it. The
// descriptor may be another one afterwards, which is why the wait ends now and then.
func (f *File) waitWritable() {
	fd := f.fd
	f.mu.Unlock()
	waitWritable(fd)
	f.mu.Lock()
}

// waitWritable waits a second at most for a descriptor to take more.
func waitWritable(fd int32) {
	_, _ = unix.Poll([]unix.PollFd{{Fd: fd, Events: unix.POLLOUT}}, 1000)
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

// Close closes the file. A second Close does nothing.
func (f *File) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closeFD()
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
