package sock

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestNewClosesOnExec(t *testing.T) {
	fd, err := New(unix.AF_UNIX, unix.SOCK_STREAM)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("flags %#x, %v", flags, err)
	}
}

func TestIsStale(t *testing.T) {
	dir, err := os.MkdirTemp("", "sock") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	if !IsStale(path) {
		t.Error("a missing file is not stale")
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	if IsStale(path) {
		t.Error("a socket with a listener is stale")
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	if !IsStale(path) {
		t.Error("a socket without a listener is not stale")
	}
	full, err := New(unix.AF_UNIX, unix.SOCK_STREAM)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(full)
	path += "2"
	if err := unix.Bind(full, &unix.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(full, 0); err != nil {
		t.Fatal(err)
	}
	for range 3 { // more than the queue takes
		if IsStale(path) {
			t.Error("a socket whose listener does not accept is stale")
		}
	}
}
