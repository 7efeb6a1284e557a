package supervisor

import (
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/helper"
)

// TestSettleWaitsForHelpers shows that no state is written while the last output of a helper is being read: the next program would
// wait for its end forever.
// covers: L12-a
func TestSettleWaitsForHelpers(t *testing.T) {
	sup, end := realLoop(t, &lockedLog{grew: make(chan struct{}, 1)}, program("a", func(p *config.Process) {
		p.Run.Command, p.Out.Log = "/bin/sleep 1000", config.Log{Kind: config.LogFile, Path: filepath.Join(t.TempDir(), "a")}
	}))
	defer end()
	deadline := time.Now().Add(time.Minute)
	if err := sup.Pump().Freeze(deadline); err != nil { // so that the output stays in the pipe
		t.Fatal(err)
	}
	defer sup.Pump().Thaw()
	if err := sup.Do(func(l *Loop) {
		run := l.Find("a", "a").Help(helper.Spec{Hook: "pre_start", Label: "pre_start_hook", Check: true,
			Command: config.HelperCommand{Line: "/bin/echo text"}, Done: func(helper.Result, time.Time) {}}, time.Now())
		if err := unix.Waitid(unix.P_PID, run.PID(), nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
			t.Error(err)
		}
		l.reap(time.Now())
		if !run.Draining() {
			t.Error("the helper has no output that is to be read")
		}
		if err := l.settle(deadline); err != nil || run.Draining() {
			t.Errorf("draining is %v after the loop has settled: %v", run.Draining(), err)
		}
	}); err != nil {
		t.Fatal(err)
	}
}

// TestUpgradeWaitsForHelpersOfRemoved checks that there is no upgrade while a helper of a process that was removed runs: nothing in the
// next program would know it, and end it.
// covers: L12-a
func TestUpgradeWaitsForHelpersOfRemoved(t *testing.T) {
	sup, end := realLoop(t, &lockedLog{grew: make(chan struct{}, 1)}, program("a", func(p *config.Process) { p.Start.Auto = false }))
	defer end()
	frozen := func() error { return sup.Frozen(time.Now().Add(time.Minute), func(*Loop) error { return nil }) }
	over := make(chan struct{})
	var run *helper.Run
	if err := sup.Do(func(l *Loop) {
		run = l.Find("a", "a").Help(helper.Spec{Hook: "post_stop", Label: "post_stop_hook", Timeout: time.Hour,
			Command: config.HelperCommand{Line: "/bin/sleep 1000"}, Done: func(helper.Result, time.Time) { close(over) }}, time.Now())
	}); err != nil {
		t.Fatal(err)
	}
	if err := frozen(); err != nil {
		t.Errorf("of a process that is there: %v", err)
	}
	if err := sup.Do(func(l *Loop) { l.RemoveGroup(l.Group("a")) }); err != nil {
		t.Fatal(err)
	}
	if err := frozen(); err == nil || err.Error() != "busy: a: post_stop_hook has not ended" {
		t.Errorf("of one that was removed: %v", err)
	}
	if err := sup.Do(func(*Loop) { run.Kill(time.Now()) }); err != nil {
		t.Fatal(err)
	}
	<-over
	if err := frozen(); err != nil {
		t.Errorf("after its end: %v", err)
	}
}
