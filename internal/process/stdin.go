package process

import (
	"errors"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/budget"
)

// maxUnsent is how much is queued for a child that does not read its standard input, in bytes; one event may be longer.
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
	taken  int      // bytes of unsent that budget.Stdin counts: those of clients
	file   *os.File // a copy of fd in the runtime's poller; nil until something was queued
	closed bool
}

// SendStdin writes what a client sent to the child's standard input, or queues it. It does not block. What is refused is
// refused whole.
func (p *Process) SendStdin(data []byte) error {
	if p.stdin == nil {
		return ErrStdinClosed
	}
	return p.stdin.sendBounded(data)
}

// Send writes data or queues it, and does not block. Any goroutine may call it. It implements events.Input: an event may be
// of any size, and further ones are refused if their listener writes results but does not read.
func (s *stdin) Send(data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.unsent) > 0 && len(s.unsent)+len(data) > maxUnsent {
		return ErrStdinFull
	}
	return s.write(data)
}

// sendBounded is Send for the data of clients, which is bounded for each child and in all.
func (s *stdin) sendBounded(data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrStdinClosed
	}
	if len(s.unsent)+len(data) > maxUnsent || !budget.Stdin.Take(int64(len(data))) {
		return ErrStdinFull
	}
	s.taken += len(data)
	err := s.write(data)
	s.release()
	return err
}

// release gives back what is not queued any more.
func (s *stdin) release() {
	if n := s.taken - len(s.unsent); n > 0 {
		budget.Stdin.Release(int64(n))
		s.taken -= n
	}
}

// write writes data or queues it. The lock is held.
func (s *stdin) write(data []byte) error {
	if s.closed {
		return ErrStdinClosed
	}
	if len(s.unsent) > 0 {
		s.unsent = append(s.unsent, data...)
		return nil
	}
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
	if s.file == nil {
		fd, err := unix.FcntlInt(uintptr(s.fd), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			return err
		}
		s.file = os.NewFile(uintptr(fd), "stdin")
	}
	s.unsent = append(s.unsent, data...)
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
		if s.closed {
			return // Close has dropped the rest
		}
		s.unsent = s.unsent[n:]
		if err != nil || len(s.unsent) == 0 {
			s.unsent = nil
		}
		s.release()
	}
}

// Close closes the pipe; what is queued is dropped.
func (s *stdin) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.unsent = true, nil
	s.release()
	unix.Close(s.fd)
	if s.file != nil {
		s.file.Close()
	}
}
