package orphans

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Another supervisord is found only if it runs, keeps the record, and is the same instance.
// covers: REP-G2
func TestRunning(t *testing.T) {
	dir := t.TempDir()
	comm, err := os.ReadFile("/proc/self/comm")
	if err != nil {
		t.Fatal(err)
	}
	begin := func(name string) int {
		link := filepath.Join(dir, name)
		if err := os.Symlink("/bin/sleep", link); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(link, "1000")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		return cmd.Process.Pid
	}
	pid, other := begin(strings.TrimSpace(string(comm))), begin("other")
	boot, now := bootID(), ticksNow()
	path := filepath.Join(dir, "record")
	for _, c := range []struct {
		head string
		want int
	}{
		{fmt.Sprintf("supervisord %d %d %s %q", pid, now, boot, "a b\n"), pid},
		{fmt.Sprintf("supervisord %d %d %s %q", pid, now, boot, "b"), 0},
		{fmt.Sprintf("supervisord %d %d %s", pid, now, boot), 0},
		{fmt.Sprintf("supervisord %d %d %s %q", pid, now-1_000_000, boot, "a b\n"), 0},
		{fmt.Sprintf("supervisord %d %d %s %q", pid, now, "boot", "a b\n"), 0},
		{fmt.Sprintf("supervisord %d %d %s %q", other, now, boot, "a b\n"), 0},
		{fmt.Sprintf("supervisord %d %d %s %q", os.Getpid(), now, boot, "a b\n"), 0},
		{fmt.Sprintf("supervisord %d %d %s %q", 999999999, now, boot, "a b\n"), 0},
		{fmt.Sprintf("supervisord %d %d %s a b", pid, now, boot), 0},
		{"", 0},
	} {
		if err := os.WriteFile(path, []byte(c.head+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := Running(path, "a b\n"); got != c.want {
			t.Errorf("%s: %d, want %d", c.head, got, c.want)
		}
	}
	if got := Running(path+".none", "a b\n"); got != 0 {
		t.Errorf("without a record: %d", got)
	}
	// What a record has is what it was opened with.
	if r, _, log := open(path + ".own"); r == nil || log != "" {
		t.Fatal(log)
	}
	if text, err := os.ReadFile(path + ".own"); err != nil || !strings.HasSuffix(string(text), boot+" \"instance\"\n") {
		t.Errorf("%q, %v", text, err)
	}
}
