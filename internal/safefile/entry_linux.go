package safefile

import (
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Path is a path of the name, for calls that take no descriptor, such as bind. Links at the name itself are followed by calls
// that follow links. Without /proc it is the plain path.
func (d *Dir) Path(name string) string {
	if d.fd != unix.AT_FDCWD {
		if path := proc(d.fd) + "/" + name; unix.Access(proc(d.fd), unix.F_OK) == nil {
			return path
		}
	}
	return d.path + name
}

// proc is the link of the kernel to what a descriptor leads to.
func proc(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

// Entry returns what a name leads to; of a link, the link.
func (d *Dir) Entry(name string) (*Entry, error) {
	fd, err := openat(d.fd, d.prefix+name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	info, err := Stat(fd)
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return &Entry{Info: info, fd: fd, dir: d, name: name}, nil
}

// readlink returns the target of a link.
func (e *Entry) readlink() (string, error) { return readlinkat(e.fd, "") }

// Chown sets the owner and group; -1 leaves one as it is.
func (e *Entry) Chown(uid, gid int) error {
	return unix.Fchownat(e.fd, "", uid, gid, unix.AT_EMPTY_PATH)
}

// Chmod sets the permissions. A link has none.
func (e *Entry) Chmod(mode uint32) error {
	if e.is(unix.S_IFLNK) {
		return syscall.ELOOP
	}
	err := unix.Fchmodat(e.fd, "", mode, unix.AT_EMPTY_PATH)
	if err == nil || err == syscall.EPERM || err == syscall.EROFS {
		return err
	}
	return unix.Chmod(proc(e.fd), mode) // before Linux 6.6
}
