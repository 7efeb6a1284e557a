//go:build !linux

package cpus

import "runtime"

// Count returns the number of processors that this process may use.
func Count() int { return runtime.NumCPU() }
