package ctl

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// forker runs the original's supervisorctl some hundred times without starting an interpreter each time, which takes most
// of the time of a command. Each command runs in its own process.
type forker struct {
	mu      sync.Mutex
	in      io.Writer
	results *bufio.Reader
}

func newForker() (*forker, error) {
	cmd := exec.Command("/usr/bin/python3", "testdata/forker.py")
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe() // its end ends the forker
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &forker{in: in, results: bufio.NewReader(out)}, cmd.Start()
}

// run runs a command.
func (f *forker) run(t *testing.T, input string, args []string) (out, stderr string, status int) {
	t.Helper()
	dir := t.TempDir()
	files := []string{filepath.Join(dir, "in"), filepath.Join(dir, "out"), filepath.Join(dir, "err")}
	if err := os.WriteFile(files[0], []byte(input), 0o600); err != nil {
		t.Fatal(err)
	}
	request, err := json.Marshal([]any{args, files})
	if err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := fmt.Fprintf(f.in, "%s\n", request); err != nil {
		t.Fatal(err)
	}
	result, err := f.results.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(result, &status); err != nil {
		t.Fatal(err)
	}
	o, err := os.ReadFile(files[1])
	if err != nil {
		t.Fatal(err)
	}
	e, err := os.ReadFile(files[2])
	if err != nil {
		t.Fatal(err)
	}
	return string(o), string(e), status
}

// TestForker compares commands with and without the forker.
func TestForker(t *testing.T) {
	r := startReference(t)
	f, err := r.forker()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"version", "status", "start nope", "tail loud", "help status", "pid all"} {
		args := append([]string{"-c", r.config, "-s", r.url()}, strings.Fields(line)...)
		cmd := exec.Command(referenceCtl, args...)
		var o, e strings.Builder
		cmd.Stdout, cmd.Stderr = &o, &e
		if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		out, stderr, status := f.run(t, "", args)
		if normal(out) != normal(o.String()) || stderr != e.String() || status != cmd.ProcessState.ExitCode() {
			t.Errorf("%s: %q, %q, %d; without the forker %q, %q, %d", line, out, stderr, status,
				o.String(), e.String(), cmd.ProcessState.ExitCode())
		}
	}
}
