package step

import "syscall"

// What package golang.org/x/sys/unix has, for which the shim cannot wait. Source: prctl(2).
const (
	prSetNoNewPrivs = 38
	prCapAmbient    = 47
	ambientRaise    = 2
	ambientClearAll = 4
)

func prctl(operation int, a, b uintptr) (result int, err error) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, uintptr(operation), a, b, 0, 0, 0)
	return int(n), errorOf(errno)
}

// errorOf returns nil for 0.
func errorOf(errno syscall.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}
