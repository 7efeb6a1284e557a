package supervisor

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// TestDescends finds descendants of a child, and orphans of the right user; no other process counts.
func TestDescends(t *testing.T) {
	cmd := exec.Command("/bin/sh", "-c", `sleep 1000 & echo $!; read line; kill $!; wait`)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { stdin.Close(); _ = cmd.Wait() }()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	grandchild, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	child, self := cmd.Process.Pid, os.Getuid()
	always, never := func(int) bool { return true }, func(int) bool { return false }
	for name, c := range map[string]struct {
		pid, of, uid int
		orphan       func(int) bool
		want         bool
	}{
		"a grandchild":                 {grandchild, child, self, never, true},
		"the child of another program": {grandchild, 1 << 30, self, never, false},
		"an orphan":                    {child, 1 << 30, self, always, true},
		"of an orphan":                 {grandchild, 1 << 30, self, always, true},
		"an orphan of another user":    {child, 1 << 30, self + 65533, always, false},
		"no child of ours":             {1, child, self, always, false},
		"our parent":                   {os.Getppid(), child, self, always, false},
		"ourselves":                    {os.Getpid(), child, self, always, false},
		"no process":                   {1 << 30, child, self, always, false},
	} {
		if got := descends(c.pid, c.of, c.uid, c.orphan); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
