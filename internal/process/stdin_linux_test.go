package process

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
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

// TestStdinQueue shows that Send does not block, and that everything arrives in order.
func TestStdinQueue(t *testing.T) {
	s, child := pipe(t)
	var want []byte
	for i := range 40 {
		piece := bytes.Repeat([]byte{byte('a' + i%26)}, 10_000)
		want = append(want, piece...)
		if err := s.Send(piece); err != nil {
			t.Fatal(err)
		}
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
	s.unsent = make([]byte, 1<<20)
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
	if err := s.Send([]byte("later")); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(child, got); err != nil || string(got) != "later" {
		t.Fatalf("%q, %v", got, err)
	}
}

// TestStdinIsBounded shows that the first piece may be of any size, and that the queue is bounded after it.
func TestStdinIsBounded(t *testing.T) {
	s, _ := pipe(t)
	if err := s.Send(make([]byte, 2*maxUnsent)); err != nil {
		t.Fatal(err)
	}
	if err := s.Send([]byte("x")); !errors.Is(err, ErrStdinFull) {
		t.Fatalf("%v", err)
	}
	s = &stdin{unsent: make([]byte, maxUnsent-1)}
	if err := s.Send([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := s.Send([]byte("x")); !errors.Is(err, ErrStdinFull) {
		t.Fatalf("%v", err)
	}
}

func TestStdinClosed(t *testing.T) {
	s, child := pipe(t)
	child.Close()
	if err := s.Send([]byte("x")); !errors.Is(err, ErrStdinClosed) {
		t.Errorf("closed by the child: %v", err)
	}
	s, _ = pipe(t)
	if err := s.Send(make([]byte, maxUnsent)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := s.Send([]byte("x")); !errors.Is(err, ErrStdinClosed) {
		t.Errorf("closed by us: %v", err)
	}
	if err := (&Process{}).SendStdin([]byte("x")); !errors.Is(err, ErrStdinClosed) {
		t.Errorf("no child: %v", err)
	}
}
