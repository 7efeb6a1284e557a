package socket

import (
	"net"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/freeport"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// TestHandOver hands over sockets that are in use, and one that is not: a client that is in the backlog is served, and the file is
// removed in the end.
// covers: L12-l
func TestHandOver(t *testing.T) {
	port, err := freeport.Get()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "s")
	for _, c := range []*config.Socket{
		{URL: path, Unix: true, Path: path, Mode: 0o700, UID: -1, GID: -1},
		{URL: "tcp://127.0.0.1", Host: "127.0.0.1", Port: port},
	} {
		s := New(c, nil, Resolve(group(c)))
		hand := func() *Socket {
			t.Helper()
			w := handover.NewWriter("1")
			w.Put("socket", s.Export(w))
			text, err := w.Text()
			if err != nil {
				t.Fatal(err)
			}
			r, err := handover.Read(text, "2", false)
			if err != nil {
				t.Fatal(err)
			}
			var state SocketState
			r.Get("socket", &state)
			next := Import(r, state, c, nil)
			if err := r.Complete(); err != nil {
				t.Fatal(err)
			}
			return next
		}
		s = hand()
		acquire(t, s)
		network, address := "unix", path
		if !c.Unix {
			network, address = "tcp4", net.JoinHostPort(c.Host, strconv.Itoa(port))
		}
		conn, err := net.Dial(network, address)
		if err != nil {
			t.Fatal(err)
		}
		s = hand()
		fd, _, err := unix.Accept(s.fd)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(fd)
		conn.Close()
		if s.Release(); s.users != 0 {
			t.Errorf("%d users", s.users)
		}
		refreshed(s)
		s.Remove()
		if _, err := net.Dial(network, address); err == nil {
			t.Errorf("%s is still open", c.URL)
		}
	}
}
