package supervisor

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
)

// TestHungHooksLeakNothing starts a thousand programs whose hooks hang, some of which ignore SIGTERM: requests are answered
// meanwhile, a shutdown ends all hooks, and afterwards there are as many goroutines and descriptors as before.
func TestHungHooksLeakNothing(t *testing.T) {
	dir := t.TempDir()
	hung, stubborn := readExtra(t, "hook_timeout=1h pre_start_hook=/bin/sleep"), readExtra(t, "hook_timeout=1h pre_start_hook=/bin/sh")
	hung.Hooks.PreStart.Line = "/bin/sleep 1000"
	stubborn.Hooks.PreStart.Line = `/bin/sh -c 'trap "" TERM; sleep 1000; sleep 1000'`
	once := func(n int) {
		group := &config.Group{Name: "g"} // of all: a shutdown stops one group after the other
		for i := range n {
			group.Processes = append(group.Processes, program(fmt.Sprintf("p%d", i), func(p *config.Process) {
				p.Run.Command, p.Out.Log = "/bin/sleep 1000", config.Log{Kind: config.LogFile, Path: filepath.Join(dir, p.ProcessName)}
				p.Stop.WaitSecs = 1
				if p.Extra = hung; i%10 == 0 {
					p.Extra = stubborn
				}
			}).Processes...)
		}
		sup, end := realLoop(t, &lockedLog{grew: make(chan struct{}, 1)}, group)
		var pids []int
		missing := func() int {
			pids = nil
			if err := sup.Do(func(l *Loop) {
				for r := range l.helpers {
					pids = append(pids, r.PID())
				}
			}); err != nil {
				t.Error(err)
			}
			return n - len(pids)
		}
		if !settled(missing, 0) {
			t.Errorf("%d hooks do not run", missing())
		}
		const late = time.Minute // with much margin for a busy machine: they would hang for an hour
		for range 10 {
			if began := time.Now(); sup.Do(func(*Loop) {}) != nil || time.Since(began) > late {
				t.Errorf("a request took %v", time.Since(began))
			}
		}
		end()
		if !settled(func() int { return inGroups(t, pids) }, 0) {
			t.Errorf("%d processes are left", inGroups(t, pids))
		}
	}
	leavesNothing(t, func() { once(20) }, func() { once(1000) })
}
