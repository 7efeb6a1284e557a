package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
)

// oneProgram measures a daemon with a single program.
func oneProgram(ctx context.Context, t *turn) (err error) {
	d, err := t.launch(ctx, load{programs: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	t.add("start/1", milliseconds(last(d.alive)-d.started))
	if !t.wants("getState/1", "ctl/pid/1", "ctl/status/1") {
		return nil
	}
	if err := d.awaitRunning(ctx); err != nil {
		return err
	}
	return errors.Join(t.calls(ctx, d, 1), t.commands(ctx, d, 1))
}

// thousandPrograms measures a daemon with a thousand programs, from its start to its shutdown.
func thousandPrograms(ctx context.Context, t *turn) (err error) {
	d, err := t.launch(ctx, load{programs: 1000})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	t.add("start/1000", milliseconds(last(d.alive)-d.started))
	if err := d.awaitRunning(ctx); err != nil {
		return err
	}
	return errors.Join(t.idle(ctx, d), t.calls(ctx, d, 1000), t.page(ctx, d), t.commands(ctx, d, 1000),
		t.monitored(ctx, d), t.stop(ctx, d, "stop/1000"))
}

// growth measures the memory of four thousand programs compared with one thousand.
func growth(ctx context.Context, t *turn) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if need := minfds(4000); uint64(limit.Max) < uint64(need) {
		return fmt.Errorf("4000 programs need a hard limit of %d open files, here it is %d", need, limit.Max)
	}
	large, err := t.observeNew(ctx, load{programs: 4000}, "start/4000")
	if err != nil || !t.wants("idle/growth") {
		return err
	}
	small, err := t.observeNew(ctx, load{programs: 1000}, "")
	if err != nil {
		return err
	}
	t.add("idle/growth", 1000*(large.memory-small.memory)/3000)
	return nil
}

// observeNew observes an idle daemon of its own. It also records the time of the start as the figure that start names.
func (t *turn) observeNew(ctx context.Context, load load, start string) (r rest, err error) {
	d, err := t.launch(ctx, load)
	if err != nil {
		return rest{}, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	t.add(start, milliseconds(last(d.alive)-d.started))
	if err := d.awaitRunning(ctx); err != nil {
		return rest{}, err
	}
	return t.observe(ctx, d)
}
