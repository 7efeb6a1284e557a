package process

import (
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/cgroup"
	"github.com/gosupervisor/supervisor/internal/cgroup/cgrouptest"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/timers"
)

// limitedProcess is a RUNNING process without a child, in the cgroups of a tree. What goroutines report comes from the channel.
func limitedProcess(t *testing.T, cfg *config.Process, tree *cgroup.Tree) (*Process, chan func(time.Time)) {
	t.Helper()
	results := make(chan func(time.Time))
	shared := &Shared{Log: logs.NewMain(io.Discard, api.Info), AutoLogDir: t.TempDir(), Cgroups: func() *cgroup.Tree { return tree },
		Schedule: func(timers.Item) {}, Changed: func(*Process) {}, WatchFiles: func(*Process) {}, Relisten: func(*Process) {},
		Helpers: helper.Host{Send: func(f func(time.Time)) bool { results <- f; return true }}}
	p := New(cfg, &config.Group{Name: "g"}, nil, Role{}, shared)
	p.pid, p.machine.State = 101, api.Running
	return p, results
}

// next runs what a goroutine reports.
func next(t *testing.T, results chan func(time.Time)) {
	t.Helper()
	select {
	case f := <-results:
		f(time.Now())
	case <-time.After(20 * time.Second):
		t.Fatal("nothing is reported")
	}
}

// An upgrade comes while the kernel works on a limit, or after it has refused one: the next program begins the change anew. A cgroup is
// removed at the end also by a program that never had a key about it.
//
// covers: L9-limits
func TestChangeOfLimitsIsHandedOver(t *testing.T) {
	configs := loadPrograms(t, []string{"memory_max=32MB\npids_max=5\n", "memory_max=16MB\nstopwaitsecs=7\n", ""})
	for i := range configs {
		configs[i].ProcessName = "p"
	}
	before, after, without := configs[0], configs[1], configs[2]
	s := cgrouptest.New(t)
	slow := make(chan struct{})
	s.Slow["service/g.p/memory.max"] = slow
	options := cgroup.Options{System: s, Log: func(string) {}}
	tree := cgroup.New(options)
	first, results := limitedProcess(t, before, tree)
	var spec child.Spec
	leave, err := first.enterCgroup(&spec)
	if err != nil {
		t.Fatal(err)
	}
	leave()
	s.Add("service/g.p", 101)
	first.Reconfigure(after, time.Now())
	if first.Config.Stop.WaitSecs != 7 || first.Stale() != "memory_max, pids_max" {
		t.Errorf("stopwaitsecs %d, stale %q", first.Config.Stop.WaitSecs, first.Stale())
	}
	state := first.extra.cgroup.export()

	second, reports := limitedProcess(t, first.Config, cgroup.Import(tree.Export(), options))
	second.Defer(after)
	second.importExtra(nil, &ExtraState{Cgroup: state})
	second.extra.cgroup.begin(time.Now())
	if second.Stale() != "memory_max, pids_max" || !second.Limiting() {
		t.Errorf("stale %q", second.Stale())
	}
	close(slow)
	next(t, reports)
	if max, pids := s.Text("service/g.p/memory.max"), s.Text("service/g.p/pids.max"); max != "16777216" || pids != "max" || second.Stale() != "" {
		t.Errorf("memory.max %s, pids.max %s, stale %q", max, pids, second.Stale())
	}
	next(t, results) // of a program whose upgrade was refused
	if first.Stale() != "" || first.Limiting() {
		t.Errorf("stale %q", first.Stale())
	}

	s.Refuse["service/g.p/memory.max"] = syscall.EBUSY
	second.Reconfigure(without, time.Now())
	next(t, reports)
	third, reports := limitedProcess(t, second.Config, cgroup.Import(tree.Export(), options))
	third.Defer(without)
	third.importExtra(nil, &ExtraState{Cgroup: second.extra.cgroup.export()})
	if third.Stale() != "memory_max" || third.LimitsRefused() != "" {
		t.Errorf("stale %q, refused %q", third.Stale(), third.LimitsRefused())
	}
	delete(s.Refuse, "service/g.p/memory.max")
	third.extra.cgroup.begin(time.Now())
	next(t, reports)
	if max := s.Text("service/g.p/memory.max"); max != "max" || third.Stale() != "" || third.Config != without {
		t.Errorf("memory.max %s, stale %q", max, third.Stale())
	}

	fourth, _ := limitedProcess(t, without, cgroup.Import(tree.Export(), options))
	fourth.importExtra(nil, &ExtraState{Cgroup: third.extra.cgroup.export()})
	fourth.extra.cgroup.begin(time.Now())
	s.End(101)
	fourth.pid, fourth.machine.State = 0, api.Stopped
	fourth.leaveCgroup(time.Now())
	if s.Text("service/g.p/cgroup.procs") != "-" {
		t.Error("the cgroup is left")
	}
}
