package ctl

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/api"
)

// showStatus prints a row for each process that the names match, with --verbose further lines, or with --json an array. Source:
// status.
func (c *Controller) showStatus(args []string) error {
	names, asJSON := takeFlag(args, "--json")
	names, verbose := takeFlag(names, "--verbose")
	names, v := takeFlag(names, "-v")
	printList, stderr := c.printTable, io.Writer(c.out)
	if verbose || v {
		printList = func(infos []api.ProcessInfo) { c.explainWaits(infos); c.printVerbose(infos) }
	}
	if asJSON {
		printList, stderr = c.printJSON, c.options.Err
	}
	matching, err := c.matching(names, stderr)
	if err != nil {
		return err
	}
	printList(matching)
	for _, info := range matching {
		if info.State.IsStopped() {
			c.status = exitStopped
		}
	}
	return nil
}

// matching returns the processes that the names match, or all if there are no names. It reports names that match none to
// stderr.
func (c *Controller) matching(names []string, stderr io.Writer) ([]api.ProcessInfo, error) {
	all, err := c.server.AllProcessInfo(c.ctx)
	if err != nil || len(names) == 0 || slices.Contains(names, "all") {
		return all, err
	}
	var matching []api.ProcessInfo
	for _, name := range names {
		found, err := c.named(all, name)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			c.reportNoMatch(name, stderr)
		}
		matching = append(matching, found...)
	}
	return matching, nil
}

// named returns the processes that a name matches. Only the server knows for which other groups a group stands.
func (c *Controller) named(all []api.ProcessInfo, name string) (found []api.ProcessInfo, err error) {
	group, _, whole := api.SplitNamespec(name)
	if !whole {
		return match(all, name), nil
	}
	specs, known, err := c.expand(group + ":*")
	if err != nil || !known {
		return match(all, name), err
	}
	wanted := map[string]bool{}
	for _, spec := range specs {
		wanted[spec] = true
	}
	for _, info := range all {
		if wanted[info.Group+":"+info.Name] {
			found = append(found, info)
		}
	}
	return found, nil
}

// expand returns the processes that a name means: that of a group, group:process, group:*, or a program. Known is false if there is
// nothing of that name, or the server cannot expand names.
func (c *Controller) expand(name string) (specs []string, known bool, err error) {
	specs, err = c.server.ExpandName(c.ctx, name)
	switch faultCode(err) {
	case api.UnknownMethod, api.BadName:
		return nil, false, nil
	}
	return specs, err == nil, err
}

func match(all []api.ProcessInfo, name string) (found []api.ProcessInfo) {
	group, process, whole := api.SplitNamespec(name)
	for _, info := range all {
		if info.Group == group && (whole || info.Name == process) {
			found = append(found, info)
		}
	}
	return found
}

func (c *Controller) reportNoMatch(name string, stderr io.Writer) {
	if group, _, whole := api.SplitNamespec(name); whole {
		fmt.Fprintln(stderr, group+": ERROR (no such group)")
	} else {
		fmt.Fprintln(stderr, name+": ERROR (no such process)")
		if stderr == io.Writer(c.out) { // no lines among JSON
			c.unknown = append(c.unknown, name)
		}
	}
	c.status = exitUnreachable
}

func (c *Controller) printTable(infos []api.ProcessInfo) {
	width := tableWidth(infos)
	for _, info := range infos {
		c.printRow(info, width)
	}
}

// tableWidth is the width of the column of names.
func tableWidth(infos []api.ProcessInfo) int {
	width := 30
	for _, info := range infos {
		width = max(width, utf8.RuneCountInString(api.Namespec(info.Group, info.Name)))
	}
	return width + 3
}

func (c *Controller) printRow(info api.ProcessInfo, width int) {
	fmt.Fprintf(c.out, "%-*s%-10s%s\n", width, api.Namespec(info.Group, info.Name), info.StateName, info.Description)
}

// pid prints the process ids of supervisord, of some processes, or of all. Source: pid.
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
			c.unknown = append(c.unknown, name)
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
