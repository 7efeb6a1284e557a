package faults

import (
	"context"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestUpgradeSignalStorm sends SIGINT again and again from each step on, besides signals that end nothing.
// covers: L12-i L12-l
func TestUpgradeSignalStorm(t *testing.T) {
	for _, step := range stepsOf {
		t.Run(step, func(t *testing.T) {
			f := beginUpgrades(t, "a storm of SIGINT, SIGUSR2 and SIGCHLD over an upgrade shuts down once, and stops all programs by their plans")
			u := f.beginOrder()
			before, pids := u.standing(), u.pids()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var storm sync.WaitGroup
			for _, sig := range []syscall.Signal{syscall.SIGUSR2, syscall.SIGCHLD} {
				storm.Go(func() { u.storm(ctx, sig, time.Millisecond) })
			}
			for range 3 { // SIGUSR2 and SIGCHLD end nothing
				u.mustUpgrade()
			}
			u.same(before)
			err := u.holdAt(step, func() { storm.Go(func() { u.storm(ctx, syscall.SIGINT, time.Millisecond) }) })
			u.awaitEnd()
			cancel()
			storm.Wait()
			u.left()
			if status := u.status(); status != "exit status 0" {
				u.wrong("supervisord has ended with %s: %s", status, u.tail())
			}
			for _, line := range []string{"stopped: first (", "stopped: second ("} {
				if n := u.count(line); n != 1 {
					u.wrong("%q is logged %d times", line, n)
				}
			}
			if n := u.count("spawned: "); n != len(pids) {
				u.wrong("%d starts of %d programs", n, len(pids))
			}
			if err != nil && !strings.Contains(err.Error(), "SHUTDOWN_STATE") && !strings.Contains(err.Error(), "EOF") {
				u.wrong("the upgrade: %v", err)
			}
		})
	}
}
