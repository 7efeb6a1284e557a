package main

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// stop measures the time from the shutdown request to the exit of the daemon. All children must have exited by then.
func (t *turn) stop(ctx context.Context, d *daemon, name string) error {
	if !t.wants(name) {
		return nil
	}
	if d.peer != nil {
		return t.stopPeer(ctx, d)
	}
	asked := now()
	exited, err := d.end(ctx)
	if err != nil {
		return err
	}
	left := 0
	for _, child := range d.alive {
		if alive(child.pid) {
			left++
		}
	}
	if left > 0 {
		return fmt.Errorf("the daemon exited and left %d children behind", left)
	}
	t.add(name, milliseconds(exited-asked))
	return nil
}

// stopPeer measures the same for a peer, whose daemon may exit before what it has started: until no process is left.
func (t *turn) stopPeer(ctx context.Context, d *daemon) error {
	all, err := descendants(d.pid)
	if err != nil {
		return err
	}
	asked := now()
	if _, err := d.end(ctx); err != nil {
		return err
	}
	ended, err := awaitGone(ctx, all)
	if err != nil {
		return d.explain(err)
	}
	t.add("stop/1000", milliseconds(ended-asked))
	return nil
}

// end asks the daemon to end and returns when it has exited.
func (d *daemon) end(ctx context.Context) (time.Duration, error) {
	var err error
	if d.isSupervisord() {
		_, err = d.call(ctx, "supervisor.shutdown")
	} else {
		err = syscall.Kill(d.pid, d.signal)
	}
	if err != nil {
		return 0, d.explain(err)
	}
	exited, err := d.awaitExit(ctx)
	if err != nil {
		err = d.explain(err)
	}
	return exited, err
}
