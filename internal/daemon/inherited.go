package daemon

import (
	"os"
	"strconv"
	"syscall"
)

// CloseOnExecInherited marks the inherited descriptors from 3 up close-on-exec: they stay open here, and children do not get
// them. All other descriptors are opened close-on-exec. Call it once, after Detach and before the first child.
func CloseOnExecInherited() {
	if !closeOnExecFrom(3) {
		closeOnExecEach(3)
	}
}

// closeOnExecEach marks the open descriptors from first up one by one.
func closeOnExecEach(first int) {
	dir, err := os.Open("/dev/fd")
	if err != nil {
		return
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // after an error, mark those that were read
	for _, name := range names {
		if fd, err := strconv.Atoi(name); err == nil && fd >= first {
			syscall.CloseOnExec(fd)
		}
	}
}
