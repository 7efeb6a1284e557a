//go:build amd64 || arm64

package startlimit

// nofile is RLIMIT_NOFILE.
const nofile = 7

// prlimit reads a limit of this process with the system call prlimit64. It returns 0, or a negative error number.
//
//go:noescape
func prlimit(resource uintptr, old *[2]uint64) int64

func init() {
	var limit [2]uint64
	if prlimit(nofile, &limit) == 0 {
		soft, hard, known = limit[0], limit[1], true
	}
}
