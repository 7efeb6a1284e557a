package ctl

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// avail lists the processes of the configuration, active or not. Source: supervisor.supervisorctl.do_avail.
func (c *Controller) avail([]string) error {
	infos, err := c.server.AllConfigInfo(c.ctx)
	if err != nil {
		return c.printFault(err, map[int]string{api.ShutdownState: "supervisor shutting down"})
	}
	for _, info := range infos {
		use, start := "avail", "manual"
		if info.InUse {
			use = "in use"
		}
		if info.AutoStart {
			start = "auto"
		}
		if info.Keys["disabled"] != "" {
			start = "disabled"
		}
		fmt.Fprintf(c.out, "%-32s %-9s %-9s %d:%d\n", api.Namespec(info.Group, info.Name), use, start,
			info.GroupPriority, info.ProcessPriority)
	}
	return nil
}

// printFault prints the text for a fault and sets the exit status. It returns an error that has no text.
func (c *Controller) printFault(err error, texts map[int]string) error {
	text, ok := texts[faultCode(err)]
	if !ok {
		return err
	}
	c.println("ERROR: " + text)
	c.status = exitGeneric
	return nil
}

// reloadConfig has the server read its configuration. If it could not, ok is false, and err is nil if that was printed.
func (c *Controller) reloadConfig(shuttingDown string) (changes client.Changes, ok bool, err error) {
	changes, err = c.server.ReloadConfig(c.ctx)
	if err == nil {
		return changes, true, nil
	}
	return changes, false, c.printConfigFault(err, shuttingDown)
}

// printConfigFault is printFault for a call that reads the configuration, whose errors have several lines.
func (c *Controller) printConfigFault(err error, shuttingDown string) error {
	texts := map[int]string{api.ShutdownState: shuttingDown}
	var fault *client.Fault
	if errors.As(err, &fault) {
		texts[api.CantReread] = fault.Text
	}
	return c.printFault(err, texts)
}

// reread prints what update would do. Source: reread.
func (c *Controller) reread([]string) error {
	changes, ok, err := c.reloadConfig("supervisor shutting down")
	if !ok {
		return err
	}
	texts := map[string]string{}
	for _, name := range changes.Added {
		texts[name] = "available"
	}
	for _, name := range changes.Changed {
		texts[name] = "changed"
	}
	for _, name := range changes.Removed {
		texts[name] = "disappeared"
	}
	names := slices.Concat(changes.Added, changes.Changed, changes.Removed)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		c.println(name + ": " + texts[name])
	}
	if len(names) == 0 {
		c.println("No config updates to processes")
	}
	return nil
}

// update applies changes of the configuration, for some groups or all.
func (c *Controller) update(args []string) error {
	var o client.UpdateOptions
	dryRun := false
	names := args
	for flag, set := range map[string]*bool{"--minimal": &o.Minimal, "--no-start": &o.NoStart, "--no-restart": &o.NoRestart, "--dry-run": &dryRun} {
		var found bool
		names, found = takeFlag(names, flag)
		*set = found
	}
	if slices.Contains(names, "all") {
		names = nil
	}
	switch {
	case dryRun:
		return c.planUpdate(names, o)
	case o != client.UpdateOptions{}:
		return c.updateBy(names, o)
	}
	return c.updateAll(names)
}

// updateAll has the server read its configuration and replaces the groups that have changed. Source: update.
func (c *Controller) updateAll(names []string) error {
	changes, ok, err := c.reloadConfig("already shutting down")
	if !ok {
		return err
	}
	if err := c.checkGroups(names, changes.Added); err != nil {
		return err
	}
	wanted := func(group string) bool { return len(names) == 0 || slices.Contains(names, group) }
	steps := []struct {
		groups []string
		do     func(group string) error
	}{{changes.Removed, c.removeGroup}, {changes.Changed, c.replaceGroup}, {changes.Added, c.addGroup}}
	for _, step := range steps {
		for _, group := range step.groups {
			if !wanted(group) {
				continue
			}
			if err := c.groupFault(group, step.do(group)); err != nil {
				return err
			}
		}
	}
	return nil
}

// groupFault prints a fault that concerns one group, and sets the exit status, so that the next group can follow. Any other error
// is returned.
func (c *Controller) groupFault(group string, err error) error {
	var fault *client.Fault
	if !errors.As(err, &fault) || fault.Code == api.ShutdownState {
		return err
	}
	text := fault.Text
	if fault.Code == api.NotAllowed {
		text = notAllowed
	}
	c.println(group + ": ERROR (" + text + ")")
	c.status = exitGeneric
	return nil
}

// checkGroups reports names of groups that are neither active nor added by the new configuration.
func (c *Controller) checkGroups(names, added []string) error {
	if len(names) == 0 {
		return nil
	}
	all, err := c.server.AllProcessInfo(c.ctx)
	if err != nil {
		return err
	}
	for i, name := range names {
		active := slices.ContainsFunc(all, func(info api.ProcessInfo) bool { return info.Group == name })
		if !active && !slices.Contains(added, name) && !slices.Contains(names[:i], name) {
			c.println("ERROR: no such group: " + name)
			c.status = exitGeneric
		}
	}
	return nil
}

func (c *Controller) removeGroup(group string) error {
	results, err := c.server.StopProcessGroup(c.ctx, group, true)
	if err != nil {
		return err
	}
	c.println(group + ": stopped")
	for _, r := range results {
		if r.Status == api.Failed {
			c.println(group + ": has problems; not removing")
			c.status = exitGeneric
			return nil
		}
	}
	if err := c.server.RemoveProcessGroup(c.ctx, group); err != nil {
		return err
	}
	c.println(group + ": removed process group")
	return nil
}

func (c *Controller) replaceGroup(group string) error {
	if _, err := c.server.StopProcessGroup(c.ctx, group, true); err != nil {
		return err
	}
	c.println(group + ": stopped")
	if err := c.server.RemoveProcessGroup(c.ctx, group); err != nil {
		return err
	}
	if err := c.server.AddProcessGroup(c.ctx, group); err != nil {
		return err
	}
	c.println(group + ": updated process group")
	return nil
}

func (c *Controller) addGroup(group string) error {
	if err := c.server.AddProcessGroup(c.ctx, group); err != nil {
		return err
	}
	c.println(group + ": added process group")
	return nil
}

// add activates groups. Source: supervisor.supervisorctl.do_add.
func (c *Controller) add(names []string) error {
	for _, name := range names {
		err := c.server.AddProcessGroup(c.ctx, name)
		switch {
		case err == nil:
			c.println(name + ": added process group")
			continue
		case faultCode(err) == api.AlreadyAdded: // no failure: the status stays 0
			c.println("ERROR: process group already active")
			continue
		}
		if err := c.groupFault(name, c.printFault(err, map[int]string{
			api.ShutdownState: "shutting down",
			api.BadName:       "no such process/group: " + name,
		})); err != nil {
			return err
		}
	}
	return nil
}

// remove deactivates groups. Source: remove.
func (c *Controller) remove(names []string) error {
	for _, name := range names {
		err := c.server.RemoveProcessGroup(c.ctx, name)
		if err == nil {
			c.println(name + ": removed process group")
			continue
		}
		err = c.printFault(err, map[int]string{
			api.StillRunning: "process/group still running: " + name,
			api.BadName:      "no such process/group: " + name,
		})
		if faultCode(err) == api.NotAllowed {
			err = c.groupFault(name, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
