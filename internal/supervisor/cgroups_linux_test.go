package supervisor

import (
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/cgroup/cgrouptest"
	"github.com/gosupervisor/supervisor/internal/child"
)

// cgroupWorld is a world with cgroups, in which children are.
type cgroupWorld struct {
	*world
	cgroups *cgrouptest.System
}

func newCgroupWorld(t *testing.T, text string, prepare ...func(*cgrouptest.System)) *cgroupWorld {
	t.Helper()
	w := &cgroupWorld{cgroups: cgrouptest.New(t)}
	for _, f := range prepare {
		f(w.cgroups)
	}
	w.world = newWorldOf(t, readPrograms(t, text), func(o *Options) {
		start := o.Start
		o.Cgroups = w.cgroups
		o.Start = func(s child.Spec) (int, error) {
			pid, err := start(s)
			if err == nil && s.Cgroup != nil {
				path, _ := filepath.Rel(w.cgroups.Root, s.Cgroup.Path)
				w.cgroups.Add(path, pid)
			}
			return pid, err
		}
	})
	t.Cleanup(w.closeCgroups)
	w.settle()
	return w
}

// end ends the child of a process.
func (w *cgroupWorld) end(name string, status syscall.WaitStatus) {
	w.t.Helper()
	pid := w.pidOf[name]
	w.cgroups.End(pid)
	w.exit(name, status)
}

// emptied ends a process and handles that a cgroup is empty then.
func (w *cgroupWorld) emptied(pid int) {
	w.t.Helper()
	if pid != 0 {
		w.cgroups.End(pid)
	}
	select {
	case f := <-w.results:
		f(w.now)
	case <-time.After(20 * time.Second):
		w.t.Fatal("nothing is reported about a cgroup that is empty")
	}
	w.settle()
}

func (w *cgroupWorld) state(name string, want api.State) {
	w.t.Helper()
	if s := w.process(name).State(); s != want {
		w.t.Errorf("%s is %v, want %v", name, s, want)
	}
}

func (w *cgroupWorld) exists(path string) bool { return w.cgroups.Text(path+"/cgroup.procs") != "-" }

// A process with a cgroup is restarted for the memory of the cgroup, without the files that the system could drop.
func TestMaxMemoryOfCgroup(t *testing.T) {
	w := newCgroupWorld(t, "a memory_max=1GB maxmemory=100MB maxmemory_interval=10")
	w.pass(2 * time.Second)
	w.lines()
	look := func(inactive string) {
		t.Helper()
		w.cgroups.Set("service/a.a/memory.current", "220200960\n")
		w.cgroups.Set("service/a.a/memory.stat", "anon 5\ninactive_file "+inactive+"\n")
		w.pass(10 * time.Second)
		select {
		case f := <-w.results:
			f(w.now)
		case <-time.After(20 * time.Second):
			t.Fatal("no look at the memory")
		}
	}
	look("200000000")
	w.state("a", api.Running)
	look("10485760")
	w.expect("WARN a uses 200 MB, more than maxmemory=100MB", "INFO restarting a: memory (200 MB)")
}

// covers: L8-j
// A process that the kernel has killed for lack of memory has the reason oom, and is started again in a new cgroup.
func TestOutOfMemory(t *testing.T) {
	w := newCgroupWorld(t, "a memory_max=32MB memory_high=16MB cpu_max=50% cpu_weight=7 io_weight=8 pids_max=9 autorestart=unexpected\nb")
	w.pass(time.Minute)
	w.expect("INFO cgroup: programs below "+w.cgroups.Root+"/service",
		"INFO spawned: 'a' with pid PID", "INFO spawned: 'b' with pid PID",
		"INFO success: a entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)",
		"INFO success: b entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)")
	limits := map[string]string{}
	for _, file := range []string{"memory.max", "memory.high", "cpu.max", "cpu.weight", "io.weight", "pids.max"} {
		limits[file] = w.cgroups.Text("service/a.a/" + file)
	}
	if d := cmp.Diff(map[string]string{"memory.max": "33554432", "memory.high": "16777216", "cpu.max": "50000 100000", "cpu.weight": "7",
		"io.weight": "8", "pids.max": "9"}, limits); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if w.exists("service/b.b") {
		t.Error("a program without keys has a cgroup")
	}
	w.cgroups.Set("service/a.a/memory.current", "5000\n")
	if used, ok := w.process("a").CgroupMemory(); used != 5000 || !ok {
		t.Errorf("memory %d %t", used, ok)
	}
	if _, ok := w.process("b").CgroupMemory(); ok {
		t.Error("a program without keys has memory of a cgroup")
	}
	w.cgroups.Set("service/a.a/memory.current", "22020096\n")
	want := "memory_high 16MB, cpu_max 50%, cpu_weight 7, io_weight 8, pids_max 9, memory 21.0 MB of 32.0 MB"
	if more := w.process("a").Info(w.now).More; more == nil || more.Limits != want {
		t.Errorf("limits %+v", more)
	}
	w.cgroups.Set("service/a.a/memory.events", "oom_kill 1\n")
	w.end("a", by(syscall.SIGKILL))
	w.expect("WARN exited: a (terminated by SIGKILL; not expected)", "WARN a was killed: out of memory (memory_max=32MB)",
		"INFO spawned: 'a' with pid PID")
	if more := w.process("a").Info(w.now).More; more == nil || more.Reason != "oom" {
		t.Errorf("%+v", more)
	}
	w.pass(time.Minute)
	w.end("a", by(syscall.SIGSEGV)) // nothing is counted in the new cgroup
	w.expect("INFO success: a entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)",
		"WARN exited: a (terminated by SIGSEGV; not expected)", "INFO spawned: 'a' with pid PID")
	w.pass(time.Minute)
	w.cgroups.Set("service/a.a/memory.events", "oom_kill 1\n") // of another process, which the program has survived
	w.end("a", code(0))
	w.expect("INFO success: a entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)",
		"INFO exited: a (exit status 0; expected)")
	if w.exists("service/a.a") {
		t.Error("the cgroup is left")
	}
}

// covers: L8-l
// What is done without a cgroup, and if a limit cannot be set.
func TestWithoutCgroup(t *testing.T) {
	const other = "/service is not delegated to supervisord: process 7 is in it, too"
	alone := func(s *cgrouptest.System) { s.Add("service", 7) }
	for _, tt := range []struct {
		name, text string
		prepare    func(*cgrouptest.System)
		want       string // a line of the log; empty: none
		state      api.State
	}{
		{"auto", "a pids_max=9", alone,
			"WARN a runs without a cgroup of its own, its keys about cgroups have no effect: " + other, api.Running},
		{"required", "a pids_max=9\n[supervisord] cgroup=required", alone, "INFO spawnerr: no cgroup for 'a': " + other, api.Backoff},
		{"off", "a pids_max=9\n[supervisord] cgroup=off", nil, "", api.Running},
		{"a limit", "a pids_max=9", func(s *cgrouptest.System) { s.Refuse["service/a.a/pids.max"] = syscall.EACCES },
			"INFO spawnerr: cannot set pids.max of 'a': EACCES", api.Backoff},
		{"a limit that is not required", "a pids_max=9 limits_required=false",
			func(s *cgrouptest.System) { s.Refuse["service/a.a/pids.max"] = syscall.EACCES },
			"WARN cannot set pids.max of 'a': EACCES; going on without", api.Running},
		{"a cgroup", "a pids_max=9", func(s *cgrouptest.System) { s.Refuse["service/a.a"] = syscall.ENOSPC },
			"INFO spawnerr: cannot make a cgroup of 'a': ENOSPC", api.Backoff},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var w *cgroupWorld
			if tt.prepare == nil {
				w = newCgroupWorld(t, tt.text)
			} else {
				w = newCgroupWorld(t, tt.text, tt.prepare)
			}
			w.pass(1500 * time.Millisecond)
			w.state("a", tt.state)
			lines := slices.DeleteFunc(w.lines("INFO", "WARN"), func(line string) bool {
				return !strings.Contains(line, "cgroup") && !strings.Contains(line, "cannot") || strings.Contains(line, "INFO cgroup:")
			})
			got := ""
			if len(lines) > 0 {
				got = strings.ReplaceAll(lines[0], w.cgroups.Root, "")
			}
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
