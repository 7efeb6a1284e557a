package wallclock

import (
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Watch calls set, in a goroutine of its own, whenever the clock of the system has been set or the system has slept, until it is stopped.
func Watch(set func()) (stop func(), err error) {
	timer, err := newTimer()
	if err != nil {
		return nil, err
	}
	go watch(timer, set)
	return func() { _ = timer.Close() }, nil
}

// newTimer returns a timer that is cancelled when the clock is set, and does not expire.
func newTimer() (*os.File, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_REALTIME, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	never := unix.ItimerSpec{Value: unix.NsecToTimespec(distant.UnixNano())}
	if err := unix.TimerfdSettime(fd, unix.TFD_TIMER_ABSTIME|unix.TFD_TIMER_CANCEL_ON_SET, &never, nil); err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("timerfd_settime", err)
	}
	return os.NewFile(uintptr(fd), "timerfd"), nil
}

// distant is a time that does not come.
var distant = time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)

// watch reads a timer until it is closed. The timer goes on after it was cancelled.
func watch(timer io.Reader, set func()) {
	var expirations [8]byte
	for {
		_, err := timer.Read(expirations[:])
		switch {
		case errors.Is(err, unix.ECANCELED):
			set()
		case err != nil:
			return
		}
	}
}
