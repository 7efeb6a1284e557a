package sock

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestTrialTCP checks which addresses are refused. covers: REP-F12
func TestTrialTCP(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	used := l.Addr().(*net.TCPAddr).Port
	at := func(ip string, port int) *net.TCPAddr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: port} }
	for _, c := range []struct {
		held, address *net.TCPAddr
		want          error
	}{
		{nil, at("127.0.0.1", used), nil},
		{nil, at("0.0.0.0", used), nil},
		{nil, at("192.0.2.1", 9001), syscall.EADDRNOTAVAIL},
		{nil, &net.TCPAddr{Port: used}, nil},
		{at("127.0.0.1", used), at("127.0.0.1", used), syscall.EADDRINUSE},
		{at("0.0.0.0", used), at("127.0.0.1", used), syscall.EADDRINUSE},
		{at("127.0.0.1", used), at("0.0.0.0", used), syscall.EADDRINUSE},
		{at("127.0.0.2", used), at("127.0.0.1", used), nil},
		{at("127.0.0.1", used+1), at("127.0.0.1", used), nil},
		{at("::", used), at("127.0.0.1", used), nil},
	} {
		var trial Trial
		if c.held != nil {
			trial.Hold(c.held)
		}
		if err := trial.TCP(c.address); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%v beside %v: %v, want %v", c.address, c.held, err, c.want)
		}
	}
}

// TestTrialUnix checks which paths are refused, and that nothing is made. covers: REP-F12
func TestTrialUnix(t *testing.T) {
	dir, err := os.MkdirTemp("", "sock")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		filepath.Join(dir, "s"):         nil,
		file:                            nil, // what has the path is replaced, or refused by the caller
		filepath.Join(dir, "none", "s"): syscall.ENOENT,
		filepath.Join(file, "s"):        syscall.ENOTDIR,
		filepath.Join(dir, strings.Repeat("a", 1000)): syscall.EINVAL,
	} {
		if err := new(Trial).Unix(path, Attributes{UID: -1, GID: -1}); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%s: %v, want %v", path, err, want)
		}
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
		t.Errorf("%v, %v", names, err)
	}
}
