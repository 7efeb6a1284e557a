package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// cgroupParent returns the cgroup of version 2 in which this process is, empty if there is none.
func cgroupParent() string {
	mounts, err1 := os.ReadFile("/proc/self/mountinfo")
	self, err2 := os.ReadFile("/proc/self/cgroup")
	if err1 != nil || err2 != nil {
		return ""
	}
	for line := range strings.Lines(string(mounts)) {
		before, after, _ := strings.Cut(line, " - ")
		fields := strings.Fields(before)
		if len(fields) < 5 || !strings.HasPrefix(after, "cgroup2 ") {
			continue
		}
		for line := range strings.Lines(string(self)) {
			if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
				return filepath.Join(fields[4], strings.TrimPrefix(path, strings.TrimSuffix(fields[3], "/")))
			}
		}
	}
	return ""
}

// hasCgroups reports whether we can make cgroups with a controller; empty: with any.
func hasCgroups(controller string) bool {
	if os.Getuid() != 0 {
		return false
	}
	dir, err := os.MkdirTemp(cgroupParent(), "conformance-trial-")
	if err != nil {
		return false
	}
	defer os.Remove(dir)
	return cgroupHas(dir, controller)
}

// cgroupsHere says which cgroups there are here, as what a script is skipped for.
var cgroupsHere = sync.OnceValue(func() string {
	parent := cgroupParent()
	switch controllers, err := os.ReadFile(filepath.Join(parent, "cgroup.controllers")); {
	case os.Getuid() != 0:
		return "we are not root"
	case parent == "":
		return "no cgroups of version 2 are mounted"
	case err != nil:
		return err.Error()
	default:
		self, _ := os.ReadFile("/proc/self/cgroup") // read before, by cgroupParent
		return fmt.Sprintf("%s has the controllers [%s], version 1 of cgroups has %v", parent, strings.TrimSpace(string(controllers)),
			regexp.MustCompile(`(?m)^[1-9]\d*:\w+`).FindAllString(string(self), -1))
	}
})

// cgroupHas reports whether a cgroup has a controller, which is asked for.
func cgroupHas(dir, controller string) bool {
	_ = os.WriteFile(filepath.Join(filepath.Dir(dir), "cgroup.subtree_control"), []byte("+"+controller), 0) // possible in the first one only
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	return err == nil && (controller == "" || slices.Contains(strings.Fields(string(text)), controller))
}

// cgroupPath is the cgroup of a script.
func cgroupPath(work string) string {
	return filepath.Join(cgroupParent(), fmt.Sprintf("conformance-%d-%s", os.Getpid(), filepath.Base(work)))
}

func cmdCgroup(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: cgroup")
	}
	dir := ts.Getenv("CGROUP")
	ts.Check(os.Mkdir(dir, 0o755))
	s := of(ts)
	s.closers = append(s.closers, cgroupDir{s, dir})
}

// cgroupDir is a cgroup that is removed with all that is in it.
type cgroupDir struct {
	session *session
	path    string
}

// Close implements io.Closer.
func (c cgroupDir) Close() error {
	_ = os.WriteFile(filepath.Join(c.path, "cgroup.kill"), []byte("1"), 0)
	var err error
	c.session.poll(func() bool {
		err = removeCgroups(c.path)
		return err == nil
	})
	return err
}

func removeCgroups(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := removeCgroups(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return syscall.Rmdir(dir)
}
