package main

import (
	"context"
	"time"
)

// idle measures a daemon that was not used since its start.
func (t *turn) idle(ctx context.Context, d *daemon) error {
	if !t.wants("idle/memory", "idle/switches", "idle/cpu") {
		return nil
	}
	r, err := t.observe(ctx, d)
	if err != nil {
		return err
	}
	t.add("idle/memory", r.memory)
	t.add("idle/switches", r.switches)
	t.add("idle/cpu", r.cpu)
	return nil
}

// idleOf is idle for a daemon of its own, with so many programs.
func (t *turn) idleOf(ctx context.Context, name string, programs int) error {
	r, err := t.observeNew(ctx, load{programs: programs}, "")
	if err != nil {
		return err
	}
	t.add(name+"/memory", r.memory)
	t.add(name+"/switches", r.switches)
	return nil
}

// rest is what an idle daemon costs.
type rest struct {
	memory   float64 // proportional set size, in MB
	switches float64 // context switches per second
	cpu      float64 // percent of one processor
}

// observe measures an idle daemon. What it does after its last work, such as the release of memory, takes no longer than the pause
// before; at the end of the window the work was about ten seconds ago.
func (t *turn) observe(ctx context.Context, d *daemon) (rest, error) {
	if err := wait(ctx, 5*time.Second); err != nil {
		return rest{}, err
	}
	self, err := d.processes()
	if err != nil {
		return rest{}, err
	}
	before, err := workOf(self)
	if err != nil {
		return rest{}, err
	}
	if err := wait(ctx, or(t.settings.quick, 2*time.Second, 5*time.Second)); err != nil {
		return rest{}, err
	}
	after, err := workOf(self)
	if err != nil {
		return rest{}, err
	}
	seconds := (after.at - before.at).Seconds()
	memory, err := total(self, memoryOfProcess)
	if err != nil {
		return rest{}, err
	}
	return rest{
		memory:   float64(memory) / 1e6,
		switches: float64(after.switches-before.switches) / seconds,
		cpu:      100 * (after.cpu - before.cpu).Seconds() / seconds,
	}, nil
}

// work is what processes have done so far.
type work struct {
	at       time.Duration // when it was read; with many processes that takes a while, equal before and after the window
	switches int
	cpu      time.Duration
}

func workOf(pids []int) (w work, err error) {
	w.at = now()
	if w.switches, err = total(pids, switches); err != nil {
		return w, err
	}
	w.cpu, err = total(pids, onCPU)
	return w, err
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
