package safefile

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Dir is a directory that was reached by the rules of Open. What its methods do with a name happens in this directory,
// even if its path leads elsewhere by then, and never through a link at the name. Close releases it.
type Dir struct {
	fd     int    // AT_FDCWD where the rules do not apply
	prefix string // what comes before a name then
	path   string
}

// OpenDir opens the directory that holds the last component of a path, and returns that component. The rules are those of
// Open; links of unprivileged users must lead to a directory in which they could do the same.
func OpenDir(name string, owner int) (d *Dir, base string, err error) {
	prefix, base := filepath.Split(name)
	if base == "" {
		return nil, "", syscall.ENOENT
	}
	d = &Dir{fd: unix.AT_FDCWD, prefix: prefix, path: prefix}
	if !restricted() {
		return d, base, nil
	}
	if prefix == "" {
		prefix = "."
	}
	d.prefix = ""
	if d.fd, _, err = openWithoutLinks(prefix, directoryFlags, 0); err == errLinks {
		d.fd, err = openDirStepwise(prefix, owner)
	}
	if err != nil {
		return nil, "", err
	}
	return d, base, nil
}

// IsProtected reports whether only root can lead a path elsewhere, or rename what root has in the directory. It is true if the
// effective user is not root.
func IsProtected(name string) bool {
	if !restricted() {
		return true
	}
	var w walk
	defer w.close()
	_, err := w.to(strings.TrimRight(name, "/")+"/.", true)
	return err == nil && len(w.passed) == 0 && !w.exposed
}

func openDirStepwise(name string, owner int) (fd int, err error) {
	for range attempts {
		w := walk{owner: uint32(max(owner, 0))}
		if _, err = w.to(strings.TrimRight(name, "/")+"/.", true); err == nil {
			err = w.allowDirectory()
		}
		if err == nil {
			fd, err = unix.FcntlInt(uintptr(w.top().fd), unix.F_DUPFD_CLOEXEC, 3)
		}
		w.close()
		if err != errChanged {
			return fd, err
		}
	}
	return -1, syscall.ELOOP
}

// Close releases the directory.
func (d *Dir) Close() {
	if d.fd != unix.AT_FDCWD {
		_ = unix.Close(d.fd)
	}
}

// Open opens or creates a file of the directory, close-on-exec. A link at the name is ELOOP.
func (d *Dir) Open(name string, flags int, mode uint32) (fd int, info Info, err error) {
	fd, err = openat(d.fd, d.prefix+name, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
	if err != nil {
		return -1, info, err
	}
	if info, err = Stat(fd); err != nil {
		_ = unix.Close(fd)
		return -1, info, err
	}
	return fd, info, nil
}

// Lstat returns what the name leads to; of a link, the link.
func (d *Dir) Lstat(name string) (Info, error) { return lstat(d.fd, d.prefix+name) }

// Rename renames within the directory, and replaces what has the new name.
func (d *Dir) Rename(old, name string) error {
	return unix.Renameat(d.fd, d.prefix+old, d.fd, d.prefix+name)
}

// Link gives a file of the directory a second name in it.
func (d *Dir) Link(old, name string) error {
	return unix.Linkat(d.fd, d.prefix+old, d.fd, d.prefix+name, 0)
}

// Unlink removes a name that is not that of a directory.
func (d *Dir) Unlink(name string) error { return unix.Unlinkat(d.fd, d.prefix+name, 0) }

// SetModified sets when a file was written to last, in nanoseconds since 1970.
func (d *Dir) SetModified(name string, modified int64) error {
	at := unix.NsecToTimespec(modified)
	return unix.UtimesNanoAt(d.fd, d.prefix+name, []unix.Timespec{at, at}, unix.AT_SYMLINK_NOFOLLOW)
}

// CanCreate returns the error of creating a name in the directory for lack of permission, or because it does not exist.
func (d *Dir) CanCreate() error { return unix.Faccessat(d.fd, d.prefix+".", unix.W_OK|unix.X_OK, 0) }

// Names returns the names in the directory.
func (d *Dir) Names() ([]string, error) {
	name := d.prefix + "."
	fd, err := openat(d.fd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), d.path)
	defer f.Close()
	return f.Readdirnames(-1)
}

// MakeDir makes a directory and those on the way to it that are missing, by the rules of Open, with a mode of 0755 before the umask. The last
// one is given to a user and a group; -1: unchanged. What exists is left as it is.
func MakeDir(name string, owner, uid, gid int) error {
	name = strings.TrimRight(name, "/")
	if name == "" {
		return nil
	}
	d, base, err := OpenDir(name, owner)
	if err == nil { // which says nothing about the directory where the rules do not apply
		if _, err = d.Lstat("."); err != nil {
			d.Close()
		}
	}
	if err == syscall.ENOENT {
		if parent := filepath.Dir(name); parent != name && parent != "." {
			if err = MakeDir(parent, owner, -1, -1); err == nil {
				d, base, err = OpenDir(name, owner)
			}
		}
	}
	if err != nil {
		return err
	}
	defer d.Close()
	return d.makeDir(base, uid, gid)
}

// makeDir makes a directory in d, unless the name leads to one.
func (d *Dir) makeDir(name string, uid, gid int) error {
	switch err := unix.Mkdirat(d.fd, d.prefix+name, 0o755); {
	case err == syscall.EEXIST:
		return nil // what it is, its use will show
	case err != nil:
		return err
	case uid < 0 && gid < 0:
		return nil
	}
	e, err := d.Entry(name)
	if err != nil {
		return err
	}
	defer e.Close()
	if !e.is(unix.S_IFDIR) || e.UID != uint32(effectiveUID()) {
		return syscall.EPERM // it was replaced
	}
	return e.Chown(uid, gid)
}
