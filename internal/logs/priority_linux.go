package logs

import "golang.org/x/sys/unix"

// lowerPriority gives the current thread the lowest priority.
func lowerPriority() {
	const lowest = 19
	_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), lowest)
}
