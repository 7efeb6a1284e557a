package conformance

import (
	"os"
	"strconv"
	"time"
)

// patience is how long a script waits for one fact before it fails.
func patience() time.Duration {
	scale, err := strconv.ParseFloat(os.Getenv("CONFORMANCE_SCALE"), 64)
	if err != nil || scale <= 0 {
		scale = 1
	}
	return time.Duration(scale * float64(30*time.Second))
}

// poll asks fact until it answers true and says whether it did in time. It is the only place that looks again and
// again; facts of other processes have no channel to wait on.
func poll(fact func() bool) bool {
	deadline := time.NewTimer(patience())
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if fact() {
			return true
		}
		select {
		case <-deadline.C:
			return fact()
		case <-tick.C:
		}
	}
}
