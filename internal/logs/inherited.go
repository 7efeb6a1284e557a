package logs

import (
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// inherited returns a copy of the descriptor of ours that path names, such as /dev/stdout. It is used when the path cannot
// be opened: a socket never can, and a terminal or pipe of root's cannot after a change of the user.
func inherited(path string) (fd int, ok bool) {
	number := map[string]int{"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
	n, named := number[path]
	if !named {
		digits, isFD := strings.CutPrefix(path, "/dev/fd/")
		if !isFD {
			digits, isFD = strings.CutPrefix(path, "/proc/self/fd/")
		}
		var err error
		if n, err = strconv.Atoi(digits); !isFD || err != nil {
			return -1, false
		}
	}
	var st syscall.Stat_t
	if syscall.Fstat(n, &st) != nil || st.Mode&syscall.S_IFMT == syscall.S_IFDIR {
		return -1, false
	}
	fd, err := unix.FcntlInt(uintptr(n), unix.F_DUPFD_CLOEXEC, 3)
	return fd, err == nil
}
