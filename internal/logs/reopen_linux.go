package logs

import (
	"strconv"
	"syscall"
)

// reopen opens what fd leads to once more, so that the new descriptor has flags of its own. That works for pipes and
// terminals, not for sockets, nor for what our user may not open.
func reopen(fd int) (int, error) {
	const flags = syscall.O_WRONLY | syscall.O_APPEND | syscall.O_NONBLOCK | syscall.O_NOCTTY | syscall.O_CLOEXEC
	return syscall.Open("/proc/self/fd/"+strconv.Itoa(fd), flags, 0)
}
