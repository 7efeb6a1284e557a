//go:build !linux

package daemon

import "runtime/debug"

// Settle gives back memory that only the start needed. It may be called from any goroutine.
func Settle() { debug.FreeOSMemory() }
