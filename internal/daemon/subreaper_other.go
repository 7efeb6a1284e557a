//go:build unix && !linux

package daemon

import "syscall"

// SetSubreaper would make us the parent of orphans, which this system does not know.
func SetSubreaper(on bool) error {
	if on {
		return syscall.ENOSYS
	}
	return nil
}
