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
	r, err := t.observeNew(ctx, programs)
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
	window := or(t.settings.quick, 2*time.Second, 5*time.Second)
	from := now()
	switched, err := switches(d.pid)
	if err != nil {
		return rest{}, err
	}
	ran, err := onCPU(d.pid)
	if err != nil {
		return rest{}, err
	}
	if err := wait(ctx, window); err != nil {
		return rest{}, err
	}
	switchedThen, err := switches(d.pid)
	if err != nil {
		return rest{}, err
	}
	ranThen, err := onCPU(d.pid)
	if err != nil {
		return rest{}, err
	}
	seconds := (now() - from).Seconds()
	memory, err := memoryOfProcess(d.pid)
	if err != nil {
		return rest{}, err
	}
	return rest{
		memory:   float64(memory) / 1e6,
		switches: float64(switchedThen-switched) / seconds,
		cpu:      100 * (ranThen - ran).Seconds() / seconds,
	}, nil
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
