package ctl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// operation is what a command does to a process, a group or all processes. A line is printed for each process.
type operation struct {
	done     string         // text for a success, such as "started"
	errors   map[int]string // texts for faults by their code
	verbatim bool           // the text of the fault Failed is printed as it is
	detailed bool           // the text of the fault Failed is printed behind the name
	ours     bool           // not every server can do it
	ignored  int            // code of a fault that does not change the exit status
	badGroup int            // exit status if there is no such group
	all      func() ([]client.ProcessStatus, error)
	group    func(name string) ([]client.ProcessStatus, error)
	process  func(name string) ([]client.ProcessStatus, error)
}

func (c *Controller) start(args []string) error {
	names, noWait := takeFlag(args, "--no-wait")
	names, deps := takeFlag(names, "--deps")
	if len(names) == 0 {
		return c.usageError("start", "start requires a process name", exitInvalidArgs)
	}
	if deps && !slices.Contains(names, "all") { // all are started in order anyway
		return c.startWithDeps(names, !noWait)
	}
	return c.apply(c.startOperation(!noWait), names)
}

func (c *Controller) startOperation(wait bool) operation {
	done := "started"
	if !wait {
		done = "starting"
	}
	return operation{
		done: done,
		errors: map[int]string{
			api.BadName: "no such process", api.NoFile: "no such file", api.NotExecutable: "file is not executable",
			api.AlreadyStarted: "already started", api.SpawnError: "spawn error",
			api.AbnormalTermination: "abnormal termination",
		},
		ignored:  api.AlreadyStarted,
		badGroup: exitInvalidArgs,
		all:      func() ([]client.ProcessStatus, error) { return c.server.StartAllProcesses(c.ctx, wait) },
		group: func(name string) ([]client.ProcessStatus, error) {
			return c.server.StartProcessGroup(c.ctx, name, wait)
		},
		process: func(name string) ([]client.ProcessStatus, error) { return c.server.StartProcess(c.ctx, name, wait) },
	}
}

func (c *Controller) stop(args []string) error {
	names, noWait := takeFlag(args, "--no-wait")
	if len(names) == 0 {
		return c.usageError("stop", "stop requires a process name", exitGeneric)
	}
	return c.apply(c.stopOperation(!noWait), names)
}

func (c *Controller) stopOperation(wait bool) operation {
	done := "stopped"
	if !wait {
		done = "stopping"
	}
	return operation{
		done:     done,
		errors:   signalErrors,
		verbatim: true,
		ignored:  api.NotRunning,
		badGroup: exitGeneric,
		all:      func() ([]client.ProcessStatus, error) { return c.server.StopAllProcesses(c.ctx, wait) },
		group: func(name string) ([]client.ProcessStatus, error) {
			return c.server.StopProcessGroup(c.ctx, name, wait)
		},
		process: func(name string) ([]client.ProcessStatus, error) { return c.server.StopProcess(c.ctx, name, wait) },
	}
}

// restart stops all names and then starts them. Even with --no-wait it waits until they have stopped, because a process
// that is stopping cannot be started.
func (c *Controller) restart(args []string) error {
	names, noWait := takeFlag(args, "--no-wait")
	if len(names) == 0 {
		return c.usageError("restart", "restart requires a process name", exitGeneric)
	}
	for _, op := range []operation{c.stopOperation(true), c.startOperation(!noWait)} {
		up, err := c.upcheck() // as for two commands
		if !up || err != nil {
			return err
		}
		if err := c.apply(op, names); err != nil {
			return err
		}
	}
	return nil
}

var signalErrors = map[int]string{
	api.BadName: "no such process", api.BadSignal: "bad signal name", api.NotRunning: "not running",
}

func (c *Controller) signal(args []string) error {
	if len(args) < 2 {
		return c.usageError("signal", "signal requires a signal name and a process name", exitGeneric)
	}
	signal, names := args[0], args[1:]
	return c.apply(operation{
		done:     "signalled",
		errors:   signalErrors,
		verbatim: true,
		badGroup: exitGeneric,
		all:      func() ([]client.ProcessStatus, error) { return c.server.SignalAllProcesses(c.ctx, signal) },
		group: func(name string) ([]client.ProcessStatus, error) {
			return c.server.SignalProcessGroup(c.ctx, name, signal)
		},
		process: func(name string) ([]client.ProcessStatus, error) {
			return c.server.SignalProcess(c.ctx, name, signal)
		},
	}, names)
}

func (c *Controller) clear(names []string) error {
	if len(names) == 0 {
		return c.usageError("clear", "clear requires a process name", exitGeneric)
	}
	return c.apply(operation{
		done:   "cleared",
		errors: map[int]string{api.BadName: "no such process", api.Failed: "failed"},
		all:    func() ([]client.ProcessStatus, error) { return c.server.ClearAllProcessLogs(c.ctx) },
		process: func(name string) ([]client.ProcessStatus, error) {
			return nil, c.server.ClearProcessLogs(c.ctx, name)
		},
	}, names)
}

// apply carries out an operation, with one request for each name, or one for all processes.
func (c *Controller) apply(op operation, names []string) error {
	if slices.Contains(names, "all") {
		results, err := op.all()
		if err != nil {
			return err
		}
		return c.printResults(op, results)
	}
	for _, name := range names {
		if err := c.applyTo(op, name); err != nil {
			return err
		}
	}
	return nil
}

func (c *Controller) applyTo(op operation, name string) error {
	group, process, whole := api.SplitNamespec(name)
	if whole && op.group != nil {
		results, err := op.group(group)
		switch {
		case faultCode(err) == api.BadName:
			c.println(group + ": ERROR (no such group)")
			c.status = op.badGroup
			return nil
		case err != nil:
			return err
		}
		return c.printResults(op, results)
	}
	shown := api.Namespec(group, process)
	if whole { // of clear, which has no groups: the name as it was typed
		shown = name
	}
	_, err := op.process(name)
	var fault *client.Fault
	switch {
	case faultCode(err) == api.UnknownMethod && op.ours:
		return err
	case errors.As(err, &fault):
		return c.printResult(op, shown, fault.Code, fault.Text)
	case err != nil:
		return err
	}
	return c.printResult(op, shown, api.Success, "")
}

func (c *Controller) printResults(op operation, results []client.ProcessStatus) error {
	for _, r := range results {
		if err := c.printResult(op, api.Namespec(r.Group, r.Name), r.Status, r.Description); err != nil {
			return err
		}
	}
	return nil
}

// printResult prints the line for one process and sets the exit status.
func (c *Controller) printResult(op operation, name string, code int, description string) error {
	text, known := op.errors[code]
	if code == api.BadName {
		c.unknown = append(c.unknown, name)
	}
	switch {
	case code == api.Success:
		c.println(name + ": " + op.done)
	case known:
		c.println(name + ": ERROR (" + text + ")")
	case op.detailed && code == api.Failed:
		c.println(name + ": ERROR (" + strings.TrimPrefix(description, "FAILED: ") + ")")
	case op.verbatim && code == api.Failed:
		c.println(description)
	default:
		return &commandError{"ValueError", fmt.Sprintf("Unknown result code %d for %s", code, name)}
	}
	switch code {
	case api.Success, op.ignored:
	case api.SpawnError, api.AbnormalTermination, api.NotRunning:
		c.status = exitNotRunning
	default:
		c.status = exitGeneric
	}
	return nil
}
