package process

import (
	"bytes"
	"errors"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/budget"
)

// maxUnsent is how much is queued for a child that does not read its standard input, in bytes; one event may be longer.
const maxUnsent = 8 << 20

// minPiece is the size in bytes from which a payload is queued without a copy.
const minPiece = 4 << 10

// Errors of SendStdin.
var (
	ErrStdinClosed = errors.New("standard input is closed")
	ErrStdinFull   = errors.New("the process does not read its standard input, and too much is queued for it")
)

// stdin is the writing end of a child's standard input. What the pipe does not accept at once is queued, and a goroutine
// writes it, which exists only while something is queued and the stdin is not frozen.
type stdin struct {
	fd int

	mu      sync.Mutex
	unsent  [][]byte      // pieces, none empty
	waiting int           // bytes of unsent
	taken   int           // bytes of unsent that budget.Stdin counts: those of clients
	file    *os.File      // a copy of fd in the runtime's poller; nil until something was queued
	stopped chan struct{} // closed when the goroutine has ended; nil: not waited for
	owned   bool          // the last piece is ours to append to, and not the payload of an event
	writing bool          // the goroutine exists
	frozen  bool          // everything is queued
	closed  bool
}

// SendStdin writes what a client sent to the child's standard input, or queues it. It does not block. What is refused is
// refused whole.
func (p *Process) SendStdin(data []byte) error {
	if p.stdin == nil {
		return ErrStdinClosed
	}
	return p.stdin.sendBounded(data)
}

// Send writes head and payload or queues them, and does not block. Any goroutine may call it. It implements events.Input: an
// event may be of any size, and further ones are refused if their listener writes results but does not read.
func (s *stdin) Send(head []byte, payload string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting > 0 && s.waiting+len(head)+len(payload) > maxUnsent {
		return ErrStdinFull
	}
	return s.write(head, unsafe.Slice(unsafe.StringData(payload), len(payload))) // which is only read
}

// sendBounded is Send for the data of clients, which is bounded for each child and in all.
func (s *stdin) sendBounded(data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrStdinClosed
	}
	if s.waiting+len(data) > maxUnsent || !budget.Stdin.Take(int64(len(data))) {
		return ErrStdinFull
	}
	s.taken += len(data)
	err := s.write(data, nil)
	s.release()
	return err
}

// release gives back what is not queued any more.
func (s *stdin) release() {
	if n := s.taken - s.waiting; n > 0 {
		budget.Stdin.Release(int64(n))
		s.taken -= n
	}
}

// write writes data and payload or queues what the pipe does not accept now. Payload does not change any more. The lock is held.
func (s *stdin) write(data, payload []byte) error {
	if s.closed {
		return ErrStdinClosed
	}
	if s.waiting > 0 || s.frozen {
		s.queue(data, payload)
		return nil
	}
	n, err := writeBoth(s.fd, data, payload)
	switch {
	case err == nil:
	case errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR):
		n = 0
	default:
		return ErrStdinClosed
	}
	if n == len(data)+len(payload) {
		return nil
	}
	if err := s.open(); err != nil {
		return err
	}
	written := min(n, len(data))
	s.queue(data[written:], payload[n-written:])
	s.start()
	return nil
}

// open makes the file for what is queued.
func (s *stdin) open() error {
	if s.file != nil {
		return nil
	}
	fd, err := unix.FcntlInt(uintptr(s.fd), unix.F_DUPFD_CLOEXEC, 3)
	if err == nil {
		s.file = os.NewFile(uintptr(fd), "stdin")
	}
	return err
}

// start starts the goroutine. The lock is held.
func (s *stdin) start() {
	s.writing = true
	go s.send(s.file)
}

// queue queues data, of which it keeps a copy, and payload. A short payload is copied, too, so that the pieces need less memory than
// their bytes.
func (s *stdin) queue(data, payload []byte) {
	s.waiting += len(data) + len(payload)
	if len(payload) < minPiece {
		s.append(data, payload)
		return
	}
	s.append(data)
	s.unsent, s.owned = append(s.unsent, payload), false
}

func (s *stdin) append(parts ...[]byte) {
	for _, part := range parts {
		switch {
		case len(part) == 0:
		case s.owned:
			last := len(s.unsent) - 1
			s.unsent[last] = append(s.unsent[last], part...)
		default:
			s.unsent, s.owned = append(s.unsent, bytes.Clone(part)), true
		}
	}
}

// send writes what is queued until nothing is left, the pipe is closed, by the child or by Close, or s is frozen.
func (s *stdin) send(f *os.File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.ended()
	for s.waiting > 0 && !s.closed && !s.frozen {
		data := s.unsent[0]
		s.mu.Unlock()
		n, err := f.Write(data)
		s.mu.Lock()
		if s.closed {
			return // Close has dropped the rest
		}
		s.waiting -= n
		if s.unsent[0] = s.unsent[0][n:]; len(s.unsent[0]) == 0 {
			s.unsent = s.unsent[1:]
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) || s.waiting == 0 {
			s.drop()
		}
		s.release()
	}
}

// ended notes that the goroutine ends. The lock is held.
func (s *stdin) ended() {
	s.writing = false
	if s.stopped != nil {
		close(s.stopped)
		s.stopped = nil
	}
}

// drop forgets what is queued.
func (s *stdin) drop() { s.unsent, s.waiting, s.owned = nil, 0, false }

// Close closes the pipe; what is queued is dropped.
func (s *stdin) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.drop()
	s.release()
	unix.Close(s.fd)
	if s.file != nil {
		s.file.Close()
	}
}
