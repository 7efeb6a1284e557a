//go:build unix && !linux

package daemon

import "syscall"

// SetSubreaper returns an error if on: this system has no subreapers.
func SetSubreaper(on bool) error {
	if on {
		return syscall.ENOSYS
	}
	return nil
}
