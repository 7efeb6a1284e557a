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

// restarts returns a scenario that measures the time from the kill of a child to the first instruction of its replacement, one child
// at a time. The programs have further lines.
func restarts(name string, lines ...string) func(context.Context, *turn) error {
	return func(ctx context.Context, t *turn) error {
		if t.who == baseline {
			return t.trueStarts(ctx)
		}
		return t.restarts(ctx, name, lines)
	}
}

// trueStarts measures the time from a start of /bin/true by the bench to its end, which is what a hook costs at least.
func (t *turn) trueStarts(ctx context.Context) error {
	var took []time.Duration
	for range or(t.settings.quick, 40, 200) {
		from := now()
		pid, err := syscall.ForkExec("/bin/true", []string{"true"}, &syscall.ProcAttr{})
		if err != nil {
			return fmt.Errorf("cannot start /bin/true: %w", err)
		}
		if _, err := syscall.Wait4(pid, nil, 0, nil); err != nil {
			return err
		}
		took = append(took, now()-from)
		if err := wait(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	t.add("true/p50", milliseconds(percentile(took, 50)))
	return nil
}

func (t *turn) restarts(ctx context.Context, name string, lines []string) (err error) {
	kills := or(t.settings.quick, 40, 200)
	if t.who == original { // it takes a second each
		kills = or(t.settings.quick, 3, 10)
	}
	d, err := t.launch(ctx, load{programs: 100, extra: append([]string{"autorestart=true", "startsecs=0"}, lines...)})
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
	t.add(name+"/p50", milliseconds(percentile(took, 50)))
	t.add(name+"/p99", milliseconds(percentile(took, 99)))
	return nil
}
