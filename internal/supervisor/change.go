package supervisor

import (
	"cmp"
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
)

// ChangeGroup gives a group and the processes that stay in it the values of a plan. What they need a restart for they have from their
// next start. New members are added by AddMembers. Processes whose new sockets cannot be opened stay as they are; they are taken out of
// the plan and returned. By has the addresses of hosts that the sockets need.
func (l *Loop) ChangeGroup(plan *GroupPlan, by PreparedGroup, now time.Time) (refused []RefusedChange) {
	if plan.Later != nil {
		return nil
	}
	next, refused := l.openNewSockets(plan, by.addresses)
	plan.refuse(refused)
	g := plan.Group
	before := g.Config
	g.Config = plan.config()
	for _, pair := range plan.stay {
		if p := g.Process(pair.Read.ProcessName); p != nil {
			replaced := l.replaceUpcoming(p, pair.Read, next[p])
			p.Reconfigure(pair.Read, now)
			l.dropAll(replaced)
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
	l.startWaited(plan, now)
	l.layoutChanged()
	return refused
}

// RefusedChange is a process that stays as it is.
type RefusedChange struct {
	ProcessPlan
	Err error
}

// Refused is what was to be done, as clients see it.
func (r RefusedChange) Refused() api.UpdateAction {
	keys := r.Later
	if keys == nil {
		keys = r.InPlace
	}
	return api.UpdateAction{Action: cmp.Or(r.Action, api.UpdateChange), Group: r.Process.Group, Process: r.Process.Name(), Keys: config.KeyList(keys)}
}

// refuse takes processes out of the plan.
func (g *GroupPlan) refuse(refused []RefusedChange) {
	for _, r := range refused {
		g.partly = true
		g.Processes = slices.DeleteFunc(g.Processes, func(p ProcessPlan) bool { return p.Process == r.Process })
		for i := range g.stay {
			if g.stay[i].Read == r.To {
				g.stay[i].Read = g.stay[i].Configured
			}
		}
	}
}

// startWaited has processes started that have waited for a connection, and do not any more.
func (l *Loop) startWaited(plan *GroupPlan, now time.Time) {
	for _, p := range plan.Processes {
		if p.Action == api.UpdateStart && p.Process.State() != api.Fatal {
			l.startFor(p.Process, api.Reason{Why: api.WhyUpdate, Text: config.KeyList(p.InPlace)}, now)
		}
	}
}

// config is the reading of the group with the processes that it has now.
func (g *GroupPlan) config() *config.Group {
	if len(g.Added) == 0 && len(g.Group.Processes) == len(g.stay) && !g.partly {
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
		gate.needs, gate.open, gate.loss = needs, false, nil
	}
	if p.Configured().Depends().Loss == config.LossIgnore && p.Gate().Shut {
		gate.loss = nil
		l.depends.setShut(gate, false)
	}
}
