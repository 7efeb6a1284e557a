package main

import (
	"context"
	"time"
)

// idle measures a daemon that has nothing to do: after a moment in which it may finish what the start left over.
func (t *turn) idle(ctx context.Context, d *daemon) error {
	if !t.wants("idle/memory", "idle/switches", "idle/cpu") {
		return nil
	}
	settle := or(t.settings.quick, 500*time.Millisecond, 2*time.Second)
	window := or(t.settings.quick, 2*time.Second, 10*time.Second)
	if err := pass(ctx, settle); err != nil {
		return err
	}
	from := now()
	switched, err := switches(d.pid)
	if err != nil {
		return err
	}
	ran, err := onCPU(d.pid)
	if err != nil {
		return err
	}
	if err := pass(ctx, window); err != nil {
		return err
	}
	switchedThen, err := switches(d.pid)
	if err != nil {
		return err
	}
	ranThen, err := onCPU(d.pid)
	if err != nil {
		return err
	}
	seconds := (now() - from).Seconds()
	memory, err := proportional(d.pid)
	if err != nil {
		return err
	}
	t.add("idle/memory", float64(memory)/1e6)
	t.add("idle/switches", float64(switchedThen-switched)/seconds)
	t.add("idle/cpu", 100*(ranThen-ran).Seconds()/seconds)
	return nil
}

// pass lets time pass: a window of measurement, or the age that a process has to reach.
func pass(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
