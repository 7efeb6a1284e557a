package client

import (
	"runtime"
	"syscall"
)

// becomeOnThread changes the user of the calling goroutine's thread, which is never used again.
func becomeOnThread(uid int) error {
	runtime.LockOSThread()
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); errno != 0 {
		return errno
	}
	return nil
}
