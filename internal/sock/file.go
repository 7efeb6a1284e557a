package sock

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/safefile"
)

// Attributes are those of the file of a Unix socket.
type Attributes struct {
	Mode     uint32 // permissions
	UID, GID int    // -1: unchanged
}

// OwnerError is the failure to set the owner.
type OwnerError struct{ err error }

func (e *OwnerError) Error() string { return e.err.Error() }
func (e *OwnerError) Unwrap() error { return e.err }

// File is the file of a Unix socket that is being made. It has its attributes, and gets the name at its path by Replace or Link.
// Close releases it, and removes what has no name at the path.
//
// The attributes are set before a user other than root and ours can rename the file: what that user puts in its place keeps its
// own. As root, in a directory that such a user can write, or can lead elsewhere, it is therefore made in a directory of our own
// and then moved.
type File struct {
	safefile.Info
	dir     *safefile.Dir // of the path
	base    string
	holder  *safefile.Dir // where the file is as yet: dir, or the private directory
	name    string        // there
	private string        // name of the private directory in dir; empty: none
}

// OpenDir opens the directory that holds the file at path. Links are followed by the rules of package safefile, where uid is the
// user whose socket it is, -1 for none.
func OpenDir(path string, uid int) (d *safefile.Dir, base string, err error) {
	return safefile.OpenDir(path, max(uid, safefile.None))
}

// Create binds a socket to a file in the directory of path, with a name of its own; temporary if that is possible. If it is
// empty, that is the name at path if possible, and what has it is removed first. The socket must not listen yet.
func Create(fd int, path, temporary string, a Attributes) (f *File, err error) {
	if err := checkLength(path); err != nil {
		return nil, err
	}
	dir, base, err := OpenDir(path, a.UID)
	if err != nil {
		return nil, err
	}
	f = &File{dir: dir, base: base, holder: dir, name: temporary}
	if temporary == "" {
		f.name = base
	}
	var address string
	if safefile.IsProtected(filepath.Dir(path)) {
		if err := dir.Unlink(f.name); err != nil && err != syscall.ENOENT {
			dir.Close()
			return nil, err
		}
		address = filepath.Dir(path) + "/" + f.name
	} else {
		f.name = "s"
		if f.holder, f.private, err = dir.Private(base); err != nil {
			dir.Close()
			return nil, err
		}
		address = f.holder.Path(f.name)
	}
	_ = unix.Fchmod(fd, a.Mode) // on Linux the file is made with this mode, less the umask
	if err := unix.Bind(fd, &unix.SockaddrUnix{Name: address}); err != nil {
		f.name = ""
		f.Close()
		return nil, err
	}
	if err := f.set(a); err != nil {
		f.discard()
		f.Close()
		return nil, err
	}
	return f, nil
}

// set sets the attributes.
func (f *File) set(a Attributes) error {
	e, err := f.holder.Entry(f.name)
	if err != nil {
		return err
	}
	defer e.Close()
	if !e.IsSocket() || f.private != "" && (e.Links != 1 || int(e.UID) != os.Geteuid()) {
		return fmt.Errorf("%s was replaced: %w", f.name, syscall.EPERM)
	}
	if err := e.Chmod(a.Mode); err != nil {
		return err
	}
	if a.UID >= 0 || a.GID >= 0 {
		if err := e.Chown(a.UID, a.GID); err != nil {
			return &OwnerError{err}
		}
	}
	f.Info, err = f.holder.Lstat(f.name)
	return err
}

// Replace gives the file the name at its path, in place of what has it.
func (f *File) Replace() error { return f.Rename(f.base) }

// Rename gives the file a name in the directory of its path that Close leaves.
func (f *File) Rename(name string) error {
	err := error(nil)
	if f.private != "" || f.name != name {
		err = f.dir.Move(f.holder, f.name, name)
	}
	if err == nil {
		f.name = ""
	}
	return err
}

// Link gives the file the name at its path if no other file has it, else the error is EEXIST.
func (f *File) Link() error {
	err := f.dir.LinkFrom(f.holder, f.name, f.base)
	if err == syscall.EPERM || err == syscall.EOPNOTSUPP { // no hard links here
		if _, missing := f.dir.Lstat(f.base); missing == syscall.ENOENT {
			return f.Replace()
		}
		return syscall.EEXIST
	}
	return err
}

// ErrNoSocket is the error of Place if the path has a file of another type, which is not removed.
var ErrNoSocket = fmt.Errorf("the file is not a socket: %w", syscall.EEXIST)

// Place is Link, after it has removed a socket at the path on which no process listens; stale is called before. If one listens, the
// error is EADDRINUSE.
func (f *File) Place(stale func()) error {
	const attempts = 10 // other processes may change the file meanwhile
	for range attempts {
		if err := f.Link(); err != syscall.EEXIST {
			return err
		}
		before, err := f.dir.Lstat(f.base)
		switch {
		case err == syscall.ENOENT:
			continue
		case err != nil:
			return err
		case !before.IsSocket():
			return ErrNoSocket
		case !IsStale(f.dir.Path(f.base)):
			return syscall.EADDRINUSE
		}
		if now, err := f.dir.Lstat(f.base); err != nil || !now.Same(before) {
			continue
		}
		stale()
		if err := f.dir.Unlink(f.base); err != nil && err != syscall.ENOENT {
			return err
		}
	}
	return syscall.EADDRINUSE
}

// Vacant returns an error if a process listens on the socket at path, EADDRINUSE, or if there is a file of another type, ErrNoSocket. Stale
// reports whether there is a socket. Links are followed as in OpenDir.
func Vacant(path string, uid int) (stale bool, err error) {
	dir, base, err := OpenDir(path, uid)
	if err != nil {
		return false, err
	}
	defer dir.Close()
	info, err := dir.Lstat(base)
	switch {
	case err == syscall.ENOENT:
		return false, nil
	case err != nil:
		return false, err
	case !info.IsSocket():
		return false, ErrNoSocket
	case !IsStale(dir.Path(base)):
		return false, syscall.EADDRINUSE
	}
	return true, nil
}

// Change changes the attributes of the file at path if it is this one, else the error is ENOENT. An owner that is -1 becomes ours.
func Change(path string, info safefile.Info, a Attributes) error {
	if a.UID < 0 {
		a.UID = os.Geteuid()
	}
	if a.GID < 0 {
		a.GID = os.Getegid()
	}
	dir, base, err := OpenDir(path, a.UID)
	if err != nil {
		return err
	}
	defer dir.Close()
	e, err := dir.Entry(base)
	if err != nil {
		return err
	}
	defer e.Close()
	if !e.IsSocket() || !e.Same(info) {
		return syscall.ENOENT
	}
	if err := e.Chmod(a.Mode & 0o700); err != nil { // until it has its owner
		return err
	}
	if err := e.Chown(a.UID, a.GID); err != nil {
		return &OwnerError{err}
	}
	return e.Chmod(a.Mode)
}

// discard removes the file.
func (f *File) discard() {
	_ = f.holder.Unlink(f.name)
	f.name = ""
}

// Close releases the file, and removes all of its names but that at the path.
func (f *File) Close() {
	if f.name != "" {
		f.discard()
	}
	if f.private != "" {
		_ = f.dir.Rmdir(f.private)
		f.holder.Close()
	}
	f.dir.Close()
}

// Is reports whether the file at path is this one. Links are followed as in OpenDir.
func Is(path string, uid int, info safefile.Info) bool { return is(path, uid, info, false) }

// Remove removes the file at path if it is this one.
func Remove(path string, uid int, info safefile.Info) { is(path, uid, info, true) }

func is(path string, uid int, info safefile.Info, remove bool) bool {
	dir, base, err := OpenDir(path, uid)
	if err != nil {
		return false
	}
	defer dir.Close()
	if now, err := dir.Lstat(base); err != nil || !now.Same(info) {
		return false
	}
	if remove {
		_ = dir.Unlink(base)
	}
	return true
}
