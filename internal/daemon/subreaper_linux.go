package daemon

import "golang.org/x/sys/unix"

// SetSubreaper makes us the parent of processes below us whose parent has ended, or lets that be. Source: subreaper.
func SetSubreaper(on bool) error {
	value := 0
	if on {
		value = 1
	}
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, uintptr(value), 0, 0, 0)
}
