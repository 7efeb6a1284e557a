package ctl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// updateBy has the server do an update with options, for some groups or all.
func (c *Controller) updateBy(names []string, o client.UpdateOptions) error {
	actions, err := c.server.UpdateConfig(c.ctx, names, o)
	if err != nil {
		return c.updateFault(err, "supervisor.updateConfig")
	}
	for _, a := range actions {
		c.printAction(a)
	}
	return nil
}

// planUpdate prints what an update would do.
func (c *Controller) planUpdate(names []string, o client.UpdateOptions) error {
	actions, err := c.server.PlanConfig(c.ctx, o)
	if err != nil {
		return c.updateFault(err, "supervisor.planConfig")
	}
	var added []string
	for _, a := range actions {
		if a.Action == api.UpdateAdd {
			added = append(added, a.Group)
		}
	}
	if err := c.checkGroups(names, added); err != nil {
		return err
	}
	for _, a := range actions {
		if len(names) == 0 || slices.Contains(names, a.Group) {
			c.println(actionName(a) + ": " + plannedText(a))
		}
	}
	return nil
}

func (c *Controller) updateFault(err error, method string) error {
	if faultCode(err) == api.UnknownMethod {
		return c.printFault(err, map[int]string{api.UnknownMethod: "the server cannot do this: " + method})
	}
	return c.printConfigFault(err, "already shutting down")
}

// actionName is the name of the process or the group that an action is about.
func actionName(a api.UpdateAction) string {
	if a.Process == "" {
		return a.Group
	}
	return api.Namespec(a.Group, a.Process)
}

// withKeys adds the keys that have changed to a text.
func withKeys(text string, a api.UpdateAction) string {
	if a.Keys == "" {
		return text
	}
	return text + " (" + a.Keys + ")"
}

// plannedText is what would be done.
func plannedText(a api.UpdateAction) string {
	switch a.Action {
	case api.UpdateRemove:
		return "would be removed"
	case api.UpdateReplace:
		text := "would be updated"
		if a.Running == 1 {
			text += ", restarting 1 process"
		} else if a.Running > 1 {
			text += fmt.Sprintf(", restarting %d processes", a.Running)
		}
		return withKeys(text, a)
	case api.UpdateChange:
		return withKeys("would change in place", a)
	case api.UpdateRestart:
		return withKeys("would restart", a)
	case api.UpdateStart:
		return "would start"
	case api.UpdateLater:
		return withKeys("would change "+later(a), a)
	}
	return "would be added"
}

// later is when values count that need a restart.
func later(a api.UpdateAction) string {
	if a.Process == "" {
		return "with its next update that may restart it"
	}
	return "at its next start"
}

// doneTexts are the lines about what has been done.
func doneTexts(a api.UpdateAction) []string {
	switch {
	case a.Action == api.UpdateRemove && a.Process == "":
		return []string{"stopped", "removed process group"}
	case a.Action == api.UpdateRemove:
		return []string{"stopped", "removed"}
	case a.Action == api.UpdateReplace:
		return []string{"stopped", "updated process group"}
	case a.Action == api.UpdateChange:
		return []string{withKeys("changed in place", a)}
	case a.Action == api.UpdateRestart:
		return []string{"stopped", "started"}
	case a.Action == api.UpdateStart:
		return []string{"started"}
	case a.Action == api.UpdateLater:
		return []string{withKeys("changes "+later(a), a)}
	case a.Process == "":
		return []string{"added process group"}
	}
	return []string{"added"}
}

// printAction prints the lines about an action and sets the exit status.
func (c *Controller) printAction(a api.UpdateAction) {
	name := actionName(a)
	switch {
	case a.Status == api.Success:
		for _, text := range doneTexts(a) {
			c.println(name + ": " + text)
		}
		return
	case a.Action == api.UpdateNone:
		c.println("ERROR: no such group: " + name)
		c.status = exitGeneric
		return
	}
	text, known := c.startOperation(true).errors[a.Status]
	if !known {
		text = strings.TrimPrefix(a.Text, "FAILED: ")
	}
	c.println(name + ": ERROR (" + text + ")")
	c.status = exitGeneric
	if a.Action == api.UpdateRestart || a.Action == api.UpdateStart {
		c.status = exitNotRunning
	}
}
