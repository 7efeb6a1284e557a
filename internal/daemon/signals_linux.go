package daemon

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// DefaultSignals gives SIGUSR1 its default action, which ends the process, as with the original. The Go runtime would ignore
// the signal. Source: supervisor.options.setsignals.
func DefaultSignals() {
	var action [64]byte // larger than the kernel's struct on any machine; zero is the default action
	const setSize = 8   // bytes of a signal set
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(syscall.SIGUSR1), uintptr(unsafe.Pointer(&action)), 0,
		setSize, 0, 0)
}
