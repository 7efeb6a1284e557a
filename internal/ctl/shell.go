package ctl

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
)

// Shell shows the status, then reads commands until the input ends, one of them leaves, or the user interrupts it. The
// exit status is always 0. On a terminal, lines can be edited and completed, and there is a history; elsewhere they are
// taken as they come. Source: ctl, "Modes".
func (c *Controller) Shell() int {
	defer c.close()
	c.shell = true
	interrupts := make(chan os.Signal, 1) // nobody reads it: between two steps an interrupt is for nobody, and no end
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	for line := "status"; ; {
		for _, part := range split(line) {
			var leave bool
			c.interruptible(func() { leave = c.command(part) })
			if leave {
				return 0
			}
		}
		var err error
		c.interruptible(func() { line, err = c.ask(c.options.Prompt + "> ") })
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, errInterrupted) {
				c.failed(err)
			}
			c.println("")
			return 0
		}
	}
}

// interruptible runs one step of the shell with a context of its own, so that an interrupt ends that step only.
func (c *Controller) interruptible(step func()) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c.ctx = ctx
	step()
}

// untilInterrupt is a context for what goes on until an interrupt comes; in the shell that is the command's own.
func (c *Controller) untilInterrupt() (context.Context, context.CancelFunc) {
	if c.shell {
		return c.ctx, func() {}
	}
	return signal.NotifyContext(c.ctx, os.Interrupt)
}
