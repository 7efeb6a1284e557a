package httpd

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
)

const inUse = "Another program is already listening on a port that one of our HTTP servers is configured to use.  " +
	"Shut this program down first before starting supervisord."

func TestOpenErrors(t *testing.T) {
	dir := shortDir(t)
	occupied, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer occupied.Close()
	port := occupied.Addr().(*net.TCPAddr).Port
	live, err := net.Listen("unix", filepath.Join(dir, "live"))
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	if err := os.WriteFile(filepath.Join(dir, "plain"), []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	const prefix = "Cannot open an HTTP server: socket.error reported "
	for _, c := range []struct {
		server     config.Server
		want, more string // the original's line and our second one, with PORT and DIR for what varies
	}{
		{config.Server{Section: "inet_http_server", Host: "127.0.0.1", Port: port}, inUse,
			"[inet_http_server] port=127.0.0.1:PORT: address already in use"},
		{config.Server{Section: "inet_http_server", Host: "192.0.2.1", Port: port},
			prefix + fmt.Sprintf("errno.EADDRNOTAVAIL (%d)", syscall.EADDRNOTAVAIL),
			"[inet_http_server] port=192.0.2.1:PORT: " + syscall.EADDRNOTAVAIL.Error()},
		{unixServer(dir + "/none/s"), prefix + "errno.ENOENT (2)", "[unix_http_server] file=DIR/none/s: no such file or directory"},
		{unixServer(dir + "/live"), inUse, "[unix_http_server] file=DIR/live: address already in use"},
		{unixServer(dir + "/plain"), prefix + "errno.EEXIST (17)",
			"[unix_http_server] file=DIR/plain: the file is not a socket: file exists"},
		{unixServer(dir + "/" + strings.Repeat("x", 108)), prefix + "AF_UNIX path too long",
			"[unix_http_server] file=DIR/" + strings.Repeat("x", 108)},
	} {
		want := c.want + "\n  " + strings.NewReplacer("PORT", strconv.Itoa(port), "DIR", dir).Replace(c.more)
		first := filepath.Join(dir, "first")
		s, err := Open([]config.Server{unixServer(first), c.server}, io.Discard)
		if err == nil {
			s.Close()
			t.Errorf("%+v: no error", c.server)
		} else if err.Error() != want {
			t.Errorf("%+v: got %q, want %q", c.server, err, want)
		}
		if _, err := os.Lstat(first); err == nil {
			t.Errorf("%+v: the socket that was opened before still exists", c.server)
		}
	}
	if b, err := os.ReadFile(dir + "/plain"); string(b) != "precious" {
		t.Errorf("%q, %v", b, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left over: %v, %v", entries, err)
	}
}

func TestStaleSocket(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	var stderr bytes.Buffer
	s, err := Open([]config.Server{unixServer(path)}, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, want := stderr.String(), "Unlinking stale socket "+path+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if _, err := Open([]config.Server{unixServer(path)}, io.Discard); err == nil || !strings.HasPrefix(err.Error(), inUse) {
		t.Errorf("second start: %v", err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the second start removed the socket: %v", err)
	}
}

func TestSocketFile(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	c := unixServer(path)
	c.Mode = 0o707
	if os.Getuid() == 0 {
		c.UID, c.GID = 65534, 65533
	}
	s, err := Open([]config.Server{c}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	st, err := os.Lstat(path)
	if err != nil || st.Mode() != os.ModeSocket|0o707 {
		t.Fatalf("%v, %v", st, err)
	}
	if sys := st.Sys().(*syscall.Stat_t); os.Getuid() == 0 && (sys.Uid != 65534 || sys.Gid != 65533) {
		t.Errorf("owner %d:%d", sys.Uid, sys.Gid)
	}
	if names, _ := filepath.Glob(path + "*"); len(names) != 1 {
		t.Errorf("left over: %v", names)
	}
	s.Close()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("after Close: %v", err)
	}
}

// TestModeBeforeListen checks that no user can connect to a socket whom its mode excludes: as long as its file, under either
// name, has a wider mode, the socket does not listen. On Linux it never has.
func TestModeBeforeListen(t *testing.T) {
	dir := shortDir(t)
	path := filepath.Join(dir, "s")
	defer syscall.Umask(syscall.Umask(0))
	var seen, wide atomic.Int32
	stop, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		names := []string{path, fmt.Sprintf("%s.%d", path, os.Getpid())}
		for {
			select {
			case <-stop:
				return
			default:
			}
			for _, name := range names {
				st, err := os.Lstat(name)
				if err != nil {
					continue
				}
				if seen.Add(1); st.Mode().Perm() == 0o700 {
					continue
				}
				wide.Add(1)
				conn, err := net.Dial("unix", name)
				if err != nil {
					continue
				}
				conn.Close()
				if now, err := os.Lstat(name); err == nil && os.SameFile(st, now) && now.Mode() == st.Mode() {
					t.Errorf("%s accepts connections with mode %v", name, st.Mode())
				}
			}
		}
	}()
	for end := time.Now().Add(timeout); seen.Load() < 200 && time.Now().Before(end); {
		s, err := Open([]config.Server{unixServer(path)}, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
	close(stop)
	<-watched
	if runtime.GOOS == "linux" && wide.Load() != 0 {
		t.Errorf("its mode was wider %d times", wide.Load())
	}
}

func TestCloseKeepsReplacedSocket(t *testing.T) {
	path := filepath.Join(shortDir(t), "s")
	s, err := Open([]config.Server{unixServer(path)}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(path)
	other, err := Open([]config.Server{unixServer(path)}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	s.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the socket of the other server was removed: %v", err)
	}
}

func TestTCP(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "localhost", "::1", "[::1]", "", "*"} {
		s, err := Open([]config.Server{{Host: host}}, io.Discard)
		if err != nil {
			if strings.Contains(host, "::1") && strings.Contains(err.Error(), "EADDRNOTAVAIL") {
				continue // a host without IPv6
			}
			t.Errorf("%s: %v", host, err)
			continue
		}
		s.Serve(Services{})
		addr := s.listeners[0].Addr().(*net.TCPAddr)
		ip := addr.IP.String()
		if host == "" || host == "*" {
			if ip != "0.0.0.0" {
				t.Errorf("%q listens on %s", host, ip)
			}
			ip = "127.0.0.1"
		}
		resp, err := http.Get("http://" + net.JoinHostPort(ip, fmt.Sprint(addr.Port)) + "/ok.html")
		if err != nil || resp.StatusCode != 200 {
			t.Errorf("%s: %v, %v", host, resp, err)
		} else {
			resp.Body.Close()
		}
		s.Close()
	}
}

// TestResolveErrors tells an unknown name from a temporary error.
func TestResolveErrors(t *testing.T) {
	const prefix = "Cannot open an HTTP server: socket.error reported "
	for _, c := range []struct {
		err  error
		want string
	}{
		{&net.DNSError{IsTemporary: true}, prefix + "-3"}, {&net.DNSError{IsNotFound: true}, prefix + "-2"}, {io.EOF, prefix + "EOF"},
	} {
		if got := openText(fmt.Errorf("in a server: %w", c.err)); got != c.want && c.err != io.EOF || !strings.HasPrefix(got, prefix) {
			t.Errorf("%#v: %s", c.err, got)
		}
	}
}

func TestChownNotPermitted(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root is permitted to")
	}
	dir := shortDir(t)
	c := unixServer(filepath.Join(dir, "s"))
	c.UID, c.GID = 0, 0
	_, err := Open([]config.Server{c}, io.Discard)
	me, lookup := user.Current()
	if lookup != nil {
		t.Fatal(lookup)
	}
	want := "Not permitted to chown " + c.File + ` to uid/gid (0, 0); adjust "sockchown" value in config file or on ` +
		"command line to values that the current user (" + me.Username + ") can successfully chown"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left over: %v, %v", entries, err)
	}
}
