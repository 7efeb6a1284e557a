package httpd

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/freeport"
)

func freePort(t *testing.T) int {
	t.Helper()
	port, err := freeport.Get()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func mustOpen(t *testing.T, servers ...config.Server) *Servers {
	t.Helper()
	s, err := Open(servers, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	s.Serve(say("first"))
	return s
}

// say answers every call with a text.
func say(text string) Services {
	return Services{Call: func(_ context.Context, _, dst []byte) ([]byte, func(), int) { return append(dst, text...), nil, 200 }}
}

// request connects to a server and sends a call.
func request(t *testing.T, network, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(timeout))
	fmt.Fprintf(conn, "POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nAuthorization: Basic YTpi\r\n\r\nx")
	return conn
}

// answer reads the answer to request.
func answer(t *testing.T, conn net.Conn) string {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return string(body)
}

// next stops s and opens the servers of the next run. Between answers nothing.
func next(t *testing.T, s *Servers, between func(), servers ...config.Server) *Servers {
	t.Helper()
	if err := s.Prepare(servers, io.Discard); err != nil {
		t.Fatal(err)
	}
	s.Stop(servers)
	between()
	n, err := s.Next(servers, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	n.Serve(say("second"))
	t.Cleanup(n.Close)
	return n
}

// TestKeptSockets shows that sockets stay open from one run to the next: a rival cannot bind the port, the file of the Unix
// socket stays the same, and clients that connect between the two are answered by the next run, by its credentials.
// covers: SEC-6
func TestKeptSockets(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	port := freePort(t)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	tcp, unix := config.Server{Host: "127.0.0.1", Port: port}, unixServer(path)
	s := mustOpen(t, tcp, unix)
	before, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	old := request(t, "tcp4", address)
	if got := answer(t, old); got != "first" {
		t.Errorf("before: %s", got)
	}
	tcp.Username, tcp.Password, unix.Section = "a", "b", "unix_http_server:renamed"
	var overTCP, overUnix net.Conn
	s = next(t, s, func() {
		for _, rival := range []string{address, fmt.Sprintf("0.0.0.0:%d", port)} {
			if l, err := net.Listen("tcp4", rival); err == nil {
				l.Close()
				t.Errorf("a rival could listen on %s", rival)
			}
		}
		overTCP, overUnix = request(t, "tcp4", address), request(t, "unix", path)
	}, unix, tcp)
	if got := answer(t, overTCP); got != "second" {
		t.Errorf("over TCP: %s", got)
	}
	if got := answer(t, overUnix); got != "second" {
		t.Errorf("over the Unix socket: %s", got)
	}
	if _, err := old.Read(make([]byte, 1)); err == nil {
		t.Error("a connection of the first run is still open")
	}
	if now, err := os.Lstat(path); err != nil || !os.SameFile(before, now) {
		t.Errorf("the socket file was made again: %v", err)
	}
	tcp.Password = "other"
	next(t, s, func() {}, tcp)
	if got := answer(t, request(t, "tcp4", address)); got == "second" {
		t.Error("the old password is accepted")
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket that is no longer configured has left its file")
	}
}

// TestPrepareFails shows that a socket that cannot be opened leaves everything as it is.
// covers: SEC-6
func TestPrepareFails(t *testing.T) {
	dir := shortDir(t)
	occupied, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer occupied.Close()
	taken := config.Server{Section: "inet_http_server", Host: "127.0.0.1", Port: occupied.Addr().(*net.TCPAddr).Port}
	first, second := unixServer(filepath.Join(dir, "1")), unixServer(filepath.Join(dir, "2"))
	s := mustOpen(t, first)
	want := fmt.Sprintf("%s\n  [inet_http_server] port=127.0.0.1:%d: address already in use", inUse, taken.Port)
	for range 2 {
		if err := s.Prepare([]config.Server{second, taken}, io.Discard); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := os.Lstat(second.File); err == nil {
		t.Error("a socket of the refused reload is still there")
	}
	if got := answer(t, request(t, "unix", first.File)); got != "first" {
		t.Errorf("after it: %s", got)
	}
	if err := s.Prepare([]config.Server{first, first}, io.Discard); err == nil || !strings.HasPrefix(err.Error(), inUse) {
		t.Errorf("two servers with one socket: %v", err)
	}
	if err := s.Prepare([]config.Server{second}, io.Discard); err != nil {
		t.Error(err)
	}
	s.Close()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left over: %v, %v", entries, err)
	}
	if err := s.Prepare([]config.Server{second}, io.Discard); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(second.File); err == nil {
		t.Error("a socket was prepared after the end")
	}
}

// TestPortOnOtherAddresses shows that a reload can change the addresses of a port, from some to all and back, and that the port
// is never free meanwhile.
// covers: SEC-6
func TestPortOnOtherAddresses(t *testing.T) {
	port := freePort(t)
	on := func(host string) config.Server { return config.Server{Host: host, Port: port} }
	s := mustOpen(t, on("127.0.0.1"))
	for _, host := range []string{"*", "127.0.0.1", "0.0.0.0", "localhost", "127.0.0.2"} {
		rival := func(when string) {
			if l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
				l.Close()
				if host != "127.0.0.2" {
					t.Errorf("%s: a rival could listen %s", host, when)
				}
			}
		}
		if err := s.Prepare([]config.Server{on(host)}, io.Discard); err != nil {
			t.Fatal(err)
		}
		if len(s.prepared) != 1 {
			t.Skip("here a port cannot be shared with a socket that is open already")
		}
		rival("before it")
		s = next(t, s, func() { rival("between two runs") }, on(host))
		address := fmt.Sprintf("127.0.0.1:%d", port)
		if host == "127.0.0.2" {
			address = fmt.Sprintf("127.0.0.2:%d", port)
		}
		if got := answer(t, request(t, "tcp4", address)); got != "second" {
			t.Errorf("%s: %s", host, got)
		}
	}
	taken, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if err := s.Prepare([]config.Server{on("127.0.0.1")}, io.Discard); err == nil {
		t.Error("the port is taken on the new address")
	}
}

// TestOtherMode shows that a Unix socket whose mode changes is replaced in one step when the old run ends, and that until then
// the old one is answered.
// covers: SEC-6
func TestOtherMode(t *testing.T) {
	dir := shortDir(t)
	c := unixServer(filepath.Join(dir, "s"))
	s := mustOpen(t, c)
	c.Mode = 0o707
	if err := s.Prepare([]config.Server{c}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if got := answer(t, request(t, "unix", c.File)); got != "first" {
		t.Errorf("after Prepare: %s", got)
	}
	var waiting net.Conn
	s = next(t, s, func() { waiting = request(t, "unix", c.File) }, c)
	if got := answer(t, waiting); got != "second" {
		t.Errorf("a client that has waited: %s", got)
	}
	st, err := os.Lstat(c.File)
	if err != nil || st.Mode() != os.ModeSocket|0o707 {
		t.Errorf("%v, %v", st, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left over: %v, %v", entries, err)
	}
	c.Mode = 0o700
	if err := s.Prepare([]config.Server{c}, io.Discard); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left over at the end: %v, %v", entries, err)
	}
}

// TestRemovedSocketFile shows that a reload makes a socket file again that was removed, and refuses if another server is there.
// covers: SEC-6
func TestRemovedSocketFile(t *testing.T) {
	dir := filepath.Join(shortDir(t), "d")
	mustMake := func() {
		t.Helper()
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	mustMake()
	c := unixServer(filepath.Join(dir, "s"))
	s := mustOpen(t, c)
	if err := os.Remove(c.File); err != nil {
		t.Fatal(err)
	}
	s = next(t, s, func() {}, c)
	if got := answer(t, request(t, "unix", c.File)); got != "second" {
		t.Error(got)
	}
	if err := os.Rename(dir, dir+"2"); err != nil { // a removed file would be made anew at once
		t.Fatal(err)
	}
	mustMake()
	other := mustOpen(t, c)
	if err := s.Prepare([]config.Server{c}, io.Discard); err == nil || !strings.HasPrefix(err.Error(), inUse) {
		t.Errorf("%v", err)
	}
	s.Close()
	if got := answer(t, request(t, "unix", c.File)); got != "first" {
		t.Errorf("the other server: %s", got)
	}
	other.Close()
}

// TestConnectionsLeave shows that a connection whose first request has not been answered, or has come in part, is answered by the
// next run.
// covers: SEC-6
func TestConnectionsLeave(t *testing.T) {
	c := unixServer(filepath.Join(shortDir(t), "s"))
	s := mustOpen(t, c)
	const text = "POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"
	var conns []net.Conn
	for part := range len(text) {
		conn, err := net.Dial("unix", c.File)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(timeout))
		fmt.Fprint(conn, text[:part])
		conns = append(conns, conn)
	}
	if got := answer(t, request(t, "unix", c.File)); got != "first" { // those before it have been accepted
		t.Error(got)
	}
	next(t, s, func() {}, c)
	for part, conn := range conns {
		fmt.Fprint(conn, text[part:])
		if got := answer(t, conn); got != "second" {
			t.Errorf("after %d bytes: %s", part, got)
		}
	}
}
