//go:build unix && !linux

package daemon

// DefaultSignals does nothing here: SIGUSR1 is ignored.
func DefaultSignals() {}
