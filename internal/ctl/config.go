package ctl

import (
	"slices"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/inifile"
)

// config prints the configuration that counts in the running daemon as a file, of the names or all. Secrets are hidden.
func (c *Controller) config(names []string) error {
	if len(names) == 0 || slices.Contains(names, "all") {
		names = []string{""}
	}
	var sections []api.ConfigSection
	for _, name := range names {
		found, err := c.server.Config(c.ctx, name)
		switch {
		case faultCode(err) == api.UnknownMethod:
			c.println("ERROR: the server cannot do this: supervisor.getConfig")
			c.status = exitGeneric
			return nil
		case faultCode(err) == api.BadName:
			c.reportNoMatch(name, c.options.Err)
			continue
		case err != nil:
			return c.printConfigFault(err, "supervisor shutting down")
		}
		for _, s := range found {
			if !slices.ContainsFunc(sections, func(known api.ConfigSection) bool { return known.Name == s.Name }) {
				sections = append(sections, s)
			}
		}
	}
	if len(sections) == 0 {
		return nil
	}
	text, err := inifile.Write(sections)
	if err == nil {
		c.out.WriteString(text)
	}
	return err
}
