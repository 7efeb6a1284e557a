package process

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/budget"
)

// pipe makes a child's standard input: our end and the child's.
func pipe(t *testing.T) (*stdin, *os.File) {
	t.Helper()
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(fds[1], true); err != nil {
		t.Fatal(err)
	}
	s, child := &stdin{fd: fds[1]}, os.NewFile(uintptr(fds[0]), "child")
	t.Cleanup(func() {
		child.Close()
		if !s.closed {
			s.Close()
		}
	})
	return s, child
}

// TestStdinQueue shows that Send does not block, that everything arrives in order, and that the caller may use a head again.
func TestStdinQueue(t *testing.T) {
	s, child := pipe(t)
	var want []byte
	for i := range 40 {
		head := bytes.Repeat([]byte{byte('a' + i%26)}, 5_000)
		payload := strings.Repeat(string(rune('A'+i%26)), i%3*minPiece)
		want = append(append(want, head...), payload...)
		if err := s.Send(head, payload); err != nil {
			t.Fatal(err)
		}
		clear(head)
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(child, got); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%v, or what arrives is not what was sent", err)
	}
}

// TestStdinQueueEnds shows that the goroutine ends when the queue is empty.
func TestStdinQueueEnds(t *testing.T) {
	s, child := pipe(t)
	fd, err := unix.FcntlInt(uintptr(s.fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		t.Fatal(err)
	}
	s.file = os.NewFile(uintptr(fd), "stdin")
	s.queue(make([]byte, 1<<20), nil)
	done := make(chan struct{})
	go func() { s.send(s.file); close(done) }()
	if _, err := io.ReadFull(child, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the goroutine does not end")
	}
	if err := s.Send([]byte("later"), ""); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(child, got); err != nil || string(got) != "later" {
		t.Fatalf("%q, %v", got, err)
	}
}

// TestStdinIsBounded shows that an event may be of any size, and that the queue is bounded after it.
func TestStdinIsBounded(t *testing.T) {
	s, _ := pipe(t)
	if err := s.Send(make([]byte, 2*maxUnsent), ""); err != nil {
		t.Fatal(err)
	}
	if err := s.Send([]byte("x"), ""); !errors.Is(err, ErrStdinFull) {
		t.Fatalf("%v", err)
	}
	s = &stdin{waiting: maxUnsent - 1}
	if err := s.Send([]byte("x"), ""); err != nil {
		t.Fatal(err)
	}
	if err := s.Send([]byte("x"), ""); !errors.Is(err, ErrStdinFull) {
		t.Fatalf("%v", err)
	}
}

// TestClientsAreBounded shows that what clients have queued is bounded for each process, also in one piece, and in all. What is
// refused is not written in part; what is written or dropped is given back.
// covers: SEC-19
func TestClientsAreBounded(t *testing.T) {
	defer func(limit int64) { budget.Stdin.Limit = limit }(budget.Stdin.Limit)
	budget.Stdin.Limit = 2 * maxUnsent
	send := func(s *stdin, n int) error { return (&Process{stdin: s}).SendStdin(bytes.Repeat([]byte{'x'}, n)) }
	a, child := pipe(t)
	if err := send(a, maxUnsent+1); !errors.Is(err, ErrStdinFull) || a.waiting > 0 {
		t.Fatalf("a piece beyond the bound: %v", err)
	}
	if n, err := unix.IoctlGetInt(int(child.Fd()), unix.TIOCINQ); n != 0 || err != nil {
		t.Fatalf("%d bytes were written, %v", n, err)
	}
	if err := send(a, maxUnsent); err != nil {
		t.Fatal(err)
	}
	if err := send(a, maxUnsent/2); !errors.Is(err, ErrStdinFull) {
		t.Fatalf("beyond the bound of a process: %v", err)
	}
	b, _ := pipe(t)
	c, _ := pipe(t)
	if err := errors.Join(b.Send(make([]byte, 2*maxUnsent), ""), send(c, maxUnsent)); err != nil {
		t.Fatal(err)
	}
	d, _ := pipe(t)
	if err := send(d, maxUnsent/2); !errors.Is(err, ErrStdinFull) {
		t.Fatalf("beyond the bound of all: %v", err)
	}
	c.Close()
	if err := send(d, maxUnsent/2); err != nil {
		t.Fatalf("after one was closed: %v", err)
	}
	if _, err := io.ReadFull(child, make([]byte, maxUnsent)); err != nil {
		t.Fatal(err)
	}
	d.Close()
	for a.queued() > 0 {
		runtime.Gosched() // until the goroutine has seen that all was read
	}
	if held := budget.Stdin.Held(); held != 0 {
		t.Errorf("%d bytes are counted in the end", held)
	}
}

// queued returns how many bytes are queued.
func (s *stdin) queued() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting
}

// TestStdinPieces shows that many short pieces are kept in one, and that long payloads are not copied.
func TestStdinPieces(t *testing.T) {
	s := &stdin{}
	long := strings.Repeat("x", minPiece)
	for range 1000 {
		s.queue([]byte("a"), []byte("b"))
	}
	s.queue([]byte("head"), unsafe.Slice(unsafe.StringData(long), len(long)))
	for range 1000 {
		s.queue([]byte("c"), nil)
	}
	var sizes []int
	for _, piece := range s.unsent {
		sizes = append(sizes, len(piece))
	}
	if want := []int{2004, minPiece, 1000}; !slices.Equal(sizes, want) || unsafe.SliceData(s.unsent[1]) != unsafe.StringData(long) {
		t.Errorf("pieces of %d bytes, want %d, or the payload was copied", sizes, want)
	}
}

func TestStdinClosed(t *testing.T) {
	s, child := pipe(t)
	child.Close()
	if err := s.Send([]byte("x"), ""); !errors.Is(err, ErrStdinClosed) {
		t.Errorf("closed by the child: %v", err)
	}
	s, _ = pipe(t)
	if err := s.Send(make([]byte, maxUnsent), ""); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := s.Send([]byte("x"), ""); !errors.Is(err, ErrStdinClosed) {
		t.Errorf("closed by us: %v", err)
	}
	if err := (&Process{}).SendStdin([]byte("x")); !errors.Is(err, ErrStdinClosed) {
		t.Errorf("no child: %v", err)
	}
}
