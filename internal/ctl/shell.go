package ctl

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
)

// Shell prints the status, then reads and runs commands until the input ends, a command exits, or an interrupt. The exit
// status is 0 unless the output could not be written. On a terminal lines can be edited and completed, and there is a history.
func (c *Controller) Shell() (status int) {
	defer func() { status = c.close(0) }()
	c.shell = true
	interrupts := make(chan os.Signal, 1) // never read: discards interrupts between steps
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	for line := "status"; ; {
		for _, part := range c.split(line) {
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

// untilInterrupt returns a context that an interrupt cancels, and the loss of the reader of the output. In the shell an
// interrupt cancels the context of the command.
func (c *Controller) untilInterrupt() (context.Context, context.CancelFunc) {
	ctx, stop := c.ctx, context.CancelFunc(func() {})
	if !c.shell {
		ctx, stop = signal.NotifyContext(c.ctx, os.Interrupt)
	}
	ctx, cancel := context.WithCancel(ctx)
	watchReader(ctx, c.options.Out, cancel)
	return ctx, func() {
		cancel()
		stop()
	}
}
