package httpd

import (
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

// TestOutOfDescriptors connects a client when no descriptor is free. It is answered, and the connection that has been idle
// longest is closed.
func TestOutOfDescriptors(t *testing.T) {
	_, socket := start(t, nil, Services{})
	idle := []net.Conn{dial(t, socket), dial(t, socket)}
	for _, c := range idle {
		askOK(t, c)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	next, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0) // before the limit: the client needs a descriptor too
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(next)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	low := limit
	low.Cur = uint64(null.Fd()) + 1 // if a number below null's is free, the loop below fills it
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
	}()
	var fill []int
	defer func() {
		for _, fd := range fill {
			syscall.Close(fd)
		}
	}()
	for {
		fd, err := syscall.Dup(int(null.Fd()))
		if err != nil {
			break
		}
		fill = append(fill, fd)
	}
	if err := syscall.Connect(next, &syscall.SockaddrUnix{Name: socket}); err != nil {
		t.Fatal(err)
	}
	if _, err := syscall.Write(next, []byte("GET /ok.html HTTP/1.0\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.SetsockoptTimeval(next, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 20}); err != nil {
		t.Fatal(err)
	}
	response := make([]byte, 100)
	if n, err := syscall.Read(next, response); err != nil || n == 0 {
		t.Errorf("no response: %d bytes, %v", n, err)
	}
	if err := idle[0].SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := idle[0].Read(response); err == nil {
		t.Error("the connection that has been idle longest is still open")
	}
}
