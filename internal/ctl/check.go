package ctl

import (
	"fmt"

	"github.com/gosupervisor/supervisor/internal/api"
)

// check runs the health checks of processes, and prints a line for each.
func (c *Controller) check(names []string) error {
	if len(names) == 0 {
		return c.usageError("check", "check requires a process name", exitInvalidArgs)
	}
	infos, err := c.matching(names, c.out)
	if err != nil {
		return err
	}
	for _, info := range infos {
		if err := c.checkProcess(api.Namespec(info.Group, info.Name)); err != nil {
			return err
		}
		c.out.Flush()
	}
	return nil
}

func (c *Controller) checkProcess(name string) error {
	results, err := c.server.RunChecks(c.ctx, name)
	switch faultCode(err) {
	case api.UnknownMethod:
		c.println("ERROR: the server cannot do this: supervisor.runChecks")
		c.status = exitGeneric
		return nil
	case api.NotRunning:
		c.println(name + ": ERROR (not running)")
		c.status = exitNotRunning
		return nil
	case api.BadName: // it was removed meanwhile
		c.println(name + ": ERROR (no such process)")
		c.status = exitUnreachable
		return nil
	}
	if err != nil {
		return err
	}
	if len(results) == 0 {
		c.println(name + ": ERROR (no checks)")
		c.status = exitGeneric
	}
	for _, r := range results {
		if r.OK {
			c.println(fmt.Sprintf("%s: %s: OK (%d ms)", name, r.Check, r.Milliseconds))
			continue
		}
		c.println(fmt.Sprintf("%s: %s: ERROR (%s)", name, r.Check, r.Text))
		c.status = exitNotRunning
	}
	return nil
}
