package httpd

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gosupervisor/supervisor/internal/config"
)

// A socket file that is not in its place is made anew; connections stay, and what others have put there too.
// covers: REP-G1
func TestRebind(t *testing.T) {
	dir := filepath.Join(shortDir(t), "d")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(dir, 0o700))
	c := unixServer(filepath.Join(dir, "s"))
	s, err := Open([]config.Server{c, {Section: "inet_http_server", Host: "127.0.0.1"}}, io.Discard)
	must(err)
	var warnings []string
	services := say("first")
	services.Rebound = func(warning string) { warnings = append(warnings, warning) }
	s.Serve(services)
	defer s.Close()
	stays := request(t, "unix", c.File)
	if got := answer(t, stays); got != "first" {
		t.Fatal(got)
	}
	away := func(i int) { // a move of the directory is not reported by the kernel
		must(os.Rename(dir, fmt.Sprint(dir, i)))
		must(os.Mkdir(dir, 0o700))
	}
	if s.Rebind() || warnings != nil {
		t.Errorf("nothing was missing: %q", warnings)
	}
	for i := range 3 {
		away(i)
		if !s.Rebind() || s.Rebind() {
			t.Errorf("%d: made not once: %q", i, warnings)
		}
		if got := answer(t, request(t, "unix", c.File)); got != "first" {
			t.Error(got)
		}
	}
	fmt.Fprintf(stays, "POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nAuthorization: Basic YTpi\r\n\r\nx")
	if got := answer(t, stays); got != "first" {
		t.Errorf("on a connection from before: %s", got)
	}
	away(3)
	other, err := net.Listen("unix", c.File)
	must(err)
	if s.Rebind() {
		t.Error("the socket of another process was replaced")
	}
	must(other.Close())
	if !s.Rebind() {
		t.Errorf("not made when the other process had ended: %q", warnings)
	}
	made := "socket file " + c.File + " was removed or replaced, and was made anew"
	want := []string{made, made, made, "socket file " + c.File + " was removed or replaced, and cannot be made anew: address already in use", made}
	if !slices.Equal(warnings, want) {
		t.Errorf("%q", warnings)
	}
	s.Close()
	if _, err := os.Lstat(c.File); !os.IsNotExist(err) {
		t.Errorf("after the end: %v", err)
	}
	if s.Rebind() {
		t.Error("made after the end")
	}
}
