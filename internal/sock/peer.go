package sock

import "net"

// PeerUID returns the user of the process at the other end of a Unix socket, as it was when that process called listen, or
// connect. Known is false for other connections, and on systems that do not say.
func PeerUID(c net.Conn) (uid int, known bool) {
	unixConn, ok := c.(*net.UnixConn)
	if !ok {
		return 0, false
	}
	raw, err := unixConn.SyscallConn()
	if err != nil {
		return 0, false
	}
	err = raw.Control(func(fd uintptr) { uid, known = peerUID(int(fd)) })
	return uid, known && err == nil
}

// PeerName describes the process at the other end of a Unix socket, as it was when that process called listen, or connect. It is empty for
// other connections, and on systems that do not say. A process may choose the name of its program.
func PeerName(c net.Conn) (name string) {
	unixConn, ok := c.(*net.UnixConn)
	if !ok {
		return ""
	}
	raw, err := unixConn.SyscallConn()
	if err != nil {
		return ""
	}
	_ = raw.Control(func(fd uintptr) { name = peerName(int(fd)) })
	return name
}
