package logs

import (
	"golang.org/x/sys/unix"
)

// sendFile sends a record as a file in memory that nothing can change any more.
func (c *journalConn) sendFile(p []byte, flags int) error {
	fd, err := unix.MemfdCreate("supervisord", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for len(p) > 0 {
		n, err := unix.Write(fd, p)
		if err != nil && err != unix.EINTR {
			return err
		}
		p = p[max(n, 0):]
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SEAL|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE); err != nil {
		return err
	}
	return c.message(nil, unix.UnixRights(fd), flags)
}
