package socket

import "golang.org/x/sys/unix"

// connections returns how many connections wait in a TCP socket, 1 if that is not known.
func connections(fd int) int {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 1
	}
	return max(int(info.Unacked), 1) // the length of the backlog
}
