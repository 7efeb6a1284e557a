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

func peerCredentials(fd int) (cred Credentials, known bool) {
	const local = 0 // SOL_LOCAL
	found, err := unix.GetsockoptXucred(fd, local, unix.LOCAL_PEERCRED)
	if err != nil {
		return cred, false
	}
	cred.UID = int(found.Uid)
	for _, gid := range found.Groups[:max(0, min(int(found.Ngroups), len(found.Groups)))] {
		cred.GIDs = append(cred.GIDs, int(gid))
	}
	return cred, true
}
