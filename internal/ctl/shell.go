package ctl

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
)

// Shell prints the status, then reads and runs commands until the input ends, a command exits, or an interrupt. The exit
// status is always 0. On a terminal lines can be edited and completed, and there is a history.
func (c *Controller) Shell() int {
	defer c.close()
	c.shell = true
	interrupts := make(chan os.Signal, 1) // never read: discards interrupts between steps
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	for line := "status"; ; {
		for _, part := range split(line) {
			var exit bool
			c.interruptible(func() { exit = c.command(part) })
			if exit {
				return 0
			}
		}
		var err error
		c.interruptible(func() { line, err = c.prompt(c.options.Prompt + "> ") })
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, errInterrupted) {
				c.printError(err)
			}
			c.println("")
			return 0
		}
	}
}

// interruptible runs one step of the shell with its own context, so that an interrupt ends that step only.
func (c *Controller) interruptible(step func()) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c.ctx = ctx
	step()
}

// untilInterrupt returns a context that an interrupt cancels. In the shell that is the context of the command.
func (c *Controller) untilInterrupt() (context.Context, context.CancelFunc) {
	if c.shell {
		return c.ctx, func() {}
	}
	return signal.NotifyContext(c.ctx, os.Interrupt)
}
