package supervisor

import (
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

// change changes the configuration, and returns the actions.
func (w *cgroupWorld) change(text string) string {
	w.t.Helper()
	return (&fixture{w.world}).change(UpdateOptions{}, text)
}

// limited handles the ends of changes of limits.
func (w *cgroupWorld) limited(n int) {
	w.t.Helper()
	for range n {
		select {
		case f := <-w.results:
			f(w.now)
		case <-time.After(20 * time.Second):
			w.t.Fatal("the end of a change is not reported")
		}
	}
	w.settle()
}

// limits compares files of a cgroup, such as "memory.max 1000, pids.max 5".
func (w *cgroupWorld) limits(path, want string) {
	w.t.Helper()
	var got []string
	for item := range strings.SplitSeq(want, ", ") {
		file, _, _ := strings.Cut(item, " ")
		got = append(got, file+" "+w.cgroups.Text(path+"/"+file))
	}
	if d := cmp.Diff(want, strings.Join(got, ", ")); d != "" {
		w.t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

// stale compares what a process has from its next start.
func (w *cgroupWorld) stale(p, want string) {
	w.t.Helper()
	if got := w.process(p).Stale(); got != want {
		w.t.Errorf("stale %q, want %q", got, want)
	}
}

// covers: L9-limits
// Limits change in the cgroup in which the child is, one process after the other, and are those of the next start, too. A key that is gone
// limits nothing any more, and one more has its controller enabled.
func TestLimitsChangeInPlace(t *testing.T) {
	w := newCgroupWorld(t, "a memory_max=32MB cpu_max=50% stopwaitsecs=3\nb memory_max=32MB")
	w.pass(time.Minute)
	a, b := w.pidOf["a"], w.pidOf["b"]
	w.lines()
	w.limits("service", "cgroup.subtree_control cpu memory")
	got := w.change("a memory_max=64MB memory_high=48MB pids_max=7 stopwaitsecs=4\nb io_weight=9")
	if want := "change a (stopwaitsecs, memory_max, memory_high, cpu_max, pids_max), change b (memory_max, io_weight)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	w.stale("a", "memory_max, memory_high, cpu_max, pids_max") // until the kernel has taken them
	w.limited(2)
	w.limits("service/a.a", "memory.max 67108864, memory.high 50331648, cpu.max max 100000, pids.max 7")
	w.limits("service/b.b", "memory.max max, io.weight 9")
	w.limits("service", "cgroup.subtree_control cpu io memory pids")
	w.stale("a", "")
	w.stale("b", "")
	w.expect()
	if w.pidOf["a"] != a || w.pidOf["b"] != b {
		t.Error("a process was restarted")
	}
	if more := w.process("a").Info(w.now).More; more.Limits != "memory_high 48MB, pids_max 7, memory 0.0 MB of 64.0 MB" {
		t.Errorf("limits %q", more.Limits)
	}
	w.end("a", code(0))
	w.process("a").Start(w.now)
	w.limits("service/a.a", "memory.max 67108864, memory.high 50331648, cpu.max max 100000, pids.max 7")
}

// covers: L9-limits
// What the kernel refuses is logged, stays as it was, and has another value from the next start. Everything else changes.
func TestLimitIsRefused(t *testing.T) {
	w := newCgroupWorld(t, "a memory_max=32MB pids_max=5")
	w.pass(time.Minute)
	w.lines()
	w.cgroups.Refuse["service/a.a/memory.max"] = syscall.EBUSY
	w.change("a memory_max=16MB pids_max=6 directory=/")
	w.limited(1) // of the child, which is restarted for its command
	w.expect("INFO restarting a: update (memory_max, pids_max, directory)", "WARN cannot set memory.max of 'a': EBUSY; the new value counts from the next start")
	w.limits("service/a.a", "memory.max 33554432, pids.max 6")
	w.stale("a", "memory_max, directory")
	if more := w.process("a").Info(w.now).More; more.Limits != "pids_max 6, memory 0.0 MB of 32.0 MB" || more.Stale != "memory_max, directory" {
		t.Errorf("%+v", more)
	}
	if got := w.process("a").LimitsRefused(); got != "cannot set memory.max of 'a': EBUSY" {
		t.Errorf("refused: %q", got)
	}
	delete(w.cgroups.Refuse, "service/a.a/memory.max")
	w.end("a", by(syscall.SIGTERM))
	w.pass(time.Minute)
	w.state("a", api.Running)
	w.stale("a", "")
	w.limits("service/a.a", "memory.max 16777216, pids.max 6")
	if got := w.process("a").LimitsRefused(); got != "" {
		t.Errorf("refused: %q", got)
	}
}

// covers: L9-limits
// A process without a cgroup gets one by a restart. One whose last key is gone stays in its cgroup without a limit until its end.
func TestFirstAndLastLimit(t *testing.T) {
	w := newCgroupWorld(t, "a killmode=group\nb pids_max=5 killmode=cgroup\nc")
	w.pass(time.Minute)
	w.cgroups.Add("service/b.b", 7)
	w.lines()
	got := w.change("a killmode=cgroup memory_max=32MB\nb\nc memory_high=10MB")
	if want := "restart a:a (killmode, memory_max), change b (stopasgroup, killasgroup, killmode, pids_max), restart c:c (memory_high)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	w.limited(1)
	w.limits("service/b.b", "pids.max max")
	w.stale("b", "")
	if more := w.process("b").Info(w.now).More; more != nil && more.Limits != "" { // it has no optional key any more
		t.Errorf("b has the limits %q", more.Limits)
	}
	if w.exists("service/a.a") {
		t.Error("a has a cgroup")
	}
	w.end("a", by(syscall.SIGTERM))
	w.pass(time.Minute)
	w.limits("service/a.a", "memory.max 33554432, memory.oom.group 1")
	w.end("b", code(0)) // what it leaves is left alone
	if got := w.sent(0); got != nil || !w.exists("service/b.b") {
		t.Errorf("signals %q", got)
	}
	w.emptied(7)
	if w.exists("service/b.b") {
		t.Error("the cgroup of b is left")
	}
	w.process("b").Start(w.now)
	if w.exists("service/b.b") {
		t.Error("b has a cgroup without a key for it")
	}
}

// covers: L9-limits
// A program that has lost its limits by an update gets new ones at its next start, for which the update restarts it.
func TestLimitsComeBack(t *testing.T) {
	w := newCgroupWorld(t, "b pids_max=5")
	w.pass(time.Minute)
	w.change("b")
	w.limited(1)
	w.limits("service/b.b", "pids.max max")
	if got, want := w.change("b pids_max=7"), "restart b:b (pids_max)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	w.limits("service/b.b", "pids.max max")
	w.stale("b", "pids_max")
	w.end("b", by(syscall.SIGTERM))
	w.pass(time.Minute)
	w.limits("service/b.b", "pids.max 7")
	w.stale("b", "")
}

// covers: L9-limits
// While a process is being stopped its limits change at once. How it is stopped does not.
func TestLimitsChangeWhileStopping(t *testing.T) {
	w := newCgroupWorld(t, "a memory_max=32MB stopwaitsecs=1000 killmode=cgroup")
	w.pass(time.Minute)
	w.cgroups.Add("service/a.a", 7)
	w.process("a").Stop(w.now)
	w.change("a memory_max=64MB stopwaitsecs=1 killmode=cgroup")
	w.stale("a", "stopwaitsecs, memory_max")
	w.limited(1)
	w.limits("service/a.a", "memory.max 67108864, memory.oom.group 1")
	w.stale("a", "stopwaitsecs")
	w.cgroups.End(w.pidOf["a"])
	w.reaped(child.Exit{PID: w.pidOf["a"], Status: by(syscall.SIGTERM)}, w.now) // 7 has not ended
	w.change("a memory_max=80MB stopwaitsecs=1 killmode=cgroup")
	w.limited(1)
	w.limits("service/a.a", "memory.max 83886080")
	w.state("a", api.Stopping)
	w.emptied(7)
	w.state("a", api.Stopped)
	w.stale("a", "")
}

// covers: L9-limits
// killmode changes in place where there is a cgroup, and with it whether the kernel kills all of it for lack of memory.
func TestKillModeChangesInPlace(t *testing.T) {
	w := newCgroupWorld(t, "a memory_max=32MB")
	w.pass(time.Minute)
	w.limits("service/a.a", "memory.oom.group 0")
	w.change("a memory_max=32MB killmode=cgroup")
	w.limited(1)
	w.limits("service/a.a", "memory.oom.group 1, memory.max 33554432")
	w.cgroups.Add("service/a.a", 7)
	w.sent(0)
	w.process("a").Stop(w.now)
	if d := cmp.Diff([]string{"15 7", "15 PID"}, w.sent(w.pidOf["a"])); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// covers: L9-limits
// The kernel may work long on a limit. The loop goes on meanwhile; a second change follows the first, a hook sets no other limits, and the end
// of the child waits for nothing.
func TestSlowLimit(t *testing.T) {
	slow := make(chan struct{})
	w := newCgroupWorld(t, "a memory_max=32MB", func(s *cgrouptest.System) { s.Slow["service/a.a/memory.max"] = slow })
	w.pass(time.Minute)
	w.change("a memory_max=16MB reload_command=/bin/true")
	p := w.process("a")
	if !p.Limiting() {
		t.Fatal("the change is over")
	}
	w.change("a memory_max=8MB pids_max=5 reload_command=/bin/true")
	w.stale("a", "memory_max, pids_max")
	w.limits("service/a.a", "memory.max 33554432")
	slow <- struct{}{}
	end := <-w.results // the limit is written, and the loop has not handled that
	p.Reload(w.now)
	end(w.now)
	w.limits("service/a.a", "memory.max 16777216")
	w.stale("a", "memory_max, pids_max")
	slow <- struct{}{}
	w.limited(1)
	w.limits("service/a.a", "memory.max 8388608, pids.max 5")
	w.stale("a", "")
	w.cgroups.End(w.pidOf["a reload_command"])
	w.exit("a reload_command", code(0))

	w.change("a memory_max=4MB pids_max=5 reload_command=/bin/true")
	w.lines()
	w.cgroups.Set("service/a.a/memory.events", "oom_kill 1\n")
	w.end("a", by(syscall.SIGKILL))
	if lines := w.lines("WARN"); !slices.Contains(lines, "WARN a was killed: out of memory (memory_max=4MB)") {
		t.Errorf("%q", lines)
	}
	w.state("a", api.Exited)
	if !w.exists("service/a.a") {
		t.Error("the cgroup was removed while the kernel worked on it: that waits")
	}
	close(slow)
	for w.exists("service/a.a") { // also a report that it is empty
		w.limited(1)
	}
	if p.Limiting() {
		t.Error("the change is not over")
	}
}

// covers: L9-limits
// A process that starts again while the kernel works on its limits has those that are configured in the end.
func TestStartDuringSlowLimit(t *testing.T) {
	slow := make(chan struct{})
	w := newCgroupWorld(t, "a memory_max=32MB", func(s *cgrouptest.System) { s.Slow["service/a.a/memory.max"] = slow })
	w.pass(time.Minute)
	w.change("a memory_max=16MB")
	w.end("a", code(0))
	w.change("a memory_max=8MB")
	w.process("a").Start(w.now)
	w.limits("service/a.a", "memory.max 8388608")
	w.cgroups.Add("service/a.a", w.pidOf["a"])
	close(slow)
	for p := w.process("a"); p.Limiting(); {
		w.limited(1)
	}
	w.limits("service/a.a", "memory.max 8388608")
	w.stale("a", "")
}

// covers: L9-limits
// A refusal that comes when the process has been started again with the new limit is no warning.
func TestStartBeforeRefusal(t *testing.T) {
	slow := make(chan struct{})
	w := newCgroupWorld(t, "a memory_max=32MB", func(s *cgrouptest.System) { s.Slow["service/a.a/memory.max"] = slow })
	w.pass(time.Minute)
	w.change("a memory_max=16MB")
	w.end("a", code(0))
	w.process("a").Start(w.now)
	w.cgroups.Add("service/a.a", w.pidOf["a"])
	w.lines()
	w.cgroups.Refuse["service/a.a/memory.max"] = syscall.ENOENT
	close(slow)
	for p := w.process("a"); p.Limiting(); {
		w.limited(1)
	}
	w.expect()
	w.stale("a", "")
	w.limits("service/a.a", "memory.max 16777216")
}

// Limits that are not required are left out where they cannot be set; all others count.
func TestOtherLimitsCount(t *testing.T) {
	w := newCgroupWorld(t, "a memory_max=32MB pids_max=5 limits_required=false\nb memory_max=32MB",
		func(s *cgrouptest.System) {
			s.Set("cgroup.subtree_control", "pids\n")
			s.Set("service/cgroup.controllers", "pids\n")
		})
	w.pass(time.Minute)
	w.state("a", api.Running)
	w.state("b", api.Fatal)
	w.limits("service/a.a", "pids.max 5")
	if w.exists("service/b.b") {
		t.Error("a start that failed has left a cgroup")
	}
}
