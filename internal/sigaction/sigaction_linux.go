// Package sigaction sets what the kernel does at a signal, without the knowledge of the Go runtime: that cannot give a signal its default
// action, and ends the process by one that it is handling while it begins to ignore it.
package sigaction

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Action is the struct of the kernel, which is smaller on all machines. The zero value is the default action.
type Action [8]uintptr

// Ignore is the action that does nothing. The handler comes first in the struct.
var Ignore = Action{1}

// Set sets the action of a signal and returns the one before.
func Set(s syscall.Signal, action Action) (before Action) {
	const setSize = 8 // bytes of a signal set
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(&action)), uintptr(unsafe.Pointer(&before)),
		setSize, 0, 0)
	return before
}
