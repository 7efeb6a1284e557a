package child

import "syscall"

// Pipe makes a pipe for one of a child's standard descriptors. Ours is the end to read from if weRead, else the end to write
// to. It does not block; theirs does. Both are close-on-exec: Start alone passes theirs on.
func Pipe(weRead bool) (ours, theirs int, err error) {
	var p [2]int
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := syscall.Pipe(p[:]); err != nil {
		return -1, -1, err
	}
	syscall.CloseOnExec(p[0])
	syscall.CloseOnExec(p[1])
	ours, theirs = p[1], p[0]
	if weRead {
		ours, theirs = p[0], p[1]
	}
	if err := syscall.SetNonblock(ours, true); err != nil {
		syscall.Close(ours)
		syscall.Close(theirs)
		return -1, -1, err
	}
	return ours, theirs, nil
}
