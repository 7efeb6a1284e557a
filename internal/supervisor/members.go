package supervisor

import (
	"slices"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
)

// AddProcesses makes processes members of an active group; what starts by itself starts soon. None of them has the name
// of a member. They are processes of ordinary programs, also in a group of listeners or a plug-in.
func (l *Loop) AddProcesses(g *Group, added []*config.Process) {
	var processes []*process.Process
	for _, c := range added {
		processes = append(processes, l.newProcess(c, g.Config, process.Role{}))
	}
	g.edit(func(members []*config.Process) []*config.Process { return append(members, added...) })
	g.Processes = append(slices.Clone(g.Processes), processes...)
	g.Processes = processOrder.Sort(g.Processes)
	l.startSoon(processes)
	l.layoutChanged()
}

// RemoveProcess takes a stopped process out of its group.
func (l *Loop) RemoveProcess(g *Group, p *process.Process) {
	g.edit(func(members []*config.Process) []*config.Process {
		return slices.DeleteFunc(members, func(c *config.Process) bool { return c == p.Configured() })
	})
	without := func(x *process.Process) bool { return x == p }
	g.Processes = slices.DeleteFunc(slices.Clone(g.Processes), without)
	l.pending = slices.DeleteFunc(l.pending, without)
	l.timers.Remove(p)
	if l.depends != nil {
		l.depends.forget([]*process.Process{p})
	}
	l.layoutChanged()
}

// edit changes which processes the group is configured to have. The configuration that was read stays as it is.
func (g *Group) edit(change func([]*config.Process) []*config.Process) {
	edited := *g.Config
	edited.Processes = change(slices.Clone(edited.Processes))
	g.Config = &edited
}
