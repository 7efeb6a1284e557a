package ctl

import (
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// kill kills processes.
func (c *Controller) kill(args []string) error {
	names, noWait := takeFlag(args, "--no-wait")
	if len(names) == 0 {
		return c.usageError("kill", "kill requires a process name", exitInvalidArgs)
	}
	return c.applyOurs("supervisor.killProcess", operation{
		done:     "killed",
		errors:   signalErrors,
		verbatim: true,
		ignored:  api.NotRunning,
		badGroup: exitGeneric,
		all:      func() ([]client.ProcessStatus, error) { return c.server.KillAllProcesses(c.ctx, !noWait) },
		group: func(name string) ([]client.ProcessStatus, error) {
			return c.server.KillProcess(c.ctx, name+":*", !noWait)
		},
		process: func(name string) ([]client.ProcessStatus, error) { return c.server.KillProcess(c.ctx, name, !noWait) },
	}, names)
}

// hup has processes read their configuration again.
func (c *Controller) hup(args []string) error {
	names, noWait := takeFlag(args, "--no-wait")
	if len(names) == 0 {
		return c.usageError("hup", "hup requires a process name", exitInvalidArgs)
	}
	done := "reloaded"
	if noWait {
		done = "reloading"
	}
	return c.applyOurs("supervisor.reloadProcess", operation{
		done:     done,
		errors:   signalErrors,
		detailed: true,
		badGroup: exitGeneric,
		all:      func() ([]client.ProcessStatus, error) { return c.server.ReloadAllProcesses(c.ctx, !noWait) },
		group: func(name string) ([]client.ProcessStatus, error) {
			return c.server.ReloadProcess(c.ctx, name+":*", !noWait)
		},
		process: func(name string) ([]client.ProcessStatus, error) { return c.server.ReloadProcess(c.ctx, name, !noWait) },
	}, names)
}

// applyOurs is apply for an operation that not every server has. Method is one that it needs.
func (c *Controller) applyOurs(method string, op operation, names []string) error {
	op.ours = true
	err := c.apply(op, names)
	if faultCode(err) == api.UnknownMethod {
		c.println("ERROR: the server cannot do this: " + method)
		c.status = exitGeneric
		return nil
	}
	return err
}
