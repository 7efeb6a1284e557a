package sock

import (
	"errors"
	"net"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// Trial finds out whether the sockets of a configuration can be opened, without opening them. A socket that another process listens
// on is no error: that may be the supervisord whose next configuration is checked.
type Trial struct{ held []net.TCPAddr }

// Unix returns the error of Create for a path, as far as it does not depend on what has the path now.
func (*Trial) Unix(path string, a Attributes) error {
	if err := checkLength(path); err != nil {
		return err
	}
	dir, _, err := OpenDir(path, a.UID)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.CanCreate(); err != nil {
		return err
	}
	if !mayChown(a) {
		return &OwnerError{syscall.EPERM}
	}
	return nil
}

// checkLength refuses a path to which no client could connect, also if the file could be made.
func checkLength(path string) error {
	if len(path) >= len(syscall.RawSockaddrUnix{}.Path) {
		return syscall.EINVAL
	}
	return nil
}

// mayChown reports whether this process may give a file of its own these owners.
func mayChown(a Attributes) bool {
	if os.Geteuid() == 0 {
		return true
	}
	groups, _ := os.Getgroups()
	return (a.UID < 0 || a.UID == os.Geteuid()) && (a.GID < 0 || a.GID == os.Getegid() || slices.Contains(groups, a.GID))
}

// TCP binds a socket to an address for a moment, so that others can bind to it too. The error is EADDRINUSE if an address that is
// held includes it or is included.
func (t *Trial) TCP(a *net.TCPAddr) error {
	ip, family := a.IP.To4(), unix.AF_INET
	address := unix.Sockaddr(&unix.SockaddrInet4{Port: a.Port, Addr: [4]byte(append(ip, make([]byte, 4)...))})
	if ip == nil && a.IP != nil {
		family = unix.AF_INET6
		address = &unix.SockaddrInet6{Port: a.Port, Addr: [16]byte(a.IP)}
	}
	if slices.ContainsFunc(t.held, func(held net.TCPAddr) bool { return overlap(held, *a) }) {
		return syscall.EADDRINUSE
	}
	fd, err := New(family, unix.SOCK_STREAM)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		return err
	}
	if err := unix.Bind(fd, address); err != nil && !errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	return nil
}

// Hold notes that a server listens on the address.
func (t *Trial) Hold(a *net.TCPAddr) { t.held = append(t.held, *a) }

func overlap(a, b net.TCPAddr) bool {
	if a.Port != b.Port || (a.IP.To4() == nil) != (b.IP.To4() == nil) {
		return false
	}
	return a.IP.Equal(b.IP) || a.IP.IsUnspecified() || b.IP.IsUnspecified()
}
