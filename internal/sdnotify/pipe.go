package sdnotify

import (
	"bytes"
	"errors"

	"golang.org/x/sys/unix"
)

// Pipe reads the readiness pipe of a child, into whose other end the child writes a line feed when it is ready. It implements
// pump.Receiver. The protocol is that of s6, https://skarnet.org/software/s6/notifywhenup.html.
type Pipe struct{ *Queue }

// Receive implements pump.Receiver: the pipe is read until a line feed.
func (p Pipe) Receive(fd int) (more bool) {
	var buf [512]byte
	n, err := unix.Read(fd, buf[:])
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return true
	case n <= 0:
		p.put(Message{Source: FromPipe, Ended: true})
		return false
	case bytes.IndexByte(buf[:n], '\n') < 0:
		return true
	}
	p.Ready(FromPipe)
	return false
}
