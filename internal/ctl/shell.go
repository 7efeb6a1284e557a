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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer func() { stop() }()
	for line := "status"; ; {
		c.ctx = ctx
		for _, part := range split(line) {
			if c.command(part) {
				return 0
			}
		}
		if ctx.Err() != nil { // the interrupt ended a log that was followed; the shell goes on
			stop()
			ctx, stop = signal.NotifyContext(context.Background(), os.Interrupt)
			c.ctx = ctx
		}
		next, err := c.ask(c.options.Prompt + "> ")
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, errInterrupted) {
				c.failed(err)
			}
			c.println("")
			return 0
		}
		line = next
	}
}
