package child

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/child/step"
)

// newCgroup makes a cgroup of version 2 for a test, or skips it.
func newCgroup(t *testing.T) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	dir := ""
	for line := range strings.Lines(string(mounts)) {
		if before, after, _ := strings.Cut(line, " - "); strings.HasPrefix(after, "cgroup2 ") {
			dir = filepath.Join(strings.Fields(before)[4], ownCgroup(t, os.Getpid()), fmt.Sprintf("child-test-%d", os.Getpid()))
		}
	}
	if dir == "" {
		t.Skip("no cgroups of version 2 are mounted")
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skipf("no cgroup can be made: %v", err)
	}
	t.Cleanup(func() {
		late := time.Now().Add(20 * time.Second)
		for err = syscall.Rmdir(dir); err == syscall.EBUSY && time.Now().Before(late); err = syscall.Rmdir(dir) {
			unix.Poll(nil, 1) // a process leaves it after its parent has seen its end
		}
		if err != nil {
			t.Error(err)
		}
	})
	return dir
}

// ownCgroup returns the path of the cgroup of a process.
func ownCgroup(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, path, _ := strings.Cut("\n"+string(text), "\n0::")
	path, _, _ = strings.Cut(path, "\n")
	return path
}

// A child begins in its cgroup, whichever way it is started, also if fork cannot put it there.
func TestCgroup(t *testing.T) {
	dir := newCgroup(t)
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	null, err := unix.Open("/", unix.O_RDONLY|unix.O_CLOEXEC, 0) // is no cgroup
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(null)
	own := ownCgroup(t, os.Getpid())
	want := strings.TrimSuffix(own, "/") + "/" + filepath.Base(dir)
	for name, s := range starters {
		for _, steps := range [][]step.Step{nil, {step.Umask(0o27)}, {step.Nice(5)}, {step.Directory("/")}} {
			for _, fd := range []int{fd, null} {
				if !s.shim && (fd == null || step.WayOf(steps) > s.shimless) {
					continue
				}
				spec := Spec{Path: "/bin/cat", Args: []string{"cat", "/proc/self/cgroup"}, Steps: steps, Cgroup: &Cgroup{fd, dir}}
				pid, out, stderr := startWith(t, s.start, spec)
				end(t, pid)
				if !strings.Contains("\n"+out, "\n0::"+want+"\n") {
					t.Errorf("%s %v, can fork: %t: %q %q", name, steps, fd != null, out, stderr)
				}
			}
		}
	}
	if now := ownCgroup(t, os.Getpid()); now != own {
		t.Errorf("we are in %s", now)
	}
	pid, out, stderr := startWith(t, starters["thread"].start, Spec{Path: "/bin/true", Args: []string{"true"}, Cgroup: &Cgroup{null, "/nowhere"}})
	if status := end(t, pid); out != "" || status.ExitStatus() != failedStart ||
		stderr != "supervisor: couldn't enter the cgroup /nowhere: ENOENT\nsupervisor: child process was not spawned\n" {
		t.Errorf("%v %q %q", status, out, stderr)
	}
}
