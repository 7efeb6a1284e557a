package ctl

import (
	"slices"

	"github.com/gosupervisor/supervisor/internal/api"
)

// explainUnknown prints, on a terminal, which names there are in place of those that no process has: that of a program with
// several processes, or of a process without its group. Scripts do not get these lines.
func (c *Controller) explainUnknown() {
	if len(c.unknown) == 0 || !c.options.OutTerminal {
		return
	}
	infos, err := c.server.AllProcessInfo(c.ctx)
	if err != nil {
		return
	}
	slices.Sort(c.unknown)
	for _, name := range slices.Compact(c.unknown) {
		for _, info := range infos {
			if info.Group == name {
				c.println(name + " is a group: " + name + ":* names its processes")
				break
			}
			if info.Name == name {
				c.println(name + " is in a group: " + api.Namespec(info.Group, info.Name) + " is its name")
			}
		}
	}
}
