package ctl

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/api"
)

// showStatus prints a row for each process that the names match. Source: ctl, "status".
func (c *Controller) showStatus(names []string) error {
	all, err := c.server.AllProcessInfo(c.ctx)
	if err != nil {
		return err
	}
	matching := all
	if len(names) > 0 && !slices.Contains(names, "all") {
		matching = nil
		for _, name := range names {
			found := match(all, splitNamespec(name))
			if len(found) == 0 {
				c.noMatch(name)
			}
			matching = append(matching, found...)
		}
	}
	c.table(matching)
	for _, info := range matching {
		if info.State.IsStopped() {
			c.status = exitStopped
		}
	}
	return nil
}

func match(all []api.ProcessInfo, n namespec) (found []api.ProcessInfo) {
	for _, info := range all {
		if info.Group == n.group && (n.isGroup() || info.Name == n.process) {
			found = append(found, info)
		}
	}
	return found
}

func (c *Controller) noMatch(name string) {
	if n := splitNamespec(name); n.isGroup() {
		c.println(n.group + ": ERROR (no such group)")
	} else {
		c.println(name + ": ERROR (no such process)")
	}
	c.status = exitUnreachable
}

func (c *Controller) table(infos []api.ProcessInfo) {
	width := 30
	for _, info := range infos {
		width = max(width, utf8.RuneCountInString(api.Namespec(info.Group, info.Name)))
	}
	for _, info := range infos {
		fmt.Fprintf(c.out, "%-*s%-10s%s\n", width+3, api.Namespec(info.Group, info.Name), info.StateName, info.Description)
	}
}

// pid prints process ids: of supervisord, of the processes named, or of all. Source: ctl, "pid".
func (c *Controller) pid(names []string) error {
	if len(names) == 0 {
		pid, err := c.server.PID(c.ctx)
		if err == nil {
			c.println(strconv.Itoa(pid))
		}
		return err
	}
	if slices.Contains(names, "all") {
		all, err := c.server.AllProcessInfo(c.ctx)
		for _, info := range all {
			c.println(strconv.Itoa(info.PID))
		}
		return err
	}
	for _, name := range names {
		info, err := c.server.ProcessInfo(c.ctx, name)
		switch {
		case faultCode(err) == api.BadName:
			c.println("No such process " + name)
			c.status = exitGeneric
			continue
		case err != nil:
			return err
		case info.PID == 0:
			c.status = exitNotRunning
		}
		c.println(strconv.Itoa(info.PID))
	}
	return nil
}
