package supervisor

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/cgroup/cgrouptest"
	"github.com/gosupervisor/supervisor/internal/child"
)

// covers: L8-i
// A stop with killmode=cgroup lasts until the last process of the cgroup has ended. The stop plan goes on meanwhile.
func TestStopLastsUntilCgroupIsEmpty(t *testing.T) {
	w := newCgroupWorld(t, "a killmode=cgroup stopwaitsecs=5")
	w.pass(time.Minute)
	w.cgroups.Add("service/a.a", 7)
	w.lines()
	w.process("a").Stop(w.now)
	pid := w.pidOf["a"]
	if d := cmp.Diff([]string{"15 7", "15 PID"}, w.sent(pid)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	w.cgroups.End(pid)
	w.reaped(child.Exit{PID: pid, Status: by(syscall.SIGTERM)}, w.now)
	w.settle()
	w.state("a", api.Stopping)
	if problem := w.process("a").Signal(syscall.SIGHUP, w.now); problem != "" || len(w.signals) != 0 {
		t.Errorf("%q: a process that has ended got %q", problem, w.signals)
	}
	w.pass(6 * time.Second)
	if d := cmp.Diff([]string{"9 7"}, w.sent(pid)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	w.emptied(0)
	w.state("a", api.Stopped)
	if w.exists("service/a.a") {
		t.Error("the cgroup is left")
	}
	w.expect("WARN killing 'a' (PID) with SIGKILL", "WARN stopped: a (terminated by SIGTERM)")
}

// sent returns the signals to processes of cgroups.
func (w *cgroupWorld) sent(pid int) (list []string) {
	for _, s := range w.cgroups.Sent() {
		sig, to, _ := strings.Cut(s, " ")
		if to == strconv.Itoa(pid) {
			to = "PID"
		}
		list = append(list, sig+" "+to)
	}
	slices.Sort(list)
	return list
}

// covers: L8-left
// What a program with killmode=cgroup leaves at its end is stopped by its plan. The next start, and a shutdown, wait for that.
func TestCgroupLeft(t *testing.T) {
	w := newCgroupWorld(t, "a killmode=cgroup stop_sequence=INT:2,TERM:3 autorestart=true")
	w.pass(time.Minute)
	first := w.pidOf["a"]
	w.cgroups.Add("service/a.a", 7)
	w.cgroups.Survivors[7] = true
	w.lines()
	w.end("a", code(0))
	w.pass(time.Second)
	w.state("a", api.Starting)
	if p := w.process("a"); p.PID() != 0 {
		t.Errorf("pid %d", p.PID())
	}
	w.pass(10 * time.Second)
	if d := cmp.Diff([]string{"15 7", "2 7", "9 7"}, w.sent(first)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	w.expect("INFO exited: a (exit status 0; expected)", "INFO stopping what a left in its cgroup with SIGINT",
		"INFO stopping what a left in its cgroup with SIGTERM", "WARN killing what a left in its cgroup with SIGKILL")
	w.emptied(7)
	w.expect("INFO what a left in its cgroup has ended", "INFO spawned: 'a' with pid PID")
	w.pass(time.Minute)
	w.cgroups.Add("service/a.a", 8)
	w.process("a").Stop(w.now) // SIGINT ends the child, and not 8
	w.cgroups.End(w.pidOf["a"])
	w.reaped(child.Exit{PID: w.pidOf["a"], Status: code(0)}, w.now)
	w.emptied(8)
	w.state("a", api.Stopped)
}

// covers: L8-left
// A shutdown waits for what programs have left in their cgroups, and kills it when shutdown_timeout is over.
func TestShutdownWaitsForCgroups(t *testing.T) {
	w := newCgroupWorld(t, "a killmode=cgroup stop_sequence=TERM:1h\n[supervisord] shutdown_timeout=30")
	w.pass(time.Minute)
	w.cgroups.Add("service/a.a", 7)
	w.end("a", code(0))
	w.state("a", api.Exited)
	w.enter(api.DaemonShutdown)
	if w.stopGroups(w.now) {
		t.Fatal("the shutdown does not wait")
	}
	if got := w.unstopped(); got != "a: cgroup" {
		t.Errorf("it waits for %q", got)
	}
	w.sent(0)
	w.pass(time.Minute)
	if d := cmp.Diff([]string{"9 7"}, w.sent(0)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	w.emptied(0)
	if !w.stopGroups(w.now) {
		t.Errorf("it still waits for %q", w.unstopped())
	}
}

// Processes of an earlier supervisord are stopped before the first start, if the program has killmode=cgroup; else they are left alone.
func TestCgroupOfEarlierSupervisord(t *testing.T) {
	w := newCgroupWorld(t, "a killmode=cgroup\nb pids_max=5", func(s *cgrouptest.System) {
		for _, name := range []string{"a.a", "b.b"} {
			_ = s.Mkdir(filepath.Join(s.Root, "service", name))
		}
		s.Add("service/a.a", 7)
		s.Add("service/b.b", 8)
	})
	w.expect("INFO cgroup: programs below "+w.cgroups.Root+"/service", "WARN processes of an earlier run are in the cgroup of a",
		"INFO stopping what a left in its cgroup with SIGTERM", "INFO spawned: 'b' with pid PID")
	w.emptied(7)
	w.expect("INFO what a left in its cgroup has ended", "INFO spawned: 'a' with pid PID")
	w.pass(time.Minute)
	w.end("b", code(0))
	if !w.exists("service/b.b") {
		t.Error("a cgroup with a process is gone")
	}
	w.emptied(8)
	if w.exists("service/b.b") {
		t.Error("the cgroup is left")
	}
}

// Hooks have the limits of the program, but those with + and those of a program with killmode=cgroup: its stop would end them.
func TestHooksInCgroups(t *testing.T) {
	for text, want := range map[string]string{"a pids_max=5": "service/a.a", "a pids_max=5 killmode=cgroup": ""} {
		w := newCgroupWorld(t, text+" pre_start_hook=/bin/true")
		pid, got := w.pidOf["a pre_start"], ""
		for _, c := range w.cgroups.Cgroups() {
			if path, in, _ := strings.Cut(c, " "); in == strconv.Itoa(pid) {
				got = path
			}
		}
		if got != want {
			t.Errorf("%s: the hook is in %q, want %q", text, got, want)
		}
		w.cgroups.End(pid)
		w.exit("a pre_start", code(1))
		if w.exists("service/a.a") {
			t.Errorf("%s: the cgroup is left after a start that failed", text)
		}
	}
	w := newCgroupWorld(t, "a pids_max=5 pre_start_hook=+/bin/true")
	if w.exists("service/a.a") {
		t.Error("a privileged hook has a cgroup")
	}
}
