//go:build !linux

package quit

import "syscall"

// restore reports false: only Linux has a stable system call for it.
func restore(syscall.Signal) bool { return false }
