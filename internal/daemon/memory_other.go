//go:build !linux

package daemon

// releasePages does nothing: the system removes unused pages of the executable itself when it needs memory.
func releasePages() {}
