package fcgi

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// socket is a Unix socket in a directory of its own; log has what it logs, without dates.
func socket(t *testing.T, path string) (s *Socket, log func() []string) {
	t.Helper()
	var b bytes.Buffer
	c := &config.Socket{URL: "unix://" + path, Unix: true, Path: path, Mode: 0o705, UID: -1, GID: -1}
	return New(c, logs.NewMain(&b, api.Debug)), func() []string {
		var lines []string
		for line := range strings.Lines(b.String()) {
			lines = append(lines, strings.TrimSuffix(line[len("2006-01-02 15:04:05,000 "):], "\n"))
		}
		b.Reset()
		return lines
	}
}

func acquire(t *testing.T, s *Socket) int {
	t.Helper()
	fd, err := s.Acquire()
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

// TestLife shows that two users share one socket, that the last one closes it, and that its file stays until Remove.
func TestLife(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.sock")
	if err := os.WriteFile(path, []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, log := socket(t, path)
	creating, closing := "INFO Creating socket unix://"+path, "INFO Closing socket unix://"+path
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{creating, closing}, log()); d != "" {
		t.Errorf("check (-want +got):\n%s", d)
	}
	fd := acquire(t, s)
	if again := acquire(t, s); again != fd {
		t.Errorf("two sockets, %d and %d", fd, again)
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o705 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK != 0 {
		t.Errorf("flags %x, %v", flags, err)
	}
	s.Release()
	if d := cmp.Diff([]string{creating}, log()); d != "" {
		t.Errorf("in use (-want +got):\n%s", d)
	}
	s.Release()
	if d := cmp.Diff([]string{closing}, log()); d != "" {
		t.Errorf("end (-want +got):\n%s", d)
	}
	if _, err := net.Dial("unix", path); err == nil {
		t.Error("somebody listens")
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
	s.Remove()
	if _, err := os.Lstat(path); err == nil {
		t.Error("the file is still there")
	}
}

// TestRemoveLeavesOthers shows that a file that somebody put in the place of ours stays.
func TestRemoveLeavesOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.sock")
	s, _ := socket(t, path)
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.Remove()
	if _, err := os.Lstat(path); err != nil {
		t.Error(err)
	}
}

func TestProblems(t *testing.T) {
	s, _ := socket(t, "/nonexistent/dir/x.sock")
	_, err := s.Acquire()
	want := "Could not create FastCGI socket unix:///nonexistent/dir/x.sock: [Errno 2] No such file or directory"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	c := &config.Socket{URL: "tcp://nohost.invalid:1", Host: "nohost.invalid", Port: 1}
	if err := New(c, nil).Check(); err == nil || !strings.HasSuffix(err.Error(), "[Errno -2] Name or service not known") {
		t.Errorf("got %v", err)
	}
}

// TestTCP opens a TCP socket, and finds its port taken.
func TestTCP(t *testing.T) {
	other, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := other.Addr().(*net.TCPAddr).Port
	s := New(&config.Socket{URL: "tcp://localhost", Host: "localhost", Port: port, Backlog: 5}, nil)
	if err := s.Check(); err == nil || !strings.HasSuffix(err.Error(), "[Errno 98] Address already in use") {
		t.Errorf("port taken: %v", err)
	}
	other.Close()
	acquire(t, s)
	defer s.Release()
	conn, err := net.Dial("tcp4", other.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
