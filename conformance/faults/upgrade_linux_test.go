package faults

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func beginUpgrades(t *testing.T, says string) *fault {
	t.Parallel()
	f := begin(t, says)
	if reference {
		f.skip("the original has no upgrade")
	}
	return f
}

// TestUpgradeLoop upgrades again and again under writers, clients, a listener and signals. UPGRADES is how often.
// covers: L12-a L12-b L12-c L12-d
func TestUpgradeLoop(t *testing.T) {
	f := beginUpgrades(t, "upgrades in a row keep all states, lines, events and connections, and nothing grows")
	times, err := strconv.Atoi(os.Getenv("UPGRADES"))
	if err != nil {
		times = 20
	}
	u := f.newWorld("")
	c := u.connect()
	for range 3 {
		u.mustUpgrade() // the first ones after a start have less memory
	}
	c.complete()
	before, vitals := u.standing(), u.measure()
	ctx, cancel := context.WithCancel(context.Background())
	var storm sync.WaitGroup
	storm.Go(func() { u.storm(ctx, syscall.SIGUSR2, 20*time.Millisecond) })
	storm.Go(func() { u.storm(ctx, syscall.SIGCHLD, time.Millisecond) })
	began := time.Now()
	for range times {
		u.mustUpgrade()
	}
	u.figure("%d upgrades, %d refused as busy, %v each", times, len(u.busy), (time.Since(began) / time.Duration(times)).Round(time.Millisecond))
	cancel()
	storm.Wait()
	u.same(before)
	u.compare("upgrades", vitals, u.measure(), 8000)
	u.noneInherited()
	u.finish()
	c.check()
	u.checkStarts()
	if n := u.count("supervisord was upgraded from"); n != times+3 {
		u.wrong("%d upgrades are logged, not %d", n, times+3)
	}
	u.must("signalProcess", "stopping", "KILL")
	u.terminate()
}

// storm sends a signal again and again, until supervisord has ended or the context is canceled.
func (u *upgraded) storm(ctx context.Context, sig syscall.Signal, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_ = syscall.Kill(u.pid, sig)
		case <-u.ended:
			return
		case <-ctx.Done():
			return
		}
	}
}

// noneInherited checks that a new child has no descriptor but the standard ones.
func (u *upgraded) noneInherited() {
	u.Helper()
	u.must("startProcess", "stopped")
	pid := u.pidOf("stopped")
	var open []string
	if !poll(func() bool { // the loader of the program opens libraries
		open, _ = filepath.Glob("/proc/" + strconv.Itoa(pid) + "/fd/*")
		return len(open) == 3
	}) {
		for i, name := range open {
			open[i], _ = os.Readlink(name)
		}
		u.wrong("a new child has the descriptors %q", open)
	}
	u.must("stopProcess", "stopped")
}

// TestUpgradeGoesBack has the new program fail before it takes over: the old one goes on.
// covers: L12-g L12-a L12-b L12-c L12-d
func TestUpgradeGoesBack(t *testing.T) {
	f := beginUpgrades(t, "a new program that fails while it takes over leaves the old one running, and nothing is lost")
	u := f.newWorld("")
	c := u.connect()
	before := u.standing()
	for i, step := range []struct {
		fails, why string
		old        bool // it is a step of the program that runs
	}{
		{"restored fail descriptor 17 is not what it was", "descriptor 17 is not what it was", false},
		{"restored hang", "did not take over within 3s", false},
		{"begun hang", "did not take over within 3s", false},
		{"begun panic", "unexpected failure: fault at begun", false},
		{"frozen fail no memory", "no memory", true},
		{"guarded fail no guard", "no guard", true},
		{"executing fail ENOMEM", "ENOMEM", true},
	} {
		u.installFaulty("limit to 3s")
		if step.old {
			u.mustUpgrade()
		}
		u.fails(step.fails, "limit to 3s")
		warnings := u.count("WARN upgrade failed")
		err := u.upgrade()
		if err == nil || !strings.Contains(err.Error(), "upgrade failed, ") || !strings.Contains(err.Error(), " goes on: ") ||
			!strings.Contains(err.Error(), step.why) {
			u.wrong("%s: %v: %s", step.fails, err, u.tail())
		}
		if !step.old {
			u.awaitLog("WARN upgrade failed, ", warnings+1)
		}
		if i == 0 {
			c.complete()
		}
		if comm, err := os.ReadFile("/proc/" + strconv.Itoa(u.pid) + "/comm"); err != nil || string(comm) != "supervisord\n" {
			u.wrong("%s: the process is called %q: %v", step.fails, comm, err)
		}
		u.same(before)
	}
	u.fails()
	u.install(supervisord)
	u.mustUpgrade()
	u.same(before)
	u.finish()
	c.check()
	u.checkStarts()
	u.must("signalProcess", "stopping", "KILL")
	u.terminate()
}
