package socket

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// first is the first descriptor that a service manager passes.
const first = 3

// maxInherited is beyond what a service manager passes.
const maxInherited = 1 << 10

// Inherited returns the descriptors that a service manager has passed to this process, by their names, nil for none. Launcher is the
// process that has started this one to leave the terminal, and has passed on what it had; 0: there is none. Source: sd_listen_fds(3).
func Inherited(launcher int) map[string][]int {
	pid, err := strconv.Atoi(os.Getenv("LISTEN_PID"))
	if err != nil || pid <= 0 || pid != os.Getpid() && pid != launcher {
		return nil
	}
	n, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if err != nil || n <= 0 {
		return nil
	}
	names := strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	all := map[string][]int{}
	for i := range min(n, maxInherited) {
		name := "unknown"
		if i < len(names) && names[i] != "" {
			name = names[i]
		}
		if isSocket(first + i) {
			all[name] = append(all[name], first+i)
		}
	}
	return all
}

// isSocket reports whether a descriptor is an open socket. What the variables say may be wrong.
func isSocket(fd int) bool {
	var st unix.Stat_t
	return unix.Fstat(fd, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFSOCK
}
