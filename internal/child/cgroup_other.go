//go:build !linux

package child

import "syscall"

// beginInCgroup does nothing: there are no cgroups.
func beginInCgroup(*syscall.ProcAttr, int) {}
