//go:build darwin || freebsd

package sock

import "golang.org/x/sys/unix"

func peerUID(fd int) (uid int, known bool) {
	const local = 0 // SOL_LOCAL
	cred, err := unix.GetsockoptXucred(fd, local, unix.LOCAL_PEERCRED)
	if err != nil {
		return 0, false
	}
	return int(cred.Uid), true
}
