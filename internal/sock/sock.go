// Package sock makes sockets that children do not inherit, makes the files of Unix sockets with their owner and mode, and finds
// stale ones. It owns nothing and never waits. Any goroutine may call it.
package sock

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// New returns a blocking socket that is closed on exec.
func New(family, kind int) (fd int, err error) {
	syscall.ForkLock.RLock() // no child may start between the two calls; not all systems have SOCK_CLOEXEC
	defer syscall.ForkLock.RUnlock()
	fd, err = unix.Socket(family, kind, 0)
	if err == nil {
		unix.CloseOnExec(fd)
	}
	return fd, err
}

// IsStale reports whether no process listens on the Unix socket at path; it is false if in doubt. A missing file is stale
// too, and so is, on some systems, one that is no socket.
func IsStale(path string) bool {
	fd, err := New(unix.AF_UNIX, unix.SOCK_STREAM)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return false
	}
	err = unix.Connect(fd, &unix.SockaddrUnix{Name: path})
	return err == unix.ECONNREFUSED || err == unix.ENOENT
}
