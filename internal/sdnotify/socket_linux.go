package sdnotify

import (
	"crypto/rand"

	"golang.org/x/sys/unix"
)

const cloexec = unix.MSG_CMSG_CLOEXEC

// controlSize is the size of the credentials of the sender and of maxRights descriptors.
var controlSize = unix.CmsgSpace(unix.SizeofUcred) + unix.CmsgSpace(4*maxRights)

// bind makes the socket, in the abstract name space: it has no file to be removed, no limit of length, and is gone with its
// descriptor. Any user may send to such a name, so the kernel says who did.
func (s *Socket) bind(Options) (fd int, err error) {
	fd, err = unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	s.Address = "@supervisord/" + rand.Text()
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrUnix{Name: s.Address})
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// sender returns the user who sent the datagram.
func sender(m *unix.SocketControlMessage) (uid int, known bool) {
	credentials, err := unix.ParseUnixCredentials(m)
	if err != nil {
		return 0, false
	}
	return int(credentials.Uid), true
}
