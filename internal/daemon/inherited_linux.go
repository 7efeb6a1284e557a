package daemon

import (
	"math"

	"golang.org/x/sys/unix"
)

// closeOnExecFrom marks all descriptors from first up, and reports whether it could: the system call needs Linux 5.11.
func closeOnExecFrom(first uint) bool {
	return unix.CloseRange(first, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) == nil
}
