package daemon

import "golang.org/x/sys/unix"

// SetSubreaper turns on or off that this process becomes the parent of descendants whose parent has ended. Source: subreaper.
func SetSubreaper(on bool) error {
	value := 0
	if on {
		value = 1
	}
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, uintptr(value), 0, 0, 0)
}
