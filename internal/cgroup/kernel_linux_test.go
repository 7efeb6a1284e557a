package cgroup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/cgroup"
)

// newBase makes a cgroup of this system, for a test whose cgroups need some controllers. Without one the test is skipped.
func newBase(t *testing.T, controllers ...string) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	place := ""
	for line := range strings.Lines(string(mounts)) {
		if before, after, _ := strings.Cut(line, " - "); strings.HasPrefix(after, "cgroup2 ") {
			place = strings.Fields(before)[4]
		}
	}
	if place == "" {
		t.Skip("no cgroups of version 2 are mounted")
	}
	self, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	_, own, _ := strings.Cut(string(self), "0::")
	own, _, _ = strings.Cut(own, "\n")
	base := filepath.Join(place, own, fmt.Sprintf("supervisor-test-%d", os.Getpid()))
	enable(t, filepath.Join(filepath.Dir(base), "cgroup.subtree_control"), controllers)
	if err := os.Mkdir(base, 0o755); err != nil {
		t.Skipf("no cgroup can be made: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Rmdir(base); err != nil {
			t.Errorf("the base is left: %v", err)
		}
	})
	text, err := os.ReadFile(filepath.Join(base, "cgroup.controllers"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range controllers {
		if !slices.Contains(strings.Fields(string(text)), c) {
			all, _ := os.ReadFile(filepath.Join(filepath.Dir(base), "cgroup.controllers"))
			if slices.Contains(strings.Fields(string(all)), c) {
				t.Skipf("%s has the controller %s, and cannot give it to cgroups below it", filepath.Dir(base), c)
			}
			t.Skipf("%s has the controllers %v, not %s; version 1 of cgroups has %v", filepath.Dir(base), strings.Fields(string(all)), c,
				regexp.MustCompile(`(?m)^[1-9]\d*:\w+`).FindAllString(string(self), -1))
		}
	}
	return base
}

// enable gives the cgroups below one controllers that it has, until the end of the test, as is possible in the first one of a system.
func enable(t *testing.T, file string, controllers []string) {
	t.Helper()
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range controllers {
		if !slices.Contains(strings.Fields(string(before)), c) && os.WriteFile(file, []byte("+"+c), 0) == nil {
			t.Cleanup(func() { _ = os.WriteFile(file, []byte("-"+c), 0) }) // EBUSY: another test has a use of it
		}
	}
}

// start starts a command in a cgroup.
func start(t *testing.T, g *cgroup.Group, argv ...string) (pid int) {
	t.Helper()
	fd, err := g.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	pid, err = syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: fd}})
	if err != nil {
		t.Skipf("no process can be started in a cgroup: %v", err)
	}
	return pid
}

// waitEnd waits for the end of a child.
func waitEnd(t *testing.T, pid int) (status syscall.WaitStatus) {
	t.Helper()
	for {
		if _, err := syscall.Wait4(pid, &status, 0, nil); err != syscall.EINTR {
			if err != nil {
				t.Fatal(err)
			}
			return status
		}
	}
}

// waitBytes waits until a file has so many bytes. There is no event for that.
func waitBytes(t *testing.T, path string, n int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); unix.Poll(nil, 10) {
		if text, err := os.ReadFile(path); err == nil && len(text) >= n {
			return
		}
	}
	t.Fatalf("%s has not %d bytes", path, n)
}

// waitText waits until a file has a text that matches. There is no event for that.
func waitText(t *testing.T, path, pattern string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); unix.Poll(nil, 10) {
		if text, err := os.ReadFile(path); err == nil && regexp.MustCompile(pattern).Match(text) {
			return
		}
	}
	t.Fatalf("%s has not %q", path, pattern)
}

// covers: L8-i
// All processes of a cgroup of the kernel are signaled and killed, also those that have left their process group, their session and
// their parent; their end is reported, and the cgroup removed.
func TestKernel(t *testing.T) {
	base := newBase(t)
	calls := make(chan func(time.Time))
	tree := cgroup.New(cgroup.Options{Setting: base, Log: func(string) {}, Send: func(f func(time.Time)) bool { calls <- f; return true }})
	g := tree.Group("group", "a process")
	if err := g.Make(nil); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := `trap "echo got >>` + dir + `/signals; exit 0" TERM; echo $$ >` + dir + `/%d; while :; do sleep 1000 & wait; done`
	pid := start(t, g, "/bin/sh", "-c", `setsid sh -c '`+fmt.Sprintf(script, 1)+`' & `+fmt.Sprintf(script, 2))
	signals := filepath.Join(dir, "signals")
	waitBytes(t, filepath.Join(dir, "1"), 1)
	waitBytes(t, filepath.Join(dir, "2"), 1)
	if g.Empty() || !g.Exists() {
		t.Error("the cgroup is empty")
	}
	if err := g.Remove(); err == nil {
		t.Error("a cgroup with processes could be removed")
	}
	empty := make(chan bool, 1)
	if err := g.WhenEmpty(func(time.Time) { empty <- true }); err != nil {
		t.Fatal(err)
	}
	if err := g.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if status := waitEnd(t, pid); status.ExitStatus() != 0 {
		t.Errorf("status %v", status)
	}
	waitBytes(t, signals, len("got\ngot\n"))
	if err := g.Signal(syscall.SIGKILL); err != nil { // the sleeping ones that SIGTERM has not reached
		t.Error(err)
	}
	for len(empty) == 0 {
		select {
		case f := <-calls:
			f(time.Now())
		case <-time.After(20 * time.Second):
			t.Fatal("the end of the last process is not reported")
		}
	}
	if err := g.Remove(); err != nil || g.Exists() {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(base, "supervisord")); err == nil {
		t.Error("supervisord has moved though it was not in the base")
	}
	tree.Close()
}

// covers: L8-j
// The kernel limits memory, kills what takes more, and counts that.
func TestKernelMemory(t *testing.T) {
	base := newBase(t, "memory")
	tree := cgroup.New(cgroup.Options{Setting: base, Log: func(string) {}})
	g := tree.Group("g", "p")
	if err := g.Make([]cgroup.Setting{{File: "memory.max", Value: strconv.Itoa(32 << 20)}, {File: "memory.oom.group", Value: "1", Optional: true}}); err != nil {
		t.Fatal(err)
	}
	pid := start(t, g, "/usr/bin/tail", "/dev/zero")
	if status := waitEnd(t, pid); !status.Signaled() || status.Signal() != syscall.SIGKILL {
		t.Errorf("status %v", status)
	}
	if g.OOMKills() == 0 { // with memory.oom.group, Linux 6.1 counts some twice
		t.Error("nothing is counted")
	}
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
	tree.Close()
}

// covers: L9-limits
// The limits of a cgroup of the kernel are changed while a process is in it: the controller is enabled then, the kernel has the new values,
// and keeps the old one where it refuses a new one.
func TestKernelChange(t *testing.T) {
	base := newBase(t, "hugetlb") // it is the one that is in version 2 also where others are in version 1
	files, err := filepath.Glob("/sys/kernel/mm/hugepages/hugepages-2048kB")
	if err != nil || len(files) == 0 {
		t.Skip("the processor has no pages of 2 MiB")
	}
	const file = "hugetlb.2MB.max"
	tree := cgroup.New(cgroup.Options{Setting: base, Log: func(string) {}})
	g := tree.Group("g", "p")
	if err := g.Make(nil); err != nil {
		t.Fatal(err)
	}
	pid := start(t, g, "/bin/sleep", "1000")
	var limits []cgroup.Setting
	for _, step := range []struct{ value, want, refused string }{
		{"4194304", "4194304", ""}, {"2097152", "2097152", ""}, {"x", "2097152", "cannot set hugetlb.2MB.max of 'p': EINVAL"}, {"max", "max", ""},
	} {
		change := g.Change(limits, []cgroup.Setting{{File: file, Value: step.value}})
		refused := change.Write()
		limits = change.Reached(refused)
		text := ""
		if refused != nil {
			text = refused[0].Of("p")
		}
		got, err := os.ReadFile(filepath.Join(g.Path(), file))
		if err != nil || strings.TrimSpace(string(got)) != step.want || text != step.refused {
			t.Errorf("%s: %q %v %q", step.value, got, err, text)
		}
	}
	if err := g.Signal(syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	waitEnd(t, pid)
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
	tree.Close()
}

// covers: L8-k
// The kernel contains a program that forks without end.
func TestKernelPids(t *testing.T) {
	base := newBase(t, "pids")
	tree := cgroup.New(cgroup.Options{Setting: base, Log: func(string) {}})
	g := tree.Group("g", "p")
	if err := g.Make([]cgroup.Setting{{File: "pids.max", Value: "5"}}); err != nil {
		t.Fatal(err)
	}
	pid := start(t, g, "/bin/sh", "-c", "exec 2>/dev/null; f() { while :; do f & done; }; f")
	waitText(t, filepath.Join(g.Path(), "pids.events"), "max [1-9]")
	for range 100 {
		text, err := os.ReadFile(filepath.Join(g.Path(), "pids.current"))
		if n, _ := strconv.Atoi(strings.TrimSpace(string(text))); err != nil || n > 5 {
			t.Fatalf("%d processes, %v", n, err)
		}
	}
	if err := g.Signal(syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	waitEnd(t, pid)
	waitText(t, filepath.Join(g.Path(), "cgroup.events"), "populated 0")
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
	tree.Close()
}
