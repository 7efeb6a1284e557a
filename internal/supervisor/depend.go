package supervisor

import (
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/order"
	"github.com/gosupervisor/supervisor/internal/process"
)

// depends is what the loop knows of dependencies and of the pace of first starts. Loop.depends is nil as long as no configuration
// has a key about them: then no graph is built, and a change of a process costs one comparison.
type depends struct {
	loop    *Loop
	graph   *order.Graph[*process.Process] // nil: to be built
	gates   map[*process.Process]*gate
	changed []*gate // to be looked at, because what they depend on, or their process, has changed
	starts  []*startSet
	stops   []*stopSet
	pace    pace
	ended   bool // by a shutdown
	// cancelled are the processes whose first automatic start will not happen.
	cancelled map[*process.Process]bool
}

// need is an entry of depends_on.
type need struct {
	config.Need
	common  bool // of the group: it does not apply to the processes that it names
	known   bool // something has had the name
	missing bool // nothing has it any more
}

// needDepends makes l.depends.
func (l *Loop) needDepends() *depends {
	if l.depends == nil {
		l.depends = &depends{loop: l, gates: map[*process.Process]*gate{}, cancelled: map[*process.Process]bool{},
			pace: newPace(&l.options.Config.Supervisord)}
		for _, g := range l.groups {
			for _, p := range g.Processes {
				if p.Disabled() {
					l.depends.cancelled[p] = true
				}
			}
		}
	}
	return l.depends
}

// addGate makes the gate of a process that has none, if it needs one.
func (l *Loop) addGate(p *process.Process, g *config.Group) {
	needs := needsOf(p, g)
	if needs == nil && p.Configured().Depends().StartDelay == 0 && !paced(&l.options.Config.Supervisord) {
		return
	}
	l.needDepends().gates[p] = &gate{process: p, needs: needs}
}

// needsOf are the dependencies of a process: its own, and those of its group.
func needsOf(p *process.Process, g *config.Group) (needs []need) {
	for _, n := range p.Configured().Depends().Needs() {
		needs = append(needs, need{Need: n})
	}
	for _, n := range g.Needs() {
		needs = append(needs, need{Need: n, common: true})
	}
	return needs
}

// layoutChanged notes that there are other processes than before.
func (l *Loop) layoutChanged() {
	l.listing = nil
	l.logsChanged()
	if l.depends != nil {
		l.depends.graph = nil
	}
}

// forget drops what is known of processes that are removed.
func (d *depends) forget(processes []*process.Process) {
	for _, p := range processes {
		if g := d.gates[p]; g != nil {
			d.scheduleGate(g, time.Time{})
			d.changed = slices.DeleteFunc(d.changed, func(x *gate) bool { return x == g })
			delete(d.gates, p)
		}
		delete(d.cancelled, p)
	}
}

// build makes the graph of the processes that there are now.
func (d *depends) build() {
	active := config.NewNames(d.loop.Configs())
	read := config.NewNames(d.loop.read.Groups)
	byConfig := map[*config.Process]*process.Process{}
	for _, p := range d.loop.Processes() {
		byConfig[p.Configured()] = p
	}
	var nodes []order.Node[*process.Process]
	var last []item // equal ones are kept once: many programs depend on the same
	for _, p := range d.loop.Processes() {
		if g := d.gates[p]; g != nil {
			items := d.items(g, active, read, byConfig)
			if slices.EqualFunc(items, last, item.Equal) {
				items = last
			}
			last = items
			nodes = append(nodes, order.Node[*process.Process]{Unit: p, Items: items})
			d.mark(g)
		}
	}
	d.graph, _ = order.New(nodes) // the reader of the configuration reports cycles
	for _, s := range d.stops {
		s.changed = true
	}
	for _, s := range d.starts {
		s.changed = true
	}
}

// items are the dependencies of a process. A name that nothing has, had or will have after an update counts for nothing.
func (d *depends) items(g *gate, active, read *config.Names, byConfig map[*config.Process]*process.Process) (items []item) {
	for i := range g.needs {
		n := &g.needs[i]
		found, ok := active.Find(n.Name)
		if !ok && n.known && !n.missing && g.process.PID() != 0 {
			g.process.Log().Warnf("%s depends on %s, which was removed", g.process.Name(), n.Name)
		}
		if !n.known {
			_, coming := read.Find(n.Name)
			n.known = ok || coming
		}
		n.missing = n.known && !ok
		item := item{Name: n.Name, Condition: n.Condition, Optional: n.Optional, Missing: n.missing}
		for _, named := range found {
			item.On = append(item.On, byConfig[named.Process])
		}
		if n.known && !(n.common && slices.Contains(item.On, g.process)) {
			items = append(items, item)
		}
	}
	return items
}

// graphNow is the graph, which is made if there are other processes than before.
func (d *depends) graphNow() *order.Graph[*process.Process] {
	if d.graph == nil {
		d.build()
	}
	return d.graph
}

// mark has a gate looked at in the next review.
func (d *depends) mark(g *gate) {
	if !g.queued {
		g.queued = true
		d.changed = append(d.changed, g)
	}
}

// processChanged is called after each change of a process, in the middle of its step. That something is lost is noted at once,
// because it may be back at the next review; all else is done there.
func (d *depends) processChanged(p *process.Process) {
	if d.ended {
		return
	}
	d.pace.changed(p)
	if g := d.gates[p]; g != nil {
		d.mark(g)
	}
	for _, s := range d.starts {
		s.changed = s.changed || slices.Contains(s.members, p)
	}
	for _, s := range d.stops {
		s.changed = s.changed || slices.Contains(s.remaining, p)
	}
	for _, dependent := range d.graph.Dependents(p) {
		g := d.gates[dependent]
		d.mark(g)
		if g.open {
			d.loseIfLost(g)
		}
	}
}

// due reports whether there is something to review.
func (d *depends) due() bool {
	if d.ended {
		return false
	}
	return d.graph == nil && len(d.gates) > 0 || len(d.changed) > 0 ||
		slices.ContainsFunc(d.starts, func(s *startSet) bool { return s.changed }) ||
		slices.ContainsFunc(d.stops, func(s *stopSet) bool { return s.changed })
}

// review does what follows from the changes since the last review.
func (d *depends) review(now time.Time) {
	d.graphNow()
	changed := d.changed
	d.changed = nil
	slices.SortStableFunc(changed, func(a, b *gate) int { return startOrder(a.process, b.process) })
	var opened []*process.Process
	for _, g := range changed {
		g.queued = false
		if d.look(g, now) {
			opened = append(opened, g.process)
		}
	}
	if len(opened) > 0 {
		d.loop.pending = slices.Concat(opened, d.loop.pending)
	}
	d.progress(now)
}

// facts is what dependencies ask of a process. One that waits for its turn to stop counts as one that stops.
func (d *depends) facts(p *process.Process) order.Facts {
	f := order.Facts{State: p.State(), Child: p.PID() != 0, Expected: p.Expected(), Unready: p.Unready(), Checked: p.Checked(),
		Healthy: p.Healthy()}
	if s := d.waiting(p); s != nil {
		f.State, f.Gone = api.Stopping, !s.ends[p].again
		return f
	}
	switch f.State {
	case api.Stopped:
		first := p.Begun().IsZero() && p.Config.AutoStarts() && !d.cancelled[p]
		f.Gone = !first && !p.StartComes() && !p.Gate().Held
	case api.Exited, api.Stopping:
		f.Gone = !p.StartComes()
	case api.Fatal:
		f.Gone = true
	}
	return f
}
