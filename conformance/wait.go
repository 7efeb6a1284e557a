package conformance

import (
	"os"
	"strconv"
	"time"
)

// timeout returns how long a script waits for a condition before it fails.
func timeout() time.Duration {
	scale, err := strconv.ParseFloat(os.Getenv("CONFORMANCE_SCALE"), 64)
	if err != nil || scale <= 0 {
		scale = 1
	}
	return time.Duration(scale * float64(30*time.Second))
}

// poll calls condition until it returns true, and reports whether it did in time. It is the only place that polls: what other
// processes do cannot be waited for otherwise.
func poll(condition func() bool) bool {
	deadline := time.NewTimer(timeout())
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if condition() {
			return true
		}
		select {
		case <-deadline.C:
			return condition()
		case <-tick.C:
		}
	}
}
