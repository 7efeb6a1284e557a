package ctl

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// maxProcesses is the number of processes that a program can be scaled to.
const maxProcesses = 10000

// scale changes the number of processes of a program, and prints a line for each that was added or removed.
func (c *Controller) scale(args []string) error {
	names, noWait := takeFlag(args, "--no-wait")
	names, noStart := takeFlag(names, "--no-start")
	if len(names) != 2 {
		return c.usageError("scale", "scale requires a program name and a number of processes", exitInvalidArgs)
	}
	name := names[0]
	n, err := strconv.ParseUint(names[1], 10, 32)
	if err != nil || n > maxProcesses {
		return c.invalidArg("bad number " + names[1])
	}
	results, err := c.server.ScaleProgram(c.ctx, name, int(n), !noWait, !noStart)
	var fault *client.Fault
	switch {
	case faultCode(err) == api.UnknownMethod:
		c.println("ERROR: the server cannot do this: supervisor.scaleProgram")
		c.status = exitGeneric
		return nil
	case faultCode(err) == api.BadName:
		c.println(name + ": ERROR (no such program)")
		c.status = exitUnreachable
		return nil
	case faultCode(err) == api.NotAllowed:
		c.printFailure(name, notAllowed)
		return nil
	case errors.As(err, &fault) && fault.Code == api.Failed:
		c.printFailure(name, fault.Text)
		return nil
	case err != nil:
		return c.printConfigFault(err, "supervisor shutting down")
	case len(results) == 0:
		c.println(fmt.Sprintf("%s: already scaled to %d", name, n))
		return nil
	}
	return c.printScaled(name, int(n), results, !noWait)
}

// printScaled prints the result of scale.
func (c *Controller) printScaled(name string, to int, results []client.ProcessStatus, waited bool) error {
	changed, fewer := 0, false // in the first group: it is the same in all
	for _, r := range results {
		if r.Group == results[0].Group {
			changed++
		}
		fewer = fewer || r.Description == "stopped" || r.Description == "removed"
	}
	from := to - changed
	if fewer {
		from = to + changed
	}
	c.println(fmt.Sprintf("%s: scaled from %d to %d", name, from, to))
	for _, r := range results {
		op := c.startOperation(waited)
		if r.Status == api.Success {
			op.done = r.Description
		}
		if !waited && (r.Description == "started" || r.Description == "stopped") {
			op.done = map[string]string{"started": "starting", "stopped": "stopping"}[r.Description]
		}
		op.verbatim = true
		if err := c.printResult(op, api.Namespec(r.Group, r.Name), r.Status, r.Description); err != nil {
			return err
		}
	}
	return nil
}
