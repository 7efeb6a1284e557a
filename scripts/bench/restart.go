package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// restartAge is the age at which a process is killed. It is more than a second, since ours delays the restart of a process that ran
// for less.
const restartAge = 1200 * time.Millisecond

// restarts measures the time from the kill of a child to the first instruction of its replacement, one child at a time.
func restarts(ctx context.Context, t *turn) (err error) {
	kills := or(t.settings.quick, 40, 200)
	if t.who == original { // it takes a second each
		kills = or(t.settings.quick, 3, 10)
	}
	d, err := t.launch(ctx, 100, nil, []string{"autorestart=true", "startsecs=0"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.awaitRunning(ctx); err != nil {
		return err
	}
	var took []time.Duration
	for byAge := d.alive; len(took) < kills; {
		oldest := byAge[0]
		if err := wait(ctx, oldest.at+restartAge-now()); err != nil {
			return err
		}
		killed := now()
		if err := syscall.Kill(oldest.pid, syscall.SIGKILL); err != nil {
			return fmt.Errorf("cannot kill child %d: %w", oldest.pid, err)
		}
		replacement, err := d.await(ctx, 1)
		if err != nil {
			return err
		}
		took = append(took, replacement[0].at-killed)
		byAge = append(byAge[1:], replacement...)
	}
	t.add("restart/p50", milliseconds(percentile(took, 50)))
	t.add("restart/p99", milliseconds(percentile(took, 99)))
	return nil
}
