package main

import (
	"context"
	"time"
)

// idle measures an idle daemon, after a moment to settle.
func (t *turn) idle(ctx context.Context, d *daemon) error {
	if !t.wants("idle/memory", "idle/switches", "idle/cpu") {
		return nil
	}
	settle := or(t.settings.quick, 500*time.Millisecond, 2*time.Second)
	window := or(t.settings.quick, 2*time.Second, 10*time.Second)
	if err := wait(ctx, settle); err != nil {
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
	if err := wait(ctx, window); err != nil {
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
	memory, err := memoryOfProcess(d.pid)
	if err != nil {
		return err
	}
	t.add("idle/memory", float64(memory)/1e6)
	t.add("idle/switches", float64(switchedThen-switched)/seconds)
	t.add("idle/cpu", 100*(ranThen-ran).Seconds()/seconds)
	return nil
}

// wait waits for a duration: a window of measurement, or the age that a process must reach.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
