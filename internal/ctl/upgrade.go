package ctl

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

const (
	upgradeTimeout = time.Minute
	upgradeAgain   = 250 * time.Millisecond // between two requests while supervisord is busy
	busy           = "upgrade refused: busy: "
)

// upgrade has supervisord execute what is installed now.
func (c *Controller) upgrade(args []string) error {
	dryRun, timeout := false, upgradeTimeout
	rest, err := parseFlags(args, map[string]func(string) error{
		"--timeout": func(text string) (err error) { timeout, err = parseTimeout(text); return err },
	}, map[string]*bool{"--dry-run": &dryRun})
	switch {
	case err != nil:
		return c.invalidArg(err.Error())
	case len(rest) > 0:
		return c.usageError("upgrade", "upgrade takes no names", exitInvalidArgs)
	}
	return c.withTimeout(timeout, func() error {
		u, err := c.askToUpgrade(dryRun)
		fault := (*client.Fault)(nil)
		switch {
		case faultCode(err) == api.UnknownMethod:
			return c.printFault(err, map[int]string{api.UnknownMethod: "the server cannot do this: supervisor.upgrade"})
		case errors.As(err, &fault):
			return c.printFault(err, map[int]string{fault.Code: whyNot(fault)})
		case err != nil:
			return err
		}
		if u.Note != "" {
			fmt.Fprintln(c.options.Err, "note: "+u.Note)
		}
		switch {
		case dryRun:
			c.println("supervisord: " + u.To + " can take over from " + u.From)
		case u.To == u.From:
			c.println("supervisord: " + u.To + " restarted in place")
		default:
			c.println("supervisord: upgraded from " + u.From + " to " + u.To)
		}
		return nil
	})
}

// whyNot is the text of a fault without the name of the code, which says nothing about an upgrade.
func whyNot(fault *client.Fault) string {
	switch fault.Code {
	case api.ShutdownState:
		return "shutting down"
	case api.Failed:
		return strings.TrimPrefix(fault.Text, "FAILED: ")
	}
	return fault.Text
}

// askToUpgrade asks again as long as supervisord is busy. If that takes too long it prints why.
func (c *Controller) askToUpgrade(dryRun bool) (client.Upgrade, error) {
	for {
		u, err := c.server.Upgrade(c.ctx, dryRun)
		fault := (*client.Fault)(nil)
		if !errors.As(err, &fault) || !strings.HasPrefix(whyNot(fault), busy) {
			return u, err
		}
		select {
		case <-time.After(upgradeAgain):
		case <-c.ctx.Done():
			c.println("ERROR: " + whyNot(fault))
			return u, context.Cause(c.ctx)
		}
	}
}
