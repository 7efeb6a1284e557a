package logs

import (
	"net"

	"golang.org/x/sys/unix"
)

// unacknowledged is how many bytes that were written to a connection are not known to have arrived.
func unacknowledged(conn net.Conn) (n int64) {
	stream, ok := conn.(*net.TCPConn)
	if !ok {
		return 0
	}
	raw, err := stream.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) {
		waiting, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		if err == nil {
			n = int64(waiting)
		}
	})
	return n
}
