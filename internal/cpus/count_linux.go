package cpus

import (
	"math"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Count returns the number of processors that this process may use now: those of its affinity, and no more than the quota of its
// control groups, rounded up; at least 1.
func Count() int {
	allowed := runtime.NumCPU()
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(os.Getpid(), &set); err == nil { // else there are more than the set can have
		allowed = set.Count()
	}
	return count(allowed, quota(os.DirFS("/")))
}

// count returns the number of processors by affinity and quota.
func count(allowed int, quota float64) int {
	if quota > 0 && quota < float64(allowed) {
		allowed = int(math.Ceil(quota))
	}
	return max(allowed, 1)
}
