package logs

import (
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// atOnce is how many bytes a descriptor that blocks takes without blocking when poll reports it, if no other program writes to it.
const atOnce = 4 << 10

// blockingTarget writes to a descriptor that blocks, because other processes share it. It waits in poll, where it can be interrupted.
type blockingTarget struct {
	fd     int
	stream bool // it is no socket

	mu   sync.Mutex
	stop bool
	wake int // an eventfd that ends the wait; 0: none yet
}

// openBlocking prepares writing to a descriptor that blocks.
func (w *asyncWriter) openBlocking() {
	b := &blockingTarget{fd: w.fd}
	w.write, w.interrupt, w.close = b.write, b.interrupt, b.close
}

func (b *blockingTarget) write(p []byte) (written int, err error) {
	for written < len(p) {
		if !b.wait() {
			return written, os.ErrDeadlineExceeded
		}
		n, err := b.writeSome(p[written:])
		switch {
		case n > 0:
			written += n
		case err != syscall.EINTR && err != syscall.EAGAIN:
			return written, err
		}
	}
	return written, nil
}

// wait waits until something can be written. It returns false if it is interrupted.
func (b *blockingTarget) wait() bool {
	b.mu.Lock()
	if b.wake == 0 {
		var err error
		if b.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
			b.wake = 0
		}
	}
	fds, stop := []unix.PollFd{{Fd: int32(b.fd), Events: unix.POLLOUT}, {Fd: int32(b.wake), Events: unix.POLLIN}}, b.stop
	if b.wake == 0 {
		fds = fds[:1]
	}
	b.mu.Unlock()
	if stop {
		return false
	}
	_, _ = unix.Poll(fds, -1) // after an error, the write finds out more
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.stop
}

// writeSome writes what can be written without blocking.
func (b *blockingTarget) writeSome(p []byte) (n int, err error) {
	if !b.stream {
		n, err = unix.SendmsgN(b.fd, p, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		if b.stream = err == unix.ENOTSOCK; !b.stream {
			return n, err
		}
	}
	return unix.Write(b.fd, p[:min(len(p), atOnce)])
}

// interrupt implements asyncWriter.interrupt.
func (b *blockingTarget) interrupt(stop bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stop = stop
	if b.wake == 0 {
		return
	}
	count := []byte{1, 0, 0, 0, 0, 0, 0, 0}
	if stop {
		_, _ = unix.Write(b.wake, count)
	} else {
		_, _ = unix.Read(b.wake, count)
	}
}

func (b *blockingTarget) close() {
	_ = unix.Close(b.fd)
	if b.wake != 0 {
		_ = unix.Close(b.wake)
	}
}
