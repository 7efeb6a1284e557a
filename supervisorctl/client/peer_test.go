package client

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// TestTrusts checks who may listen at a socket to which a password is sent.
// covers: SEC-20
// differs: DIFF-206 the original does not look
func TestTrusts(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{
		"own": 0o755, "shared": os.ModeSticky | 0o777, "group": 0o770, "open": 0o777, "shared/own": 0o755, "open/own": 0o755,
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(path, 0o755), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(dir, "shared"), filepath.Join(dir, "own", "link")); err != nil {
		t.Fatal(err)
	}
	const other = 54321
	self := os.Geteuid()
	for _, c := range []struct {
		uid  int
		path string
		want bool
	}{
		{0, "shared/s", true},
		{self, "shared/s", true},
		{4711, "shared/s", true}, // by TrustPeer
		{other, "shared/s", false},
		{other, "own/link/s", false},
		{other, "open/s", false},
		{other, "open/own/s", false}, // anyone can replace own
		{other, "shared/own/s", true},
		{other, "own/s", true},
		{other, "group/s", true},
		{other, "none/s", true},
	} {
		client := &Client{trusted: []int{4711}}
		if got := client.trusts(c.uid, filepath.Join(dir, c.path)); got != c.want {
			t.Errorf("uid %d, %s: %t", c.uid, c.path, got)
		}
	}
	if err := (&PeerError{Path: "/s", UID: 0}).Error(); err != "root (uid 0) listens at /s, where all users can put a socket, and is "+
		"not known to run supervisord: the password was not sent" {
		t.Error(err)
	}
}

// TestNoPasswordForOthers shows that nothing is sent before the check, and that calls without a password need none.
// covers: SEC-20
func TestNoPasswordForOthers(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to become another user")
	}
	dir, err := os.MkdirTemp("/tmp", "sv")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, os.ModeSticky|0o777); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "s")
	listener, err := listenAs(54321, path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	got := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		data, _ := io.ReadAll(conn)
		got <- string(data)
	}()
	c, err := New("unix://"+path, "admin", "secret")
	if err != nil {
		t.Fatal(err)
	}
	var peer *PeerError
	if _, err = c.State(context.Background()); !errors.As(err, &peer) || peer.UID != 54321 || peer.Path != path {
		t.Errorf("%v", err)
	}
	if data := <-got; data != "" {
		t.Errorf("it got %q", data)
	}
}

// listenAs listens at a path as another user, from a thread that ends with its goroutine.
func listenAs(uid int, path string) (net.Listener, error) {
	var listener net.Listener
	done := make(chan error)
	go func() {
		err := becomeOnThread(uid)
		if err == nil {
			listener, err = net.Listen("unix", path)
		}
		done <- err
	}()
	err := <-done
	return listener, err
}
