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
	next := clientSocket(t)
	fillTable(t, 0)
	connectTo(t, next, socket)
	askOn(t, next)
	if err := idle[0].SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := idle[0].Read(make([]byte, 100)); err == nil {
		t.Error("the connection that has been idle longest is still open")
	}
}

// TestLastDescriptor has a client take the last descriptor that is free. Its connection is kept as long as no other client comes.
func TestLastDescriptor(t *testing.T) {
	_, socket := start(t, nil, Services{})
	next, second := clientSocket(t), clientSocket(t)
	fillTable(t, 1)
	connectTo(t, next, socket)
	for range 300 {
		askOn(t, next)
	}
	connectTo(t, second, socket)
	askOn(t, second)
}

// clientSocket is a socket that is not connected. It is made before the table is full: a client needs a descriptor too.
func clientSocket(t *testing.T) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	return fd
}

// fillTable leaves only so many descriptors free until the end of the test.
func fillTable(t *testing.T, free int) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	low := limit
	low.Cur = uint64(int(null.Fd()) + 1 + free) // if a number below null's is free, the loop below fills it
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	var filled []int
	for {
		fd, err := syscall.Dup(int(null.Fd()))
		if err != nil {
			break
		}
		filled = append(filled, fd)
	}
	for _, fd := range filled[len(filled)-free:] {
		syscall.Close(fd)
	}
	filled = filled[:len(filled)-free]
	t.Cleanup(func() {
		null.Close()
		for _, fd := range filled {
			syscall.Close(fd)
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
	})
}

func connectTo(t *testing.T, fd int, socket string) {
	t.Helper()
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: socket}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 20}); err != nil {
		t.Fatal(err)
	}
}

// askOn sends a request, which must be answered.
func askOn(t *testing.T, fd int) {
	t.Helper()
	if _, err := syscall.Write(fd, []byte("GET /ok.html HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if n, err := syscall.Read(fd, make([]byte, 4000)); err != nil || n == 0 {
		t.Fatalf("no response: %d bytes, %v", n, err)
	}
}
