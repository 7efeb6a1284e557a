package ctl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// disabling is a run of enable or disable.
type disabling struct {
	*Controller
	disable bool
	now     bool            // stop, or start, too
	before  map[string]bool // whether the processes of active groups were disabled before
	changed bool            // a process was disabled
}

func (c *Controller) enable(args []string) error  { return c.setDisabled("enable", args) }
func (c *Controller) disable(args []string) error { return c.setDisabled("disable", args) }

// setDisabled is enable or disable, with one request for each name.
func (c *Controller) setDisabled(command string, args []string) error {
	names, now := takeFlag(args, "--now")
	if len(names) == 0 {
		return c.usageError(command, command+" requires a process name", exitInvalidArgs)
	}
	all, err := c.server.AllProcessInfo(c.ctx)
	if err != nil {
		return err
	}
	d := &disabling{Controller: c, disable: command == "disable", now: now, before: map[string]bool{}}
	var groups []string
	for _, info := range all {
		groups = append(groups, info.Group+":*")
		d.before[api.Namespec(info.Group, info.Name)] = isDisabled(info)
	}
	if slices.Contains(names, "all") {
		slices.Sort(groups)
		names = slices.Compact(groups)
	}
	for _, name := range names {
		err := d.apply(name)
		if faultCode(err) == api.UnknownMethod {
			c.println("ERROR: the server cannot do this: supervisor." + command + "Process")
			c.status = exitGeneric
			return nil
		}
		if err != nil {
			return err
		}
		c.out.Flush()
	}
	if d.changed {
		c.warnNotKept()
	}
	return nil
}

// apply makes the processes of a name disabled or enabled. A program stands for its processes, if no process has the name.
func (d *disabling) apply(name string) error {
	results, err := d.request(name)
	if faultCode(err) == api.BadName {
		specs, known, err := d.expand(name)
		if err != nil {
			return err
		}
		if !known {
			d.reportNoMatch(name, d.out)
			return nil
		}
		for _, spec := range specs {
			if err := d.apply(spec); err != nil {
				return err
			}
		}
		return nil
	}
	var fault *client.Fault
	if errors.As(err, &fault) && fault.Code == api.Failed {
		d.printFailure(name, fault.Text)
		return nil
	}
	if faultCode(err) == api.NotAllowed {
		d.printFailure(name, notAllowed)
		return nil
	}
	if err != nil {
		return err
	}
	group, process, whole := api.SplitNamespec(name)
	if !whole {
		results = []client.ProcessStatus{{Group: group, Name: process, Status: api.Success}}
	}
	for _, r := range results {
		d.print(r)
	}
	if d.disable || !d.now {
		return nil
	}
	return d.start(name, group, whole)
}

func (d *disabling) request(name string) ([]client.ProcessStatus, error) {
	if d.disable {
		return d.server.DisableProcess(d.ctx, name, d.now)
	}
	return d.server.EnableProcess(d.ctx, name)
}

// print prints the line of a process, and what has failed.
func (d *disabling) print(r client.ProcessStatus) {
	name, text := api.Namespec(r.Group, r.Name), "enabled"
	if d.disable {
		text = "disabled"
	}
	if was, known := d.before[name]; known && was == d.disable {
		text = "already " + text
	} else {
		d.changed = d.disable
	}
	d.println(name + ": " + text)
	if r.Status != api.Success {
		d.printFailure(name, r.Description)
	}
}

// printFailure prints the text of the fault Failed behind a name.
func (c *Controller) printFailure(name, text string) {
	c.println(name + ": ERROR (" + strings.TrimPrefix(text, "FAILED: ") + ")")
	c.status = exitGeneric
}

// start starts what was enabled. A line is printed for what cannot be started.
func (d *disabling) start(name, group string, whole bool) (err error) {
	var results []client.ProcessStatus
	if whole {
		results, err = d.server.StartProcessGroup(d.ctx, group, true)
	} else {
		_, err = d.server.StartProcess(d.ctx, name, true)
		var fault *client.Fault
		if errors.As(err, &fault) {
			_, process, _ := api.SplitNamespec(name)
			results, err = []client.ProcessStatus{{Group: group, Name: process, Status: fault.Code, Description: fault.Text}}, nil
		}
	}
	for _, r := range results {
		if r.Status != api.Success && r.Status != api.AlreadyStarted && err == nil {
			err = d.printResult(d.startOperation(true), api.Namespec(r.Group, r.Name), r.Status, r.Description)
		}
	}
	if faultCode(err) == api.BadName { // a group that is not active
		return nil
	}
	return err
}

func isDisabled(info api.ProcessInfo) bool {
	return info.More != nil && info.More.Disabled != nil && *info.More.Disabled
}

// warnNotKept prints on standard error that the next supervisord will not know what is disabled, if that is so.
func (c *Controller) warnNotKept() {
	sections, err := c.server.Config(c.ctx, "supervisord")
	if err != nil {
		return
	}
	for _, s := range sections {
		_, later, _ := strings.Cut(s.From, ", from the next start: ")
		set := slices.ContainsFunc(s.Keys, func(k api.ConfigKey) bool { return k.Name == "statefile" })
		if !set || slices.Contains(strings.Split(later, ", "), "statefile") {
			c.out.Flush()
			fmt.Fprintln(c.options.Err, "not remembered after a restart: [supervisord] statefile is not set")
		}
	}
}
