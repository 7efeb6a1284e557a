//go:build !linux

package daemon

// closeOnExecFrom is not available here.
func closeOnExecFrom(uint) bool { return false }
