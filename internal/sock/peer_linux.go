package sock

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

func peerUID(fd int) (uid int, known bool) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return 0, false
	}
	return int(cred.Uid), true
}

func peerCredentials(fd int) (cred Credentials, known bool) {
	found, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return cred, false
	}
	cred.UID, cred.GIDs = int(found.Uid), []int{int(found.Gid)}
	for _, gid := range peerGroups(fd) {
		cred.GIDs = append(cred.GIDs, int(gid))
	}
	return cred, true
}

// peerGroups returns the supplementary groups. There are none before Linux 4.13, which does not say.
func peerGroups(fd int) []uint32 {
	const maxGroups = 1 << 16
	groups := make([]uint32, 32)
	for {
		size := uint32(len(groups)) * 4
		_, _, number := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&groups[0])), uintptr(unsafe.Pointer(&size)), 0)
		switch {
		case number == 0:
			return groups[:size/4]
		case number == unix.ERANGE && int(size/4) > len(groups) && size/4 <= maxGroups: // size is what is needed
			groups = make([]uint32, size/4)
		default:
			return nil
		}
	}
}
