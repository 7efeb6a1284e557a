package daemon

import (
	"os"
	"strconv"
	"syscall"
)

// CloseOnExecInherited keeps descriptors from 3 up that we were started with away from children; with us they stay
// open. Every other descriptor of ours is opened that way. To be called once, before the first child and after
// Detach.
func CloseOnExecInherited() {
	if !closeOnExecFrom(3) {
		closeOnExecEach(3)
	}
}

// closeOnExecEach marks the descriptors from first up one by one.
func closeOnExecEach(first int) {
	dir, err := os.Open("/dev/fd")
	if err != nil {
		return
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // what could be read is worth the while
	for _, name := range names {
		if fd, err := strconv.Atoi(name); err == nil && fd >= first {
			syscall.CloseOnExec(fd)
		}
	}
}
