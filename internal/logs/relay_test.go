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

// TestStuckReader shows that a reader that does not read keeps nobody waiting, that nothing is lost up to a bound, and that
// what is lost beyond it is counted.
func TestStuckReader(t *testing.T) {
	path, reader := fifo(t)
	f := open(t, path, FileOptions{})
	line := []byte(strings.Repeat("x", 1023) + "\n")
	var sent, kept int
	var news error
	for news == nil && sent < 100<<20 {
		var n int
		n, news = f.Write(line)
		sent += len(line)
		kept += n
	}
	if !errors.Is(news, ErrBehind) {
		t.Fatalf("after %d bytes: %v", sent, news)
	}
	if kept < full || kept != sent-len(line) {
		t.Errorf("%d of %d bytes were kept", kept, sent)
	}
	room := f.Room()
	if room == nil {
		t.Fatal("there is room")
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
	<-room
	f.mu.Lock()
	f.failed = time.Time{} // as if it were long ago
	f.mu.Unlock()
	_, news = f.Write(line)
	var resumed *Resumed
	if !errors.As(news, &resumed) || resumed.Lost != int64(2*len(line)) {
		t.Errorf("%v", news)
	}
	if f.Lost() != int64(2*len(line)) {
		t.Errorf("lost %d", f.Lost())
	}
}

// TestRelayRoom shows how much has to wait until those who can wait are asked to, how much may, and that those who asked
// hear of it when there is room, and when nothing is left.
func TestRelayRoom(t *testing.T) {
	gate := make(chan struct{})
	r := &relay{write: func(p []byte) (int, error) { <-gate; return len(p), nil }, close: func() {}}
	send := func(n int) {
		t.Helper()
		if lost, err := r.send(make([]byte, n)); lost != 0 || err != nil {
			t.Fatalf("%d bytes: %d lost, %v", n, lost, err)
		}
	}
	hears := func(what string, c <-chan struct{}) {
		t.Helper()
		select {
		case <-c:
		case <-time.After(20 * time.Second):
			t.Fatalf("nobody says that there is %s", what)
		}
	}
	if r.empty() != nil {
		t.Error("nothing waits")
	}
	send(262_144) // 256 KiB
	if r.roomLater() != nil {
		t.Error("there is room")
	}
	send(1)
	room, idle := r.roomLater(), r.empty()
	if room == nil || idle == nil {
		t.Fatal("there is no room, and something waits")
	}
	send(4_194_304 - 262_145) // 4 MiB in all
	if lost, err := r.send([]byte("x")); lost != 1 || err != ErrBehind {
		t.Errorf("beyond what may wait: %d lost, %v", lost, err)
	}
	gate <- struct{}{}
	gate <- struct{}{}
	if r.roomLater() == nil {
		t.Error("there is no room yet")
	}
	close(gate)
	hears("room", room)
	hears("nothing left", idle)
}

// TestRelayLoss counts what a failing target did not take, and waits only for what says that it would wait.
func TestRelayLoss(t *testing.T) {
	r := &relay{write: func([]byte) (int, error) { return 3, syscall.EIO }, close: func() {}}
	if lost, err := r.send(make([]byte, 10)); lost != 0 || err != nil {
		t.Fatalf("%d lost, %v, before it was tried", lost, err)
	}
	if idle := r.empty(); idle != nil {
		<-idle
	}
	if lost, err := r.send(nil); lost != 7 || err != syscall.EIO {
		t.Errorf("%d lost, %v", lost, err)
	}
	path, _ := fifo(t)
	for _, flag := range []int{0, syscall.O_NONBLOCK} {
		fd, err := syscall.Open(path, syscall.O_WRONLY|flag, 0)
		if err != nil {
			t.Fatal(err)
		}
		r := newRelay(fd)
		defer r.close()
		if (r.try != nil) != (flag != 0) {
			t.Errorf("flags %x: a way that does not wait: %v", flag, r.try != nil)
		}
	}
}

// TestOwnDescriptor leaves a descriptor that others share as it is, and has one that does not wait.
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
			t.Errorf("the one that is shared was changed")
		}
		if runtime.GOOS == "linux" && blocks(t, own) {
			t.Errorf("ours waits, made from one with %x", flag)
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

// TestQueueOutlivesTheFile shows that what waits is written after the file was closed, before what the next file of that
// path is given, and that nothing is left behind.
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

// TestVanishedFile shows that a log is made again in place of one that was removed, and what is said of a directory that
// is gone.
func TestVanishedFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	path := filepath.Join(dir, "a")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f := open(t, path, FileOptions{})
	later := func() { f.looked = time.Time{} }
	put(t, f, "one")
	os.Remove(path)
	later()
	_, news := f.Write([]byte("two"))
	var remade *Remade
	if !errors.As(news, &remade) || remade.Lost != 3 || contents(t, dir)["a"] != "two" {
		t.Errorf("%v, %q", news, contents(t, dir))
	}
	os.RemoveAll(dir)
	for i, want := range []error{syscall.ENOENT, nil, nil} {
		later()
		if _, news := f.Write([]byte("lost")); news != want {
			t.Errorf("%d: %v, want %v", i, news, want)
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	later()
	_, news = f.Write([]byte("three"))
	var resumed *Resumed
	if !errors.As(news, &resumed) || resumed.Lost != int64(len("two"+"lostlostlost")) || contents(t, dir)["a"] != "three" {
		t.Errorf("%v, %q", news, contents(t, dir))
	}
	if news := f.Close(); news != nil {
		t.Errorf("told again: %v", news)
	}
}

// TestLossIsToldAtTheEnd shows that output that was lost is counted although writing never worked again.
func TestLossIsToldAtTheEnd(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	var main bytes.Buffer
	s := Sink{Process: "p", File: open(t, "/dev/full", FileOptions{}), Main: NewMain(&main, api.Info)}
	s.Write([]byte("123"))
	s.Write([]byte("45"))
	s.Close()
	s.Close()
	if n := strings.Count(main.String(), "WARN log file /dev/full of process 'p' could not be written, 5 bytes were lost\n"); n != 1 {
		t.Errorf("%d times: %s", n, main.String())
	}
}

// TestCopyFallsBehind shows what the file and the copy say of lines that the copy's reader did not take.
func TestCopyFallsBehind(t *testing.T) {
	dir := t.TempDir()
	m, err := OpenMain(MainOptions{Path: filepath.Join(dir, "m"), Level: api.Info})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var copied bytes.Buffer
	stuck := true
	m.copy = writerFunc(func(p []byte) (int, error) {
		if stuck {
			return 0, ErrBehind
		}
		return copied.Write(p)
	})
	for i := range 3 {
		m.Infof("line %d", i)
	}
	stuck = false
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
		{undated(copied.String()), fmt.Sprintf("WARN 3 lines (%d bytes) are missing here, nobody read them in time|"+
			"INFO line 3|INFO line 4", bytes)},
		{undated(contents(t, dir)["m"]), fmt.Sprintf("WARN the standard output takes no more lines, they are dropped "+
			"there until it does|INFO line 0|INFO line 1|INFO line 2|WARN the standard output takes lines again, 3 lines "+
			"(%d bytes) were dropped|INFO line 3|INFO line 4", bytes)},
	} {
		if got := strings.Join(c.got, "|"); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
