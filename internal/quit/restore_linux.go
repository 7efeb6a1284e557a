package quit

import (
	"syscall"
	"unsafe"
)

// restore gives a signal its default effect. The os/signal package cannot: its Reset brings back the handler of the runtime.
func restore(s syscall.Signal) bool {
	var action [8]uint64 // at least the size of the kernel's struct sigaction; zero means SIG_DFL
	const maskSize = 8
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(&action)), 0, maskSize, 0, 0)
	return errno == 0
}
