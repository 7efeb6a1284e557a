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
	badName  int            // that if there is no such process; 0: exitGeneric
	// the description of a success that is not "OK" is printed in place of done
	described bool
	all       func() ([]client.ProcessStatus, error)
	group     func(name string) ([]client.ProcessStatus, error)
	process   func(name string) ([]client.ProcessStatus, error)
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
	names, rolling, err := c.takeRolling(args)
	if err != nil {
		return c.invalidArg(err.Error())
	}
	names, noWait := takeFlag(names, "--no-wait")
	if rolling != nil && len(names) > 0 {
		return rolling.run(names)
	}
	if len(names) == 0 {
		return c.usageError("restart", "restart requires a process name", exitGeneric)
	}
	stop, start := c.stopOperation(true), c.startOperation(!noWait)
	a := &again{Controller: c, wait: !noWait, stopped: map[string][]client.ProcessStatus{}}
	a.watch(&stop, &start)
	for _, op := range []operation{stop, start} {
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

// again starts disabled processes again that were stopped with others, which a start of several leaves out.
type again struct {
	*Controller
	wait    bool
	stopped map[string][]client.ProcessStatus // by the group that was stopped; empty: all
}

// watch has the operations of a restart of several processes notice what was stopped.
func (a *again) watch(stop, start *operation) {
	stopAll, stopGroup, startAll, startGroup := stop.all, stop.group, start.all, start.group
	stop.all = func() ([]client.ProcessStatus, error) { list, err := stopAll(); return a.note("", list, err) }
	stop.group = func(name string) ([]client.ProcessStatus, error) {
		list, err := stopGroup(name)
		return a.note(name, list, err)
	}
	start.all = func() ([]client.ProcessStatus, error) { list, err := startAll(); return a.complete("", list, err) }
	start.group = func(name string) ([]client.ProcessStatus, error) {
		list, err := startGroup(name)
		return a.complete(name, list, err)
	}
}

func (a *again) note(group string, list []client.ProcessStatus, err error) ([]client.ProcessStatus, error) {
	for _, s := range list {
		if s.Status == api.Success {
			a.stopped[group] = append(a.stopped[group], s)
		}
	}
	return list, err
}

// complete starts the disabled processes that were stopped and are not in the list of those that were started.
func (a *again) complete(group string, list []client.ProcessStatus, err error) ([]client.ProcessStatus, error) {
	if err != nil {
		return list, err
	}
	for _, s := range a.stopped[group] {
		if slices.ContainsFunc(list, func(started client.ProcessStatus) bool { return started.Group == s.Group && started.Name == s.Name }) {
			continue
		}
		name := s.Group + ":" + s.Name
		info, err := a.server.ProcessInfo(a.ctx, name)
		switch {
		case faultCode(err) != 0, err == nil && !isDisabled(info):
			continue
		case err != nil:
			return list, err
		}
		s.Status, s.Description = api.Success, "OK"
		_, err = a.server.StartProcess(a.ctx, name, a.wait)
		var fault *client.Fault
		if errors.As(err, &fault) {
			s.Status, s.Description = fault.Code, fault.Text
		} else if err != nil {
			return list, err
		}
		list = append(list, s)
	}
	return list, nil
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
	results, err := op.process(name)
	var fault *client.Fault
	switch {
	case faultCode(err) == api.UnknownMethod && op.ours:
		return err
	case errors.As(err, &fault):
		return c.printResult(op, shown, fault.Code, fault.Text)
	case err != nil:
		return err
	}
	if op.described && len(results) == 1 {
		return c.printResult(op, shown, results[0].Status, results[0].Description)
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
	case code == api.Success && op.described && description != "" && description != "OK":
		c.println(name + ": " + c.visible(description, false))
	case code == api.Success:
		c.println(name + ": " + op.done)
	case known:
		c.println(name + ": ERROR (" + text + ")")
	case code == api.NotAllowed:
		c.println(name + ": ERROR (" + notAllowed + ")")
	case op.detailed && code == api.Failed:
		c.println(name + ": ERROR (" + strings.TrimPrefix(description, "FAILED: ") + ")")
	case op.verbatim && code == api.Failed:
		c.println(description)
	default:
		return &commandError{"ValueError", fmt.Sprintf("Unknown result code %d for %s", code, name)}
	}
	if code == api.BadName && op.badName != 0 {
		c.status = op.badName
		return nil
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
