package main

import (
	"context"
	"fmt"
	"syscall"
)

// stop measures the time from the shutdown request to the exit of the daemon. All children must have exited by then.
func (t *turn) stop(ctx context.Context, d *daemon) error {
	if !t.wants("stop/1000") {
		return nil
	}
	asked := now()
	if d.who == baseline {
		if err := syscall.Kill(d.pid, syscall.SIGTERM); err != nil {
			return err
		}
	} else if _, err := d.call(ctx, "supervisor.shutdown"); err != nil {
		return d.explain(err)
	}
	exited, err := d.awaitExit(ctx)
	if err != nil {
		return d.explain(err)
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
	t.add("stop/1000", milliseconds(exited-asked))
	return nil
}
