package logs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
)

// fifo makes a FIFO with a reader that reads nothing yet.
func fifo(t *testing.T) (path string, reader *os.File) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
	reader = os.NewFile(uintptr(fd), path)
	t.Cleanup(func() { reader.Close() })
	return path, reader
}

// TestSlowReader shows that a reader that does not read blocks no write, that nothing is lost up to a limit, and that what
// is dropped beyond it is counted.
func TestSlowReader(t *testing.T) {
	path, reader := fifo(t)
	f := open(t, path, FileOptions{})
	line := []byte(strings.Repeat("x", 1023) + "\n")
	var sent, kept int
	var condition error
	for condition == nil && sent < 100<<20 {
		var n int
		n, condition = f.Write(line)
		sent += len(line)
		kept += n
	}
	if !errors.Is(condition, ErrBehind) {
		t.Fatalf("after %d bytes: %v", sent, condition)
	}
	if kept < limit || kept != sent-len(line) {
		t.Errorf("%d of %d bytes were kept", kept, sent)
	}
	accepting := f.Backpressure()
	if accepting == nil {
		t.Fatal("no backpressure")
	}
	if n, err := f.Write(line); n != 0 || err != nil {
		t.Errorf("the second one that is lost: %d, %v", n, err)
	}
	got := make([]byte, kept)
	if _, err := io.ReadFull(reader, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, bytes.Repeat(line, kept/len(line))) {
		t.Error("it is not what was written")
	}
	<-accepting
	f.mu.Lock()
	f.failed = time.Time{} // as if it were long ago
	f.mu.Unlock()
	_, condition = f.Write(line)
	var over *resumed
	if !errors.As(condition, &over) || over.lost != int64(2*len(line)) {
		t.Errorf("%v", condition)
	}
	if f.lost != int64(2*len(line)) {
		t.Errorf("lost %d", f.lost)
	}
}

// TestBackpressure shows at which size of the queue callers are asked to wait, how large it may become, and that its channels
// close when the target accepts more and when the queue is empty.
func TestBackpressure(t *testing.T) {
	gate := make(chan struct{})
	w := &asyncWriter{write: func(p []byte) (int, error) { <-gate; return len(p), nil }, close: func() {}}
	send := func(n int) {
		t.Helper()
		if lost, err := w.send(make([]byte, n)); lost != 0 || err != nil {
			t.Fatalf("%d bytes: %d lost, %v", n, lost, err)
		}
	}
	closes := func(what string, c <-chan struct{}) {
		t.Helper()
		select {
		case <-c:
		case <-time.After(20 * time.Second):
			t.Fatalf("the channel for %s does not close", what)
		}
	}
	if w.flushed() != nil {
		t.Error("nothing is queued")
	}
	send(262_144) // 256 KiB
	if w.backpressure() != nil {
		t.Error("backpressure at the high-water mark")
	}
	send(1)
	accepting, empty := w.backpressure(), w.flushed()
	if accepting == nil || empty == nil {
		t.Fatal("no backpressure, or nothing is queued")
	}
	send(4_194_304 - 262_145) // 4 MiB in all
	if lost, err := w.send([]byte("x")); lost != 1 || err != ErrBehind {
		t.Errorf("beyond the limit: %d lost, %v", lost, err)
	}
	gate <- struct{}{}
	gate <- struct{}{}
	if w.backpressure() == nil {
		t.Error("no backpressure above the high-water mark")
	}
	close(gate)
	closes("backpressure", accepting)
	closes("an empty queue", empty)
}

// TestLoss counts what a failing target did not take, and has a write that does not block only for a descriptor like that.
func TestLoss(t *testing.T) {
	w := &asyncWriter{write: func([]byte) (int, error) { return 3, syscall.EIO }, close: func() {}}
	if lost, err := w.send(make([]byte, 10)); lost != 0 || err != nil {
		t.Fatalf("%d lost, %v, before it was tried", lost, err)
	}
	if empty := w.flushed(); empty != nil {
		<-empty
	}
	if lost, err := w.send(nil); lost != 7 || err != syscall.EIO {
		t.Errorf("%d lost, %v", lost, err)
	}
	path, _ := fifo(t)
	for _, flag := range []int{0, syscall.O_NONBLOCK} {
		fd, err := syscall.Open(path, syscall.O_WRONLY|flag, 0)
		if err != nil {
			t.Fatal(err)
		}
		w := newAsyncWriter(fd)
		defer w.close()
		if (w.try != nil) != (flag != 0) {
			t.Errorf("flags %x: a write that does not block: %v", flag, w.try != nil)
		}
	}
}

// TestOwnDescriptor leaves a shared descriptor as it is, and returns one that does not block.
func TestOwnDescriptor(t *testing.T) {
	path, _ := fifo(t)
	for _, flag := range []int{0, syscall.O_NONBLOCK} {
		fd, err := syscall.Open(path, syscall.O_WRONLY|flag, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer syscall.Close(fd)
		own, err := ownDescriptor(fd)
		if err != nil || own == fd {
			t.Fatalf("%d for %d, %v", own, fd, err)
		}
		defer syscall.Close(own)
		if got := blocks(t, fd); got != (flag == 0) {
			t.Errorf("the shared one was changed")
		}
		if runtime.GOOS == "linux" && blocks(t, own) {
			t.Errorf("ours blocks, made from one with %x", flag)
		}
	}
}

func blocks(t *testing.T, fd int) bool {
	t.Helper()
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		t.Fatal(err)
	}
	return flags&unix.O_NONBLOCK == 0
}

// TestQueueOutlivesTheFile shows that what is queued is written after the file was closed, and before what is written to the
// next file of that path, and that no descriptor stays open.
func TestQueueOutlivesTheFile(t *testing.T) {
	path, reader := fifo(t)
	var want bytes.Buffer
	for i := range 20 {
		f := open(t, path, FileOptions{})
		chunk := bytes.Repeat([]byte{'a' + byte(i)}, 50_000)
		want.Write(chunk)
		if n, err := f.Write(chunk); n != len(chunk) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		f.Close()
	}
	got := make([]byte, want.Len())
	if _, err := io.ReadFull(reader, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("it is not what was written")
	}
	if n, err := reader.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("the pipe is still open for writing: %d, %v", n, err)
	}
	if !Flush(10 * time.Second) {
		t.Error("something is left")
	}
}

// TestRemovedFile shows that a log that was removed is created again, and what is reported if its directory was removed too.
func TestRemovedFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	path := filepath.Join(dir, "a")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f := open(t, path, FileOptions{})
	later := func() { f.checkedAt = time.Time{} }
	put(t, f, "one")
	os.Remove(path)
	later()
	_, condition := f.Write([]byte("two"))
	var again *recreated
	if !errors.As(condition, &again) || again.lost != 3 || contents(t, dir)["a"] != "two" {
		t.Errorf("%v, %q", condition, contents(t, dir))
	}
	os.RemoveAll(dir)
	for i, want := range []error{syscall.ENOENT, nil, nil} {
		later()
		if _, condition := f.Write([]byte("lost")); condition != want {
			t.Errorf("%d: %v, want %v", i, condition, want)
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	later()
	_, condition = f.Write([]byte("three"))
	var over *resumed
	if !errors.As(condition, &over) || over.lost != int64(len("two"+"lostlostlost")) || contents(t, dir)["a"] != "three" {
		t.Errorf("%v, %q", condition, contents(t, dir))
	}
	if condition := f.Close(); condition != nil {
		t.Errorf("reported again: %v", condition)
	}
}

// TestLossIsReportedAtTheEnd shows that lost output is counted although writing never worked again.
func TestLossIsReportedAtTheEnd(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	var main bytes.Buffer
	s := FileTarget{Process: "p", File: open(t, "/dev/full", FileOptions{}), Main: NewMain(&main, api.Info)}
	s.Write([]byte("123"))
	s.Write([]byte("45"))
	s.Close()
	s.Close()
	if n := strings.Count(main.String(), "WARN log file /dev/full of process 'p' could not be written, 5 bytes were lost\n"); n != 1 {
		t.Errorf("%d times: %s", n, main.String())
	}
}

// TestCopyFallsBehind shows the lines in the file and in the copy about lines that the copy's reader did not take.
func TestCopyFallsBehind(t *testing.T) {
	dir := t.TempDir()
	m, err := OpenMain(MainOptions{Path: filepath.Join(dir, "m"), Level: api.Info})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var copied bytes.Buffer
	slow := true
	m.copy = writerFunc(func(p []byte) (int, error) {
		if slow {
			return 0, ErrBehind
		}
		return copied.Write(p)
	})
	for i := range 3 {
		m.Infof("line %d", i)
	}
	slow = false
	m.Infof("line 3")
	m.Infof("line 4")
	undated := func(text string) (lines []string) {
		for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
			lines = append(lines, line[len(stampLayout):])
		}
		return lines
	}
	bytes := 3 * (len(stampLayout) + len("INFO line 0\n"))
	for _, c := range []struct {
		got  []string
		want string
	}{
		{undated(copied.String()), fmt.Sprintf("WARN 3 lines (%d bytes) were dropped here, the reader did not keep up|"+
			"INFO line 3|INFO line 4", bytes)},
		{undated(contents(t, dir)["m"]), fmt.Sprintf("WARN standard output does not keep up, lines are dropped "+
			"there until it does|INFO line 0|INFO line 1|INFO line 2|WARN standard output accepts lines again, 3 lines "+
			"(%d bytes) were dropped|INFO line 3|INFO line 4", bytes)},
	} {
		if got := strings.Join(c.got, "|"); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
