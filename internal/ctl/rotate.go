package ctl

import (
	"errors"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// mainLogArg is the name of the main log among the arguments of rotate and reopen. A process of that name is main:main.
const mainLogArg = "main"

// logOperation is an operation on the logs of processes, and on the main log.
type logOperation struct {
	operation
	main func() (changed bool, err error)
}

func (c *Controller) rotate(args []string) error {
	names, wait := takeFlag(args, "--wait")
	if len(names) == 0 {
		return c.usageError("rotate", "rotate requires a process name", exitInvalidArgs)
	}
	err := c.applyToLogs("supervisor.rotateProcessLogs", logOperation{
		operation: operation{
			done: "rotated",
			all:  func() ([]client.ProcessStatus, error) { return c.server.RotateAllProcessLogs(c.ctx) },
			process: func(name string) ([]client.ProcessStatus, error) {
				return c.server.RotateProcessLogs(c.ctx, name)
			},
		},
		main: func() (bool, error) { return c.server.RotateLog(c.ctx) },
	}, names)
	if err == nil && wait {
		if err = c.server.WaitForRotatedLogs(c.ctx); faultCode(err) == api.UnknownMethod { // which has been printed
			err = nil
		}
	}
	return err
}

func (c *Controller) reopen(names []string) error {
	if len(names) == 0 {
		return c.usageError("reopen", "reopen requires a process name", exitInvalidArgs)
	}
	return c.applyToLogs("supervisor.reopenProcessLogs", logOperation{
		operation: operation{
			done: "reopened",
			all:  func() ([]client.ProcessStatus, error) { return c.server.ReopenAllProcessLogs(c.ctx) },
			process: func(name string) ([]client.ProcessStatus, error) {
				return c.server.ReopenProcessLogs(c.ctx, name)
			},
		},
		main: func() (bool, error) { return true, c.server.ReopenLog(c.ctx) },
	}, names)
}

// applyToLogs carries out an operation on logs. Method is one that it needs.
func (c *Controller) applyToLogs(method string, op logOperation, names []string) error {
	op.errors = map[int]string{api.BadName: "no such process", api.NoFile: "no log file"}
	op.detailed, op.described, op.badGroup, op.badName = true, true, exitUnreachable, exitUnreachable
	op.group = func(name string) ([]client.ProcessStatus, error) { return op.process(name + ":*") }
	if slices.Contains(names, "all") {
		names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name != "all" && name != mainLogArg })
	}
	for _, name := range names {
		var err error
		if name == mainLogArg {
			err = c.applyToMainLog(method, op)
		} else {
			err = c.applyOurs(method, op.operation, []string{name})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Controller) applyToMainLog(method string, op logOperation) error {
	changed, err := op.main()
	text := op.done
	var fault *client.Fault
	switch {
	case faultCode(err) == api.UnknownMethod:
		return c.applyOurs(method, operation{all: func() ([]client.ProcessStatus, error) { return nil, err }}, []string{"all"})
	case errors.As(err, &fault) && (fault.Code == api.NoFile || fault.Code == api.Failed):
		text = "ERROR (" + strings.TrimPrefix(fault.Text, "FAILED: ") + ")"
		if fault.Code == api.NoFile {
			text = "ERROR (no log file)"
		}
		c.status = exitGeneric
	case err != nil:
		return err
	case !changed:
		text = "nothing to rotate"
	}
	c.println("main log: " + text)
	return nil
}
