package daemon

import (
	"math"

	"golang.org/x/sys/unix"
)

// closeOnExecFrom marks all descriptors from first up; false when the kernel is too old for that.
func closeOnExecFrom(first uint) bool {
	return unix.CloseRange(first, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) == nil
}
