package ctl

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// verb is one of the commands that act on processes, groups or all, and print a line for each process.
type verb struct {
	done     string         // "started"
	errors   map[int]string // fault code to the words in the parentheses
	verbatim bool           // a FAILED prints the fault's own text
	ignored  int            // a fault code that is no reason for an exit status
	badGroup int            // the status when there is no such group
	all      func() ([]client.ProcessStatus, error)
	group    func(name string) ([]client.ProcessStatus, error)
	process  func(name string) ([]client.ProcessStatus, error)
}

func (c *Controller) start(args []string) error {
	names, w, err := waitFlags(args)
	switch {
	case err != nil:
		return c.refuse(err.Error())
	case len(names) == 0:
		return c.misused("start", "start requires a process name", exitInvalidArgs)
	}
	return c.within(w.timeout, func() error { return c.each(names, c.startVerb(!w.no)) })
}

func (c *Controller) startVerb(wait bool) verb {
	done := "started"
	if !wait {
		done = "starting"
	}
	return verb{
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
	names, w, err := waitFlags(args)
	switch {
	case err != nil:
		return c.refuse(err.Error())
	case len(names) == 0:
		return c.misused("stop", "stop requires a process name", exitGeneric)
	}
	return c.within(w.timeout, func() error { return c.each(names, c.stopVerb(!w.no)) })
}

func (c *Controller) stopVerb(wait bool) verb {
	done := "stopped"
	if !wait {
		done = "stopping"
	}
	return verb{
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

// restart stops and then starts. All names are stopped before the first is started. Whoever does not want to wait
// still does so for the end: a process that is being stopped cannot be started.
func (c *Controller) restart(args []string) error {
	names, w, err := waitFlags(args)
	switch {
	case err != nil:
		return c.refuse(err.Error())
	case len(names) == 0:
		return c.misused("restart", "restart requires a process name", exitGeneric)
	}
	return c.within(w.timeout, func() error {
		for _, v := range []verb{c.stopVerb(true), c.startVerb(!w.no)} {
			up, err := c.upcheck() // as if typed one after the other: the server may have gone meanwhile
			if !up || err != nil {
				return err
			}
			if err := c.each(names, v); err != nil {
				return err
			}
		}
		return nil
	})
}

var signalErrors = map[int]string{
	api.BadName: "no such process", api.BadSignal: "bad signal name", api.NotRunning: "not running",
}

func (c *Controller) signal(args []string) error {
	if len(args) < 2 {
		return c.misused("signal", "signal requires a signal name and a process name", exitGeneric)
	}
	signal, names := args[0], args[1:]
	return c.each(names, verb{
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
	})
}

func (c *Controller) clear(names []string) error {
	if len(names) == 0 {
		return c.misused("clear", "clear requires a process name", exitGeneric)
	}
	return c.each(names, verb{
		done:   "cleared",
		errors: map[int]string{api.BadName: "no such process", api.Failed: "failed"},
		all:    func() ([]client.ProcessStatus, error) { return c.server.ClearAllProcessLogs(c.ctx) },
		process: func(name string) ([]client.ProcessStatus, error) {
			return nil, c.server.ClearProcessLogs(c.ctx, name)
		},
	})
}

// each applies the verb to what the names say, one request for each, or one for all.
func (c *Controller) each(names []string, v verb) error {
	if slices.Contains(names, "all") {
		results, err := v.all()
		if err != nil {
			return err
		}
		return c.outcomes(v, results)
	}
	for _, name := range names {
		if err := c.one(name, v); err != nil {
			return err
		}
	}
	return nil
}

func (c *Controller) one(name string, v verb) error {
	group, process, whole := api.SplitNamespec(name)
	if whole && v.group != nil {
		results, err := v.group(group)
		switch {
		case faultCode(err) == api.BadName:
			c.println(group + ": ERROR (no such group)")
			c.status = v.badGroup
			return nil
		case err != nil:
			return err
		}
		return c.outcomes(v, results)
	}
	shown := api.Namespec(group, process)
	if whole { // clear knows no groups: the name as typed
		shown = name
	}
	_, err := v.process(name)
	var fault *client.Fault
	switch {
	case errors.As(err, &fault):
		return c.outcome(v, shown, fault.Code, fault.Text)
	case err != nil:
		return err
	}
	return c.outcome(v, shown, api.Success, "")
}

func (c *Controller) outcomes(v verb, results []client.ProcessStatus) error {
	for _, r := range results {
		if err := c.outcome(v, api.Namespec(r.Group, r.Name), r.Status, r.Description); err != nil {
			return err
		}
	}
	return nil
}

// outcome prints what became of one process and sets the exit status.
func (c *Controller) outcome(v verb, name string, code int, description string) error {
	words, known := v.errors[code]
	switch {
	case code == api.Success:
		c.println(name + ": " + v.done)
	case known:
		c.println(name + ": ERROR (" + words + ")")
	case v.verbatim && code == api.Failed:
		c.println(description)
	default:
		return &failure{"ValueError", fmt.Sprintf("Unknown result code %d for %s", code, name)}
	}
	switch code {
	case api.Success, v.ignored:
	case api.SpawnError, api.AbnormalTermination, api.NotRunning:
		c.status = exitNotRunning
	default:
		c.status = exitGeneric
	}
	return nil
}
