package socket

import (
	"maps"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/freeport"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// listener returns the configuration of a Unix socket called a, and its path.
func listener(t *testing.T) (*config.Socket, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.sock")
	return &config.Socket{Name: "a", URL: "unix://" + path, Unix: true, Path: path, Mode: 0o700, UID: -1, GID: -1}, path
}

// groupOf has one process with these sockets.
func groupOf(sockets ...*config.Socket) *config.Group {
	extra := &config.Extra{Listening: &config.Listening{Sockets: sockets}}
	return &config.Group{Name: "g", Processes: []*config.Process{{Program: &config.Program{}, Extra: extra}}}
}

func use(t *testing.T, s *Set, c *config.Socket) *Socket {
	t.Helper()
	socket, err := s.Use(c, nil, Resolve(groupOf(c)))
	if err != nil {
		t.Fatal(err)
	}
	return socket
}

func isOpen(path string) bool {
	conn, err := net.Dial("unix", path)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// A socket of two groups, and of children, is closed with its file when the last user has gone; one that is kept, later.
func TestSet(t *testing.T) {
	var s Set
	c, path := listener(t)
	first, second := use(t, &s, c), use(t, &s, c)
	if first != second {
		t.Error("two sockets")
	}
	acquire(t, first)
	s.Drop(first)
	first.Release()
	if !isOpen(path) {
		t.Error("it was closed")
	}
	s.Keep(groupOf(c), groupOf(c))
	s.Drop(second)
	if !isOpen(path) || !s.Keeps() {
		t.Error("it was not kept")
	}
	s.Settle(nil)
	if _, err := os.Lstat(path); err == nil || s.Keeps() || s.Find(c) != nil {
		t.Error("it is still there")
	}
}

// The values of another section are those of the socket while it is open. Another address is another socket.
func TestChange(t *testing.T) {
	var s Set
	c, path := listener(t)
	socket := use(t, &s, c)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	other := *c
	other.Mode, other.Backlog = 0o755, 5
	if use(t, &s, &other) != socket || socket.Config() != &other {
		t.Error("another socket")
	}
	now, err := os.Stat(path)
	if err != nil || now.Mode().Perm() != 0o755 || !os.SameFile(before, now) {
		t.Errorf("%v, %v", now.Mode(), err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Use(c, nil, nil); err == nil || !strings.HasPrefix(err.Error(), "Could not create socket a at unix://") {
		t.Errorf("the file has gone: %v", err)
	}
	moved, path := listener(t)
	if use(t, &s, moved) == socket || !isOpen(path) {
		t.Error("the same socket at another address")
	}
}

// A change that fails half way is undone, and Restore undoes one that has succeeded.
func TestChangeFails(t *testing.T) {
	var s Set
	c, path := listener(t)
	c.Backlog = 1
	socket := use(t, &s, c)
	mode := func() os.FileMode {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	other := *c
	other.Mode = 0o755
	use(t, &s, &other)
	if s.Restore([]*config.Socket{c}); mode() != c.Mode || socket.Config() != c {
		t.Errorf("restored: mode %o", mode())
	}
	moved := path + "2"
	if err := os.Rename(path, moved); err != nil {
		t.Fatal(err)
	}
	other.Backlog = 20
	if _, err := s.Use(&other, nil, nil); err == nil || socket.Config() != c {
		t.Errorf("the file has gone: %v", err)
	}
	if n := queued(t, moved); n > 5 {
		t.Errorf("%d connections are queued", n)
	}
	if err := os.Rename(moved, path); err != nil {
		t.Fatal(err)
	}
	if use(t, &s, &other); mode() != other.Mode {
		t.Errorf("changed later: mode %o", mode())
	}
}

// queued is how many connections a Unix socket takes that nothing accepts, up to 20.
func queued(t *testing.T, path string) (n int) {
	t.Helper()
	for ; n < 20; n++ {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
		if unix.Connect(fd, &unix.SockaddrUnix{Name: path}) != nil {
			break
		}
	}
	return n
}

// With reuseport switched on or off, a socket that processes share and those that they have for themselves are open at the same time; a
// socket of another section is an error, as ever. What a group is to share is kept, not what its processes have for themselves.
func TestReusePortChanges(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems do not let a bound socket share its address later")
	}
	for _, kind := range []string{"tcp", "udp"} {
		port, err := freeport.Get()
		if err != nil {
			t.Fatal(err)
		}
		c := &config.Socket{Name: "a", URL: kind, Host: "127.0.0.1", Port: port, Datagram: kind == "udp"}
		own, other := *c, *c
		own.ReusePort, other.Name, other.URL = true, "b", kind+"2"
		var s Set
		shared := use(t, &s, c)
		if err := s.Own(&other, nil, nil).Check(); err == nil {
			t.Errorf("%s: a socket of another section", kind)
		}
		one, two := s.Own(&own, nil, nil), s.Own(&own, nil, nil)
		acquire(t, one)
		s.Drop(shared)
		acquire(t, two)
		if s.own[placeOf(c)] != 2 {
			t.Errorf("%s: %d are open", kind, s.own[placeOf(c)])
		}
		shared = use(t, &s, c)
		if _, err := new(Set).Use(&other, nil, nil); err == nil {
			t.Errorf("%s: a socket of another set", kind)
		}
		one.Release()
		two.Release()
		if len(s.own) != 0 {
			t.Errorf("%s: %v are open", kind, s.own)
		}
		if s.Keep(groupOf(&own)); s.Keeps() {
			t.Errorf("%s: a socket is kept that is not shared any more", kind)
		}
		s.Drop(shared)
	}
}

// A live socket and a file of another type are errors; a socket that no process has is replaced.
func TestOccupied(t *testing.T) {
	for _, datagram := range []bool{false, true} {
		c, path := listener(t)
		c.Datagram = datagram
		first := use(t, new(Set), c)
		if _, err := new(Set).Use(c, nil, nil); err == nil || !strings.HasSuffix(err.Error(), "[Errno 98] Address already in use") {
			t.Errorf("in use: %v", err)
		}
		if err := unix.Close(first.fd); err != nil {
			t.Fatal(err)
		}
		use(t, new(Set), c)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := new(Set).Use(c, nil, nil); err == nil || !strings.HasSuffix(err.Error(), "the file is not a socket: file exists") {
			t.Errorf("a file: %v", err)
		}
	}
}

// TestInet opens sockets of each kind at addresses of both families, and knows how many connections wait.
func TestInet(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		for _, kind := range []string{"tcp", "udp"} {
			for _, own := range []bool{false, true} {
				port, err := freeport.Get()
				if err != nil {
					t.Fatal(err)
				}
				address := net.JoinHostPort(host, strconv.Itoa(port))
				c := &config.Socket{Name: "a", URL: kind + "://" + address, Host: host, Port: port, Datagram: kind == "udp", ReusePort: own}
				s := New(c, nil, nil)
				acquire(t, s)
				if own {
					other := New(c, nil, nil)
					acquire(t, other)
					other.Release()
				} else if err := New(c, nil, nil).Check(); err == nil {
					t.Errorf("%s: two sockets at one address", c.URL)
				}
				if n := s.Waiting(); n != 0 {
					t.Errorf("%s: %d wait", c.URL, n)
				}
				for n := 1; n <= 2; n++ {
					conn, err := net.Dial(kind, address)
					if err != nil {
						t.Fatal(err)
					}
					defer conn.Close()
					if _, err := conn.Write([]byte("x")); err != nil {
						t.Fatal(err)
					}
					want := 1
					if kind == "tcp" && connections(s.fd) == 2 { // where it is known
						want = n
					}
					if got := s.Waiting(); got != want {
						t.Errorf("%s: %d wait, not %d", c.URL, got, want)
					}
				}
				s.Release()
			}
		}
	}
}

// TestHandOverSet hands over a set with a socket that groups and a child use, one that is only kept, and those of a service manager.
// covers: L13-upgrade
func TestHandOverSet(t *testing.T) {
	var pair [2]int
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	pair = fds
	s := NewSet(map[string][]int{"x": {pair[0]}, "unused": {pair[1]}})
	c, path := listener(t)
	kept, keptPath := listener(t)
	lent := &config.Socket{Name: "l", URL: "inherit:x", Inherit: "x"}
	acquire(t, use(t, s, c))
	use(t, s, lent)
	use(t, s, kept)
	s.Keep(groupOf(kept))
	s.Drop(s.Find(kept))
	w := handover.NewWriter("1")
	w.Put("sockets", s.Export(w))
	text, err := w.Text()
	if err != nil {
		t.Fatal(err)
	}
	for _, trial := range []bool{true, false} {
		r, err := handover.Read(text, "1", trial)
		if err != nil {
			t.Fatal(err)
		}
		var state *SetState
		r.Get("sockets", &state)
		next := new(Set)
		next.Import(r, state, nil)
		if err := r.Complete(); err != nil {
			t.Fatal(err)
		}
		if trial {
			continue
		}
		if !maps.EqualFunc(next.inherited, s.inherited, func(a, b []int) bool { return a[0] == b[0] }) {
			t.Errorf("%v", next.inherited)
		}
		if got := next.Find(lent); got.fd != pair[0] || !got.lent {
			t.Errorf("%+v", got)
		}
		if got := next.Find(c); got.users != 2 || !isOpen(path) || *got.config != *c {
			t.Errorf("%+v", got)
		}
		if !isOpen(keptPath) {
			t.Error("the socket that was kept is closed")
		}
		next.Settle(nil)
		next.Find(c).Release()
		next.Drop(next.Find(c))
		for _, p := range []string{path, keptPath} {
			if _, err := os.Lstat(p); err == nil {
				t.Errorf("%s is still there", p)
			}
		}
		next.Drop(next.Find(lent))
		if !isSocket(pair[0]) {
			t.Error("a descriptor of the service manager was closed")
		}
	}
	if (&Set{}).Export(handover.NewWriter("1")) != nil {
		t.Error("an empty set has a state")
	}
}

// TestInherited reads the variables of a service manager.
// covers: L13-j
func TestInherited(t *testing.T) {
	own := strconv.Itoa(os.Getpid())
	for _, c := range []struct {
		pid, fds, names string
		launcher        int
		want            bool
	}{
		{own, "1", "web", 0, true}, {"1", "1", "web", 1, true}, {own, "1", "", 0, true},
		{"1", "1", "web", 0, false}, {"", "1", "web", 0, false}, {own, "", "web", 0, false}, {own, "x", "web", 0, false}, {own, "-1", "", 0, false},
	} {
		t.Setenv("LISTEN_PID", c.pid)
		t.Setenv("LISTEN_FDS", c.fds)
		t.Setenv("LISTEN_FDNAMES", c.names)
		all := Inherited(c.launcher)
		if (all != nil) != c.want {
			t.Errorf("%+v: %v", c, all)
		}
		for name := range all {
			if want := c.names; name != want && !(want == "" && name == "unknown") {
				t.Errorf("%+v: %v", c, all)
			}
		}
	}
}

// A section that names no socket, or several, is an error.
func TestLend(t *testing.T) {
	s := NewSet(map[string][]int{"two": {3, 4}})
	for name, want := range map[string]string{"none": "no socket none was inherited", "two": "2 sockets two were inherited"} {
		_, err := s.Use(&config.Socket{Name: "a", URL: "inherit:" + name, Inherit: name}, nil, nil)
		if want = "Could not create socket a at inherit:" + name + ": " + want; err == nil || err.Error() != want {
			t.Errorf("%v, not %s", err, want)
		}
	}
}
