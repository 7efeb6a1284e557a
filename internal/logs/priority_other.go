//go:build unix && !linux

package logs

// lowerPriority does nothing: priorities are those of whole processes here.
func lowerPriority() {}
