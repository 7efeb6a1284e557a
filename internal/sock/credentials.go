package sock

import (
	"net"
	"slices"
)

// Credentials are those of the process at the other end of a Unix socket, as they were when it called connect.
type Credentials struct {
	UID  int
	GIDs []int
}

// PeerCredentials returns the credentials of the process at the other end. Known is false for other connections, and on systems that do
// not say.
func PeerCredentials(c net.Conn) (cred Credentials, known bool) {
	unixConn, ok := c.(*net.UnixConn)
	if !ok {
		return cred, false
	}
	raw, err := unixConn.SyscallConn()
	if err != nil {
		return cred, false
	}
	err = raw.Control(func(fd uintptr) { cred, known = peerCredentials(int(fd)) })
	slices.Sort(cred.GIDs)
	cred.GIDs = slices.Compact(cred.GIDs)
	return cred, known && err == nil
}
