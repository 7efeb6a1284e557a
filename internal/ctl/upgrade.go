package ctl

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
		ask := c.askToUpgrade
		if !dryRun && strings.HasPrefix(c.options.ServerURL, "https:") {
			ask = c.upgradeByTLS
		}
		u, err := ask(dryRun)
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

// upgradeByTLS asks for an upgrade by a connection that ends with it, because the next program cannot go on with TLS: what became of the
// upgrade is asked for by another one.
func (c *Controller) upgradeByTLS(bool) (client.Upgrade, error) {
	plan, err := c.askToUpgrade(true)
	if err != nil {
		return plan, err
	}
	u, err := c.askToUpgrade(false)
	if fault := (*client.Fault)(nil); err == nil || errors.As(err, &fault) || c.ctx.Err() != nil {
		return u, err
	}
	c.server.Close()
	for {
		plan.To, err = c.server.SupervisorVersion(c.ctx)
		if err == nil || !errors.Is(err, client.ErrGone) && !isRefused(err) {
			break
		}
		select {
		case <-time.After(upgradeAgain):
		case <-c.ctx.Done():
			return plan, context.Cause(c.ctx)
		}
	}
	if err != nil {
		return plan, err
	}
	if failure := c.upgradeFailure(); failure != "" {
		return plan, &client.Fault{Code: api.Failed, Text: "FAILED: " + failure}
	}
	return plan, nil
}

// upgradeFailure says why the last upgrade failed, by what the main log has, or nothing.
func (c *Controller) upgradeFailure() string {
	const failed = " WARN upgrade failed, "
	data, err := c.server.MainLogEnd(c.ctx, backlogBytes)
	if err != nil {
		return ""
	}
	for _, line := range slices.Backward(strings.Split(string(data), "\n")) {
		switch _, reason, found := strings.Cut(line, failed); {
		case found:
			return "upgrade failed, " + c.visible(reason, false)
		case strings.Contains(line, " INFO supervisord was upgraded from "), strings.Contains(line, " can take over, freezing"):
			return ""
		}
	}
	return ""
}
