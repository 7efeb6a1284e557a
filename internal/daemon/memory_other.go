//go:build !linux

package daemon

import "runtime/debug"

// ReleaseMemory returns freed memory to the system.
func ReleaseMemory() { debug.FreeOSMemory() }
