package daemon

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestCloseOnExecEach shows that the descriptors from the given one up are marked, and none below it.
func TestCloseOnExecEach(t *testing.T) {
	var fds [2]int
	if err := unix.Pipe(fds[:]); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	first := max(fds[0], fds[1])
	closeOnExecEach(first)
	for _, fd := range fds {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil {
			t.Fatal(err)
		}
		if marked := flags&unix.FD_CLOEXEC != 0; marked != (fd == first) {
			t.Errorf("%d, from %d up: %v", fd, first, marked)
		}
	}
}
