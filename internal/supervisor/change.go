package supervisor

import (
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
)

// ChangeGroup gives a group and the processes that stay in it the values of a plan. What they need a restart for they have from their
// next start. New members are added by AddMembers.
func (l *Loop) ChangeGroup(plan *GroupPlan, now time.Time) {
	if plan.Later != nil {
		return
	}
	g := plan.Group
	before := g.Config
	g.Config = plan.config()
	for _, pair := range plan.stay {
		if p := g.Process(pair.Read.ProcessName); p != nil {
			p.Reconfigure(pair.Read, now)
		}
	}
	for _, p := range g.Processes {
		p.GroupPriority = g.Config.Priority
		l.configureGate(p, g.Config)
	}
	place := make(map[string]int, len(g.Config.Processes))
	for i, c := range g.Config.Processes {
		place[c.ProcessName] = i
	}
	g.Processes = slices.SortedStableFunc(slices.Values(g.Processes), func(a, b *process.Process) int { return place[a.Name()] - place[b.Name()] })
	if g.Config.Priority != before.Priority {
		l.groups = groupOrder.Insert(slices.DeleteFunc(slices.Clone(l.groups), func(x *Group) bool { return x == g }), g)
	}
	if g.pool != nil {
		g.pool.Configure(poolEvents(g.Config.Pool), g.Config.Pool.BufferSize)
		l.ticks.Tick(&l.shared.Events, now) // what it subscribes to from now on does not get the tick of the current interval
		l.scheduleTick(now)
	}
	l.layoutChanged()
}

// config is the reading of the group with the processes that it has now.
func (g *GroupPlan) config() *config.Group {
	if len(g.Added) == 0 && len(g.Group.Processes) == len(g.stay) {
		return g.Read
	}
	edited := *g.Read
	edited.Processes = nil
	for _, pair := range g.stay {
		edited.Processes = append(edited.Processes, pair.Read)
	}
	for _, p := range g.Removed {
		if g.Group.Process(p.Name()) == p { // it could not be removed
			edited.Processes = append(edited.Processes, p.Configured())
		}
	}
	return &edited
}

// poolEvents are the events that a pool subscribes to.
func poolEvents(p *config.Pool) []string { return slices.Concat(p.Events, p.ExtraEvents) }

// configureGate gives a process the dependencies of its configuration. One that runs goes on, also if they are not met.
func (l *Loop) configureGate(p *process.Process, g *config.Group) {
	if l.depends == nil || l.depends.gates[p] == nil {
		l.addGate(p, g)
		return
	}
	gate := l.depends.gates[p]
	needs := needsOf(p, g)
	for i := range needs {
		for _, n := range gate.needs {
			if n.Need == needs[i].Need {
				needs[i].known, needs[i].missing = n.known, n.missing
			}
		}
	}
	if !slices.Equal(gate.needs, needs) {
		gate.needs, gate.open, gate.lost = needs, false, false
	}
	if p.Configured().Depends().Loss == config.LossIgnore && p.Gate().Shut {
		gate.lost = false
		l.depends.setShut(gate, false)
	}
}
