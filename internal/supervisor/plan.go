package supervisor

import (
	"slices"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
)

// UpdateOptions say how an update is done.
type UpdateOptions struct {
	Minimal   bool     // by changes of groups and processes, where that is possible, not by replacing groups
	NoStart   bool     // nothing is started that does not run
	NoRestart bool     // nothing is restarted; implies Minimal
	Groups    []string // the names of those that are updated; nil: all
}

// Plan is what an update does, in this order.
type Plan struct {
	Unknown  []string // names of UpdateOptions.Groups
	Removed  []*Group
	Replaced []*GroupPlan
	Changed  []*GroupPlan
	Added    []*config.Group
}

// GroupPlan is what an update does about a group that stays.
type GroupPlan struct {
	Group     *Group
	Read      *config.Group
	Keys      []string           // of the group itself; of one that is replaced, all that have changed
	Later     []string           // for which it would have to be replaced, which is not to be done
	Removed   []*process.Process // in the order of a stop
	Added     []*config.Process
	Processes []ProcessPlan // those that stay and have changed
	stay      []config.Pair
	partly    bool // some of Processes were taken out, and stay as they are
}

// ProcessPlan is what an update does about a process that stays.
type ProcessPlan struct {
	Process *process.Process
	To      *config.Process
	InPlace []string // keys whose values count at once
	Later   []string // others
	Action  string   // about Later: api.UpdateRestart, api.UpdateLater; also api.UpdateStart; empty: none
}

// Plan returns what an update to a reading does. Nothing changes.
func (v View) Plan(read *config.Config, o UpdateOptions) (plan Plan) {
	wanted := func(name string) bool { return o.Groups == nil || slices.Contains(o.Groups, name) }
	for i, name := range o.Groups {
		known := v.Group(name) != nil || slices.ContainsFunc(read.Groups, func(g *config.Group) bool { return g.Name == name })
		if !known && !slices.Contains(o.Groups[:i], name) {
			plan.Unknown = append(plan.Unknown, name)
		}
	}
	diff := config.Compare(v.inOrder(), read.Groups)
	for _, name := range diff.Removed {
		if wanted(name) {
			plan.Removed = append(plan.Removed, v.Group(name))
		}
	}
	for _, g := range read.Groups {
		switch {
		case !wanted(g.Name):
		case slices.Contains(diff.Added, g.Name):
			plan.Added = append(plan.Added, g)
		case slices.Contains(diff.Changed, g.Name):
			plan.change(planGroup(v.Group(g.Name), g, o), o)
		}
	}
	return plan
}

// change adds the plan of a group that has changed.
func (p *Plan) change(g *GroupPlan, o UpdateOptions) {
	switch {
	case !o.Minimal && !o.NoRestart, len(g.Later) > 0 && !o.NoRestart:
		g.Keys = g.allKeys()
		p.Replaced = append(p.Replaced, g)
	default:
		p.Changed = append(p.Changed, g)
	}
}

// allKeys are the keys of the group and its processes that have changed.
func (g *GroupPlan) allKeys() (keys []string) {
	add := func(names ...string) {
		for _, name := range names {
			if !slices.Contains(keys, name) {
				keys = append(keys, name)
			}
		}
	}
	add(g.Keys...)
	add(g.Later...)
	for _, p := range g.Processes {
		add(p.InPlace...)
		add(p.Later...)
	}
	if len(g.Added)+len(g.Removed) > 0 {
		add("numprocs")
	}
	return keys
}

func planGroup(g *Group, read *config.Group, o UpdateOptions) *GroupPlan {
	change := g.Config.Changes(read)
	plan := &GroupPlan{Group: g, Read: read, Keys: change.InPlace, Later: change.Replaces}
	if len(plan.Later) > 0 && o.NoRestart { // it stays as it is until it may be replaced
		plan.Keys = nil
		return plan
	}
	plan.Added, plan.stay = change.Added, change.Stay
	for _, c := range slices.Backward(change.Removed) {
		if p := g.Process(c.ProcessName); p != nil {
			plan.Removed = append(plan.Removed, p)
		}
	}
	for _, pair := range change.Stay {
		if p := g.Process(pair.Read.ProcessName); p != nil && pair.Differs() {
			plan.Processes = append(plan.Processes, planProcess(p, pair, o))
		}
	}
	return plan
}

func planProcess(p *process.Process, pair config.Pair, o UpdateOptions) ProcessPlan {
	plan := ProcessPlan{Process: p, To: pair.Read}
	inPlace, later := pair.Keys()
	_, restart := config.Pair{Configured: p.Config, Read: pair.Read}.Keys() // it may run with other values than the configured ones
	plan.InPlace, plan.Later = inPlace, restart
	if restart == nil || p.State().IsStopped() {
		plan.InPlace, plan.Later = slices.Concat(inPlace, later), nil
	}
	switch s := p.State(); {
	case (s == api.Fatal && pair.Read.Start.Auto || waited(p, pair.Read)) && !o.NoStart && !p.Disabled():
		plan.Action = api.UpdateStart
	case plan.Later == nil:
	case o.NoRestart || s == api.Stopping || s == api.Unknown:
		plan.Action = api.UpdateLater
	default:
		plan.Action = api.UpdateRestart
	}
	return plan
}

// waited reports whether a process waits for a connection to start it, and has nothing to wait for with another configuration.
func waited(p *process.Process, to *config.Process) bool {
	return p.State().IsStopped() && p.Config.Start.Auto && !p.Config.AutoStarts() && to.AutoStarts()
}

// Limits are the actions about limits of cgroups that change in place, one for each process.
func (g *GroupPlan) Limits() (list []api.UpdateAction) {
	for _, p := range g.Processes {
		if keys := slices.DeleteFunc(slices.Clone(p.InPlace), func(key string) bool { return !config.IsCgroupLimit(key) }); len(keys) > 0 {
			list = append(list, api.UpdateAction{Action: api.UpdateChange, Group: g.Read.Name, Process: p.Process.Name(), Keys: config.KeyList(keys)})
		}
	}
	return list
}

// Actions are the steps of the plan as clients see them.
func (p Plan) Actions() (list []api.UpdateAction) {
	for _, name := range p.Unknown {
		list = append(list, api.UpdateAction{Action: api.UpdateNone, Group: name})
	}
	for _, g := range p.Removed {
		list = append(list, api.UpdateAction{Action: api.UpdateRemove, Group: g.Name()})
	}
	for _, g := range p.Changed {
		for _, gone := range g.Removed {
			list = append(list, api.UpdateAction{Action: api.UpdateRemove, Group: gone.Group, Process: gone.Name()})
		}
	}
	for _, g := range p.Replaced {
		list = append(list, g.Replacement())
	}
	for _, g := range p.Changed {
		list = append(list, g.Changes()...)
	}
	for _, g := range p.Changed {
		for _, c := range g.Added {
			list = append(list, api.UpdateAction{Action: api.UpdateAdd, Group: g.Read.Name, Process: c.ProcessName})
		}
	}
	for _, g := range p.Added {
		list = append(list, api.UpdateAction{Action: api.UpdateAdd, Group: g.Name})
	}
	return list
}

// Replacement is the action about a group that is replaced.
func (g *GroupPlan) Replacement() api.UpdateAction {
	running := 0
	for _, p := range g.Group.Processes {
		if p.State().IsRunning() {
			running++
		}
	}
	return api.UpdateAction{Action: api.UpdateReplace, Group: g.Read.Name, Keys: config.KeyList(g.Keys), Running: running}
}

// Changes are the actions about a group and its processes that change. What changes in place in the same way for all of them is one
// action.
func (g *GroupPlan) Changes() (list []api.UpdateAction) {
	action := func(word, process string, keys []string) {
		list = append(list, api.UpdateAction{Action: word, Group: g.Read.Name, Process: process, Keys: config.KeyList(keys)})
	}
	if g.Later != nil {
		action(api.UpdateLater, "", g.Later)
	}
	common := g.Keys
	together := len(g.Processes) == len(g.stay) && !slices.ContainsFunc(g.Processes, func(p ProcessPlan) bool {
		return !slices.Equal(p.InPlace, g.Processes[0].InPlace)
	})
	if together && len(g.Processes) > 0 {
		common = slices.Concat(g.Keys, slices.DeleteFunc(slices.Clone(g.Processes[0].InPlace), func(key string) bool {
			return slices.Contains(g.Keys, key) // priority is that of the group, too
		}))
	}
	if len(common) > 0 {
		action(api.UpdateChange, "", common)
	}
	for _, p := range g.Processes {
		if !together && p.InPlace != nil {
			action(api.UpdateChange, p.Process.Name(), p.InPlace)
		}
		if p.Action != "" {
			action(p.Action, p.Process.Name(), p.Later)
		}
	}
	return list
}
