package logs

import (
	"strconv"
	"syscall"
)

// reopen opens what fd leads to again, so that the new descriptor has flags of its own. It fails for sockets, and for
// what our user may not open.
func reopen(fd int) (int, error) {
	const flags = syscall.O_WRONLY | syscall.O_APPEND | syscall.O_NONBLOCK | syscall.O_NOCTTY | syscall.O_CLOEXEC
	return syscall.Open("/proc/self/fd/"+strconv.Itoa(fd), flags, 0)
}
