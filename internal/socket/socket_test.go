package socket

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/freeport"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// socket is a Unix socket; log returns the lines that it logged since the last call, without dates.
func socket(t *testing.T, path string) (s *Socket, log func() []string) {
	t.Helper()
	var b bytes.Buffer
	c := &config.Socket{URL: "unix://" + path, Unix: true, Path: path, Mode: 0o705, UID: -1, GID: -1}
	return New(c, logs.NewMain(&b, api.Debug), nil), func() []string {
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

// TestUsers shows that two users share one socket, that the last one closes it, and that its file stays until Remove.
func TestUsers(t *testing.T) {
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
		t.Error("a process listens")
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the file was removed: %v", err)
	}
	s.Remove()
	if _, err := os.Lstat(path); err == nil {
		t.Error("the file is still there")
	}
}

// TestRemoveLeavesOthers shows that Remove leaves a file that has replaced the socket's.
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

// group has one process for each socket.
func group(sockets ...*config.Socket) *config.Group {
	g := &config.Group{}
	for _, s := range sockets {
		g.Processes = append(g.Processes, &config.Process{Program: &config.Program{Socket: s}})
	}
	return g
}

func TestErrors(t *testing.T) {
	s, _ := socket(t, "/nonexistent/dir/x.sock")
	_, err := s.Acquire()
	want := "Could not create FastCGI socket unix:///nonexistent/dir/x.sock: [Errno 2] No such file or directory"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	c := &config.Socket{URL: "tcp://nohost.invalid:1", Host: "nohost.invalid", Port: 1}
	if err := New(c, nil, Resolve(group(c))).Check(); err == nil || !strings.HasSuffix(err.Error(), "[Errno -2] Name or service not known") {
		t.Errorf("got %v", err)
	}
}

// TestTCP opens a TCP socket, after its port was in use.
func TestTCP(t *testing.T) {
	port, err := freeport.Get()
	if err != nil {
		t.Fatal(err)
	}
	other, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	c := &config.Socket{URL: "tcp://localhost", Host: "localhost", Port: port, Backlog: 5}
	s := New(c, nil, Resolve(group(c)))
	if err := s.Check(); err == nil || !strings.HasSuffix(err.Error(), "[Errno 98] Address already in use") {
		t.Errorf("port in use: %v", err)
	}
	other.Close()
	acquire(t, s)
	defer func() { s.Release(); refreshed(s) }()
	conn, err := net.Dial("tcp4", other.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// refreshed waits for the end of the lookup that follows a Release.
func refreshed(s *Socket) {
	for s.refreshing.Load() {
		runtime.Gosched()
	}
}

// nameServer answers lookups when the test sends it an answer.
type nameServer struct {
	asked   chan struct{}
	answers chan net.IP // nil: the name is not known
}

func (n *nameServer) lookupIP(_ context.Context, _, host string) ([]net.IP, error) {
	n.asked <- struct{}{}
	ip := <-n.answers
	if ip == nil {
		return nil, &net.DNSError{Name: host, IsNotFound: true}
	}
	return []net.IP{ip}, nil
}

// boundTo returns the address that the socket is bound to.
func boundTo(t *testing.T, s *Socket) string {
	t.Helper()
	name, err := unix.Getsockname(acquire(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return net.IP(name.(*unix.SockaddrInet4).Addr[:]).String()
}

// TestNameServer shows that a socket is opened and closed without waiting for a name server: a host name is looked up in
// advance, and again in a goroutine after the socket was closed and after it could not be opened.
// differs: DIFF-160 the address of a host name
func TestNameServer(t *testing.T) {
	n := &nameServer{make(chan struct{}), make(chan net.IP)}
	defer func(saved func(context.Context, string, string) ([]net.IP, error)) { lookupIP = saved }(lookupIP)
	lookupIP = n.lookupIP
	answer := func(ip string) {
		<-n.asked
		n.answers <- net.ParseIP(ip)
	}
	c := &config.Socket{URL: "tcp://host.example:0", Host: "host.example"}
	go answer("127.0.0.2")
	s := New(c, nil, Resolve(group(c, c, &config.Socket{Host: "127.0.0.1"}, &config.Socket{Unix: true})))
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	if got := boundTo(t, s); got != "127.0.0.2" {
		t.Errorf("bound to %s", got)
	}
	s.Release()
	if got := boundTo(t, s); got != "127.0.0.2" { // and the name server has not answered
		t.Errorf("bound to %s", got)
	}
	s.Release()
	answer("192.0.2.1") // the host has moved to an address that is not ours
	refreshed(s)
	if _, err := s.Acquire(); err == nil || !strings.HasSuffix(err.Error(), "Cannot assign requested address") {
		t.Errorf("an address of another host: %v", err)
	}
	answer("127.0.0.3")
	refreshed(s)
	if got := boundTo(t, s); got != "127.0.0.3" {
		t.Errorf("bound to %s", got)
	}
	s.Release()
	answer("unknown")
	refreshed(s)
	if got := boundTo(t, s); got != "127.0.0.3" {
		t.Errorf("bound to %s after a lookup that failed", got)
	}
	s.Release()
	answer("127.0.0.3")
	refreshed(s)
}
