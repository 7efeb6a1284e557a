package wallclock

import (
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// results are what reads return.
type results []error

func (r *results) Read(buf []byte) (int, error) {
	if len(*r) == 0 {
		return 0, os.ErrClosed
	}
	err := (*r)[0]
	*r = (*r)[1:]
	return 8, err
}

func TestWatchCalls(t *testing.T) {
	n := 0
	watch(&results{os.NewSyscallError("read", unix.ECANCELED), nil, &os.PathError{Err: unix.ECANCELED}, io.ErrUnexpectedEOF, unix.ECANCELED},
		func() { n++ })
	if n != 2 {
		t.Errorf("%d calls", n)
	}
}

// TestWatchEnds checks that a timer can be had, and that nothing is left of it.
func TestWatchEnds(t *testing.T) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_REALTIME, unix.TFD_CLOEXEC)
	if err != nil {
		t.Skipf("this system has no timerfd: %v", err)
	}
	_ = unix.Close(fd)
	timer, err := newTimer()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		watch(timer, func() {})
		close(ended)
	}()
	if err := timer.Close(); err != nil {
		t.Error(err)
	}
	<-ended
}
