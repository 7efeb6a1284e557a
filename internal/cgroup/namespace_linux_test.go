package cgroup

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// unified is the kernel as if no controller were in version 1 of cgroups, where nothing else can be tested.
type unified struct {
	kernel
	self string // a file in place of /proc/self/cgroup
}

func (u unified) Proc(file string) string {
	if file == "self/cgroup" {
		return u.self
	}
	return u.kernel.Proc(file)
}

// inNamespace is the variable by which the test runs again in the namespace that it has made.
const inNamespace = "SUPERVISOR_TEST_CGROUP_NAMESPACE"

// covers: L8-l
// A cgroup that is delegated to a process, which sees nothing above it, as in a container: it becomes the base, the process leaves it, and
// the cgroups of programs are made below it.
func TestKernelNamespace(t *testing.T) {
	if place := os.Getenv(inNamespace); place != "" {
		delegated(t, place)
		return
	}
	if os.Getuid() != 0 {
		t.Skip("only root can make a namespace")
	}
	own, _, err := New(Options{}).own()
	if err != nil {
		t.Skip(err)
	}
	base := filepath.Join(own, fmt.Sprintf("supervisor-namespace-%d", os.Getpid()))
	if err := os.Mkdir(base, 0o755); err != nil {
		t.Skipf("no cgroup can be made: %v", err)
	}
	t.Cleanup(func() {
		for _, dir := range []string{filepath.Join(base, leaf), base} {
			if err := syscall.Rmdir(dir); err != nil && err != syscall.ENOENT {
				t.Errorf("%s is left: %v", dir, err)
			}
		}
	})
	dir, err := os.Open(base)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	test := exec.Command("/proc/self/exe", "-test.run=^TestKernelNamespace$", "-test.v")
	test.Env = append(os.Environ(), inNamespace+"="+t.TempDir())
	test.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(dir.Fd()), Cloneflags: unix.CLONE_NEWCGROUP | unix.CLONE_NEWNS}
	out, err := test.CombinedOutput()
	if m := regexp.MustCompile(`(?m)^ +\S+_test.go:\d+: (.*)\n--- SKIP`).FindSubmatch(out); err == nil && m != nil {
		t.Skip(string(m[1]))
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// delegated is the test within the namespace, which mounts the cgroups at a place.
func delegated(t *testing.T, place string) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Skipf("no mounts can be made: %v", err)
	}
	system := unified{self: filepath.Join(t.TempDir(), "cgroup")}
	self, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(system.self, regexp.MustCompile(`(?m)^[1-9].*\n`).ReplaceAll(self, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	if in, _, _ := parseSelf(string(self)); in != "/" {
		t.Fatalf("we are in %q", in)
	}
	// In the mounts of the system, what is delegated is not at the top, so that a process in the namespace does not find it.
	if mounts, err := os.ReadFile("/proc/self/mountinfo"); err == nil {
		for line := range strings.Lines(string(mounts)) {
			if left, right, _ := strings.Cut(line, " - "); strings.HasPrefix(right, "cgroup2 ") {
				if err := unix.Unmount(strings.Fields(left)[4], unix.MNT_DETACH); err != nil {
					t.Skipf("the cgroups of the system cannot be hidden: %v", err)
				}
			}
		}
	}
	if err := unix.Mount("none", place, "cgroup2", 0, ""); err != nil {
		t.Skipf("no cgroups can be mounted in a namespace: %v", err)
	}
	var log string
	tree := New(Options{System: system, Log: func(text string) { log = text }})
	g := tree.Group("g", "p")
	if err := g.Make([]Setting{{File: "cgroup.max.depth", Value: "0"}}); err != nil {
		t.Fatal(err)
	}
	if log != "cgroup: programs below "+place || g.Path() != filepath.Join(place, "g.p") || !g.Exists() {
		t.Errorf("%q, %s", log, g.Path())
	}
	pids, err := system.Procs(filepath.Join(place, leaf))
	if err != nil || len(pids) != 1 || pids[0] != os.Getpid() {
		t.Errorf("in the leaf there are %v, not %d: %v", pids, os.Getpid(), err)
	}
	if text, err := system.Read(g.file("cgroup.max.depth")); err != nil || text != "0\n" {
		t.Errorf("cgroup.max.depth %q %v", text, err)
	}
	if err := g.Remove(); err != nil {
		t.Error(err)
	}
	tree.Close()
}
