package process

import (
	"errors"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// maxUnsent is how much is queued for a child that does not read its standard input, in bytes.
const maxUnsent = 8 << 20

// Errors of SendStdin.
var (
	ErrStdinClosed = errors.New("standard input is closed")
	ErrStdinFull   = errors.New("the process does not read its standard input, and too much is queued for it")
)

// stdin is the writing end of a child's standard input. What the pipe does not accept at once is queued, and a goroutine
// writes it, which exists only while something is queued.
type stdin struct {
	fd int

	mu     sync.Mutex
	unsent []byte
	file   *os.File // a copy of fd in the runtime's poller; nil until something was queued
	closed bool
}

// SendStdin writes data to the child's standard input, or queues it. It does not block.
func (p *Process) SendStdin(data []byte) error {
	if p.stdin == nil {
		return ErrStdinClosed
	}
	return p.stdin.Send(data)
}

// Send writes data or queues it, and does not block. Any goroutine may call it. It implements events.Input.
func (s *stdin) Send(data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrStdinClosed
	}
	if len(s.unsent) == 0 {
		n, err := unix.Write(s.fd, data)
		switch {
		case err == nil:
			data = data[n:]
		case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
		default:
			return ErrStdinClosed
		}
		if len(data) == 0 {
			return nil
		}
	}
	idle := len(s.unsent) == 0
	if !idle && len(s.unsent)+len(data) > maxUnsent { // the first may be of any size, as events are
		return ErrStdinFull
	}
	s.unsent = append(s.unsent, data...)
	if !idle {
		return nil
	}
	if s.file == nil {
		fd, err := unix.FcntlInt(uintptr(s.fd), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			s.unsent = nil
			return err
		}
		s.file = os.NewFile(uintptr(fd), "stdin")
	}
	go s.send(s.file)
	return nil
}

// send writes what is queued until nothing is left or the pipe is closed, by the child or by Close.
func (s *stdin) send(f *os.File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.unsent) > 0 && !s.closed {
		data := s.unsent
		s.mu.Unlock()
		n, err := f.Write(data)
		s.mu.Lock()
		s.unsent = s.unsent[n:]
		if err != nil {
			s.unsent = nil
		}
	}
}

// Close closes the pipe; what is queued is dropped.
func (s *stdin) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	unix.Close(s.fd)
	if s.file != nil {
		s.file.Close()
	}
}
