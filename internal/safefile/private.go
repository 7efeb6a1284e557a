package safefile

import (
	"crypto/rand"
	"syscall"

	"golang.org/x/sys/unix"
)

// Private makes a directory in d that only we can use, under a new name that begins with base, and returns both. What is made
// there has its owner and mode before it gets a name in d.
func (d *Dir) Private(base string) (private *Dir, name string, err error) {
	err = syscall.EEXIST
	for n := 0; n < attempts && err == syscall.EEXIST; n++ {
		name = base + "." + rand.Text()[:8]
		err = unix.Mkdirat(d.fd, d.prefix+name, 0o700)
	}
	if err != nil {
		return nil, "", err
	}
	fd, err := openat(d.fd, d.prefix+name, directoryFlags, 0)
	if err == nil {
		var info Info
		if info, err = Stat(fd); err == nil && (info.UID != uint32(effectiveUID()) || info.Mode&0o077 != 0) {
			err = syscall.EPERM // it was replaced
		}
		if err == nil {
			return &Dir{fd: fd, path: d.path + name + "/"}, name, nil
		}
		_ = unix.Close(fd)
	}
	_ = d.Rmdir(name)
	return nil, "", err
}

// Rmdir removes an empty directory of d.
func (d *Dir) Rmdir(name string) error { return unix.Unlinkat(d.fd, d.prefix+name, unix.AT_REMOVEDIR) }

// Move renames a file of another directory to a name in d, and replaces what has that name.
func (d *Dir) Move(from *Dir, old, name string) error {
	return unix.Renameat(from.fd, from.prefix+old, d.fd, d.prefix+name)
}

// LinkFrom gives a file of another directory a second name, in d.
func (d *Dir) LinkFrom(from *Dir, old, name string) error {
	return unix.Linkat(from.fd, from.prefix+old, d.fd, d.prefix+name, 0)
}
