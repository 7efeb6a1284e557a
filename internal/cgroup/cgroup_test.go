package cgroup_test

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/cgroup"
	"github.com/gosupervisor/supervisor/internal/cgroup/cgrouptest"
)

func newTree(s *cgrouptest.System, setting string) *cgroup.Tree {
	return cgroup.New(cgroup.Options{Setting: setting, System: s, Log: func(string) {},
		Send: func(f func(time.Time)) bool { f(time.Now()); return true }})
}

// withoutRoot is a text without the path of the cgroups of a test.
func withoutRoot(s *cgrouptest.System, text string) string {
	return strings.ReplaceAll(text, s.Root, "")
}

func TestBase(t *testing.T) {
	for _, tt := range []struct {
		name    string
		setting string // after the root, if it begins with /
		prepare func(s *cgrouptest.System)
		want    string // what is in the cgroups, or the problem without the root
	}{
		{"delegated", "", nil, "service; service/supervisord 100"},
		{"its processes move, too", "auto", func(s *cgrouptest.System) {
			s.Parents[101], s.Parents[102] = cgrouptest.Self, 101
			s.Add("service", 101)
			s.Add("service", 102)
		}, "service; service/supervisord 100 101 102"},
		{"not alone", "auto", func(s *cgrouptest.System) { s.Add("service", 7) },
			"/service is not delegated to supervisord: process 7 is in it, too"},
		{"a process of another namespace", "auto", func(s *cgrouptest.System) { s.Add("service", 0) },
			"/service is not delegated to supervisord: process 0 is in it, too"},
		{"read-only", "required", func(s *cgrouptest.System) { s.Refuse["service/cgroup.procs"] = syscall.EROFS },
			"/service is not delegated to supervisord: cannot write cgroup.procs: EROFS"},
		{"without controllers", "auto", func(s *cgrouptest.System) { s.Refuse["service/cgroup.subtree_control"] = syscall.EACCES },
			"/service is not delegated to supervisord: cannot write cgroup.subtree_control: EACCES"},
		{"off", "off", nil, "[supervisord] has cgroup=off"},
		{"version 1", "auto", func(s *cgrouptest.System) { s.Version1 = true }, "this system uses version 1 of cgroups"},
		{"outside of the mount", "auto", func(s *cgrouptest.System) { s.Own = "/../x" }, "the cgroup of supervisord is outside of "},
		{"in its leaf already", "auto", func(s *cgrouptest.System) {
			s.Own = "/service/supervisord"
			_ = s.Mkdir(filepath.Join(s.Root, "service/supervisord"))
			s.Add("service/supervisord", cgrouptest.Self)
		}, "service; service/supervisord 100"},
		{"the service manager's leaf", "auto", func(s *cgrouptest.System) {
			s.Own, s.Marked["service"] = "/service/main", true
			_ = s.Mkdir(filepath.Join(s.Root, "service/main"))
			s.Add("service/main", cgrouptest.Self)
		}, "service; service/main 100"},
		{"the leaf of another supervisord", "auto", func(s *cgrouptest.System) {
			s.Own, s.Parents[cgrouptest.Self] = "/service/supervisord", 50
			_ = s.Mkdir(filepath.Join(s.Root, "service/supervisord"))
			s.Add("service/supervisord", cgrouptest.Self)
			s.Add("service/supervisord", 50)
		}, "/service is used by process 50, which has started this supervisord"},
		{"a path", "/own", func(s *cgrouptest.System) { _ = s.Mkdir(filepath.Join(s.Root, "own")) }, "own; service 100"},
		{"a path in version 1", "/own", func(s *cgrouptest.System) {
			s.Version1 = true
			_ = s.Mkdir(filepath.Join(s.Root, "own"))
		}, "own; service 100"},
		{"a missing path", "/own", nil, "/own is no cgroup of version 2"},
		{"a path that is ours", "/service", nil, "service; service/supervisord 100"},
		{"what an earlier one left", "auto", func(s *cgrouptest.System) {
			for _, dir := range []string{"g.p", "g.p/below", "g.q", "other"} {
				_ = s.Mkdir(filepath.Join(s.Root, "service", dir))
			}
			s.Add("service/g.q", 9)
		}, "service; service/g.q 9; service/other; service/supervisord 100"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := cgrouptest.New(t)
			if tt.prepare != nil {
				tt.prepare(s)
			}
			setting := tt.setting
			if strings.HasPrefix(setting, "/") {
				setting = s.Root + setting
			}
			before := strings.Join(s.Cgroups(), "; ")
			tree := newTree(s, setting)
			err := tree.Open()
			got := strings.Join(s.Cgroups(), "; ")
			if err != nil {
				if got != before {
					t.Errorf("without a base it has changed %q to %q", before, got)
				}
				got = withoutRoot(s, err.Error())
			}
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if again := tree.Open(); !errors.Is(again, err) {
				t.Errorf("the second time %v", again)
			}
		})
	}
}

// The command that the user typed waits in the same cgroup while supervisord goes to the background.
func TestLauncherIsNoOtherProcess(t *testing.T) {
	s := cgrouptest.New(t)
	s.Add("service", 99)
	tree := cgroup.New(cgroup.Options{Launcher: 99, System: s, Log: func(string) {}})
	if err := tree.Open(); err != nil {
		t.Error(err)
	}
}

func TestName(t *testing.T) {
	long := strings.Repeat("x", 300)
	seen := map[string]bool{}
	for _, tt := range []struct{ group, process, want string }{
		{"web", "web_1", "web.web_1"}, {"a.b", "c", "a%2Eb.c"}, {"a", "b.c", "a.b.c"}, {"a/..", "ä b", "a%2F%2E%2E.%C3%A4%20b"},
		{"memory", "max", "%6Demory.max"}, {"cpu", "stat", "%63pu.stat"}, {"cpu2", "stat", "cpu2.stat"}, {"a@-", "%", "a@-.%25"},
		{long, "a", ""}, {long, "b", ""},
	} {
		got := cgroup.Name(tt.group, tt.process)
		if tt.want != "" && got != tt.want || len(got) > 255 || seen[got] {
			t.Errorf("%q %q: %q, want %q", tt.group, tt.process, got, tt.want)
		}
		seen[got] = true
	}
}

// covers: L8-cgroup-limits
func TestLimits(t *testing.T) {
	s := cgrouptest.New(t)
	tree := newTree(s, "auto")
	g := tree.Group("g", "p")
	limits := []cgroup.Setting{{File: "memory.max", Value: "1000"}, {File: "memory.oom.group", Value: "1", Optional: true},
		{File: "cpu.max", Value: "150000 100000"}}
	if err := g.Make(limits); err != nil {
		t.Fatal(err)
	}
	files := func(names ...string) (texts []string) {
		for _, name := range names {
			texts = append(texts, s.Text("service/g.p/"+name))
		}
		return texts
	}
	got := append(files("memory.max", "memory.oom.group", "cpu.max", "pids.max"), s.Text("service/cgroup.subtree_control"))
	if d := cmp.Diff([]string{"1000", "1", "150000 100000", "-", "cpu memory"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	s.Add("service/g.p", 101)
	if err := g.Remove(); !errors.Is(err, syscall.EBUSY) || g.Empty() {
		t.Errorf("%v while a process is in it", err)
	}
	if err := g.Make([]cgroup.Setting{{File: "pids.max", Value: "5"}}); err != nil { // as after an update
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"max", "0", "max 100000", "5"}, files("memory.max", "memory.oom.group", "cpu.max", "pids.max")); d != "" {
		t.Errorf("other limits (-want +got):\n%s", d)
	}
	s.End(101)
	if err := g.Remove(); err != nil || g.Exists() {
		t.Errorf("%v when it is empty", err)
	}
	if err := g.Remove(); err != nil {
		t.Errorf("%v when it is gone", err)
	}
	tree.Close()
	if got := s.Text("service/cgroup.subtree_control"); got != "" {
		t.Errorf("%q is left of the controllers", got)
	}
}

func TestLimitsFail(t *testing.T) {
	for _, tt := range []struct {
		refuse string
		limit  string
		want   string
	}{
		{"service/g.p", "memory.max", "cannot make a cgroup of 'p': ENOSPC"},
		{"service/g.p/memory.max", "memory.max", "cannot set memory.max of 'p': ENOSPC"},
		{"service/cgroup.subtree_control", "memory.max", "cannot set memory.max of 'p': ENOSPC"},
		{"", "hugetlb.max", "cannot set hugetlb.max of 'p': /service does not have the controller hugetlb"},
	} {
		s := cgrouptest.New(t)
		tree := newTree(s, "auto")
		if err := tree.Open(); err != nil {
			t.Fatal(err)
		}
		s.Refuse[tt.refuse] = syscall.ENOSPC
		err := tree.Group("g", "p").Make([]cgroup.Setting{{File: tt.limit, Value: "1"}})
		var problem *cgroup.Error
		if !errors.As(err, &problem) {
			t.Errorf("%s: %v", tt.refuse, err)
			continue
		}
		if got := withoutRoot(s, problem.Of("p")); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

func TestSignal(t *testing.T) {
	for _, old := range []bool{false, true} {
		s := cgrouptest.New(t)
		s.NoKill = old
		g := newTree(s, "auto").Group("g", "p")
		if err := g.Make(nil); err != nil {
			t.Fatal(err)
		}
		if err := g.Signal(syscall.SIGTERM); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%v in an empty cgroup", err)
		}
		s.Add("service/g.p", 101)
		s.MakeCgroup(t, "service/g.p/below", 102)
		if err := g.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if d := cmp.Diff([]string{"15 101", "15 102"}, s.Sent()); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		if err := g.Signal(syscall.SIGKILL); err != nil || !g.Empty() {
			t.Errorf("%v, empty: %t", err, g.Empty())
		}
		if err := g.Remove(); err != nil {
			t.Error(err)
		}
	}
}

func TestCounts(t *testing.T) {
	s := cgrouptest.New(t)
	g := newTree(s, "auto").Group("g", "p")
	if _, ok := g.Memory()(); ok || g.OOMKills() != 0 {
		t.Error("counts of no cgroup")
	}
	if err := g.Make([]cgroup.Setting{{File: "memory.max", Value: "1000"}}); err != nil {
		t.Fatal(err)
	}
	s.Set("service/g.p/memory.current", "5000\n")
	s.Set("service/g.p/memory.stat", "anon 7\nfile 4000\ninactive_file 3000\n")
	s.Set("service/g.p/memory.events", "oom 3\noom_kill 2\noom_group_kill 0\n")
	if used, ok := g.Memory()(); used != 2000 || !ok || g.OOMKills() != 2 {
		t.Errorf("memory %d, %t, kills %d", used, ok, g.OOMKills())
	}
	s.Set("service/g.p/memory.current", "x\n")
	if used, ok := g.Memory()(); ok {
		t.Errorf("memory %d of a file without a number", used)
	}
}

// A tree goes on in the next program with the same base, without a look at the system.
func TestHandover(t *testing.T) {
	s := cgrouptest.New(t)
	tree := newTree(s, "auto")
	if tree.Export() != nil {
		t.Error("a tree that is not open has a state")
	}
	if err := tree.Group("g", "p").Make(nil); err != nil {
		t.Fatal(err)
	}
	s.Add("service/g.p", 101)
	s.Own = "/elsewhere" // is not looked at
	next := cgroup.Import(tree.Export(), cgroup.Options{System: s})
	if g := next.Group("g", "p"); !g.Exists() || g.Empty() || g.Path() != filepath.Join(s.Root, "service/g.p") {
		t.Errorf("the next program has %s", g.Path())
	}
	s.Version1 = true
	failed := newTree(s, "required")
	want := failed.Open()
	if got := cgroup.Import(failed.Export(), cgroup.Options{System: s}).Open(); want == nil || got.Error() != want.Error() {
		t.Errorf("%v, want %v", got, want)
	}
}
