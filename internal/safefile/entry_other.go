//go:build unix && !linux

package safefile

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Path is the path of a name.
func (d *Dir) Path(name string) string { return d.path + name }

// Entry returns what a name leads to; of a link, the link.
func (d *Dir) Entry(name string) (*Entry, error) {
	info, err := d.Lstat(name)
	if err != nil {
		return nil, err
	}
	return &Entry{Info: info, fd: -1, dir: d, name: name}, nil
}

// readlink returns the target of a link.
func (e *Entry) readlink() (string, error) {
	target, err := readlinkat(e.dir.fd, e.dir.prefix+e.name)
	if now, err := e.dir.Lstat(e.name); err != nil || now != e.Info {
		return "", syscall.EAGAIN
	}
	return target, err
}

// Chown sets the owner and group; -1 leaves one as it is.
func (e *Entry) Chown(uid, gid int) error {
	return e.change(func(dir int, name string) error {
		return unix.Fchownat(dir, name, uid, gid, unix.AT_SYMLINK_NOFOLLOW)
	})
}

// Chmod sets the permissions.
func (e *Entry) Chmod(mode uint32) error {
	return e.change(func(dir int, name string) error {
		return unix.Fchmodat(dir, name, mode, unix.AT_SYMLINK_NOFOLLOW)
	})
}

// change changes the file if the name still leads to it.
func (e *Entry) change(f func(dir int, name string) error) error {
	now, err := e.dir.Lstat(e.name)
	if err != nil {
		return err
	}
	if !now.Same(e.Info) || now.Links != 1 {
		return syscall.EPERM
	}
	return f(e.dir.fd, e.dir.prefix+e.name)
}
