package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gosupervisor/supervisor/internal/safefile"
)

// TestReadPIDFile checks which files name a process. covers: SEC-21
func TestReadPIDFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pid")
	for text, want := range map[string]int{
		"123\n": 123, " 123 ": 123, "+2": 2, strings.Repeat(" ", maxPIDFile-1) + "7": 7,
		"": 0, "x": 0, "12 13": 0, "0": 0, "1": 0, "-1": 0, "-123": 0, "99999999999999999999": 0, fmt.Sprint(os.Getpid()): 0,
		strings.Repeat(" ", maxPIDFile) + "7": 0,
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := readPIDFile(path)
		if (err != nil) != (want == 0) || err == nil && f.pid != want {
			t.Errorf("%.40q: %d, %v, want %d", text, f.pid, err, want)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, filepath.Dir(path), "/dev/zero", path + ".missing"} {
		if f, err := readPIDFile(path); err == nil {
			t.Errorf("%s: %d", path, f.pid)
		}
	}
}

// TestRefuse checks whose pid files may name a process that is not of our command.
func TestRefuse(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: all other users are stopped by the kernel")
	}
	root, err := hold(os.Getppid())
	if err != nil {
		t.Fatal(err)
	}
	defer root.release()
	for _, c := range []struct {
		uid, gid, mode uint32
		allowed        bool
	}{
		{0, 0, 0o600, true}, {0, 0, 0o664, true}, {0, 33, 0o644, true},
		{0, 33, 0o664, false}, {0, 0, 0o666, false}, {0, 0, 0o602, false},
		{33, 33, 0o600, false}, {33, 0, 0o644, false}, {33, 33, 0o666, false},
	} {
		f := pidFile{path: "pid", info: safefile.Info{UID: c.uid, GID: c.gid, Mode: c.mode}}
		if reason := f.refuse(root); (reason == "") != c.allowed {
			t.Errorf("%+v: %q", c, reason)
		}
	}
	child, err := os.StartProcess("/bin/sleep", []string{"sleep", "1000"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = child.Kill()
		_, _ = child.Wait()
	}()
	own, err := hold(child.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer own.release()
	if reason := (&pidFile{info: safefile.Info{UID: 33, Mode: 0o666}}).refuse(own); reason != "" {
		t.Errorf("a child of ours: %s", reason)
	}
}
