//go:build unix && !darwin

package child

import "golang.org/x/sys/unix"

// Pipe makes a pipe for one of a child's standard descriptors. Ours is the end to read from if weRead, else the end to write
// to. It does not block; theirs does. Both are close-on-exec: Start alone passes theirs on.
func Pipe(weRead bool) (ours, theirs int, err error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return -1, -1, err
	}
	ours, theirs, mode := p[1], p[0], unix.O_WRONLY
	if weRead {
		ours, theirs, mode = p[0], p[1], unix.O_RDONLY
	}
	if _, err := unix.FcntlInt(uintptr(ours), unix.F_SETFL, mode|unix.O_NONBLOCK); err != nil {
		unix.Close(ours)
		unix.Close(theirs)
		return -1, -1, err
	}
	return ours, theirs, nil
}
