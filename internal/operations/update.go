package operations

import (
	"context"
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/waiting"
)

// PlanConfig reads the configuration and returns what UpdateConfig would do. It changes nothing, not even what AddGroup knows.
func (s *Service) PlanConfig(o supervisor.UpdateOptions) (list []api.UpdateAction, err error) {
	cfg, err := s.readConfig(s.sup.ReadConfig)
	if err != nil {
		return nil, err
	}
	err = s.Read(func(v supervisor.View) error { list = v.Plan(cfg, o).Actions(); return nil })
	return list, err
}

// UpdateConfig reads the configuration and changes the active groups to it: first what is removed, then what changes, then what is
// added. It returns when all that is done. What fails is in the actions; the rest goes on.
func (s *Service) UpdateConfig(ctx context.Context, o supervisor.UpdateOptions) ([]api.UpdateAction, error) {
	u := &update{service: s, options: o, ctx: ctx, call: waiting.Of(ctx)}
	switch u.call.Enter(&u.state) {
	case waiting.Over:
		return nil, nil
	case waiting.Resume:
		u.resumed = true
	default:
		if err := u.read(); err != nil {
			return nil, err
		}
	}
	for ; u.state.Phase < len(updatePhases); u.state.Phase++ {
		if !u.state.Needed[u.state.Phase] {
			continue
		}
		if err := updatePhases[u.state.Phase](u); err != nil {
			return nil, err
		}
	}
	return u.state.actions(), nil
}

// update is an update in progress. Each phase that is needed finds out anew what is left to do, so other requests may come in between.
type update struct {
	service *Service
	options supervisor.UpdateOptions
	ctx     context.Context
	call    *waiting.Call
	state   UpdateState
	resumed bool // the phase had begun in the program before
}

// updatePhases are the steps of an update, in order.
var updatePhases = []func(*update) error{(*update).remove, (*update).replace, (*update).change, (*update).addMembers, (*update).addGroups,
	(*update).awaitLimits}

// read reads the configuration.
func (u *update) read() error {
	cfg, err := u.service.readConfig(u.service.sup.ReadConfig)
	if err != nil {
		return err
	}
	return u.service.Change(func(l *supervisor.Loop) error {
		l.TakeReading(cfg)
		plan := l.Plan(cfg, u.options)
		u.state.need(plan)
		for _, name := range plan.Unknown {
			u.state.add(api.UpdateAction{Action: api.UpdateNone, Group: name}, BadName(name))
		}
		return nil
	})
}

// do runs f in the loop with the plan for what is left, unless the phase is resumed: then f has run.
func (u *update) do(f func(l *supervisor.Loop, plan supervisor.Plan)) error {
	if u.resumed {
		return nil
	}
	return u.service.Change(func(l *supervisor.Loop) error { f(l, l.Plan(l.Config(), u.options)); return nil })
}

// wait performs an operation on processes and returns its faults, by the namespecs of the processes.
func (u *update) wait(k kind, processes []*process.Process) (map[string]error, error) {
	b := batch{service: u.service, kind: k, wait: true, left: processes, within: func(b *batch) any {
		u.state.Batch = b.export()
		return u.state
	}}
	var err error
	if u.resumed {
		u.resumed = false
		err = b.resume(&u.state.Batch)
	}
	if err == nil {
		err = b.begin(u.call)
	}
	if err == nil {
		err = b.await(u.ctx, u.call)
	}
	ends := map[string]error{}
	for _, p := range b.outcomes {
		if p.Status != api.Success {
			ends[api.Namespec(p.Group, p.Name)] = &api.Fault{Code: p.Status, Text: p.Description}
		}
	}
	for i, o := range b.waiting {
		if i < len(b.ends) && b.ends[i] != nil {
			ends[o.name] = b.ends[i]
		}
	}
	return ends, err
}

// remove stops and removes groups, and processes of groups that stay.
func (u *update) remove() error {
	var stop []*process.Process
	if err := u.do(func(_ *supervisor.Loop, plan supervisor.Plan) {
		for _, g := range slices.Backward(plan.Removed) {
			stop = append(stop, g.Descending()...)
		}
		for _, g := range plan.Changed {
			stop = append(stop, g.Removed...)
		}
	}); err != nil {
		return err
	}
	if _, err := u.wait(stopping, stop); err != nil {
		return err
	}
	return u.do(func(l *supervisor.Loop, plan supervisor.Plan) {
		for _, g := range plan.Removed {
			var err error
			if !l.RemoveGroup(g) {
				err = api.NewFault(api.StillRunning, g.Name())
			}
			u.state.add(api.UpdateAction{Action: api.UpdateRemove, Group: g.Name()}, err)
		}
		for _, g := range plan.Changed {
			u.removeMembers(l, g)
		}
	})
}

func (u *update) removeMembers(l *supervisor.Loop, g *supervisor.GroupPlan) {
	var stopped []*process.Process
	for _, p := range g.Removed {
		var err error
		if p.State().IsStopped() {
			stopped = append(stopped, p)
		} else {
			err = api.NewFault(api.StillRunning, api.Namespec(p.Group, p.Name()))
		}
		u.state.add(api.UpdateAction{Action: api.UpdateRemove, Group: p.Group, Process: p.Name()}, err)
	}
	if stopped != nil {
		l.RemoveMembers(g.Group, stopped)
	}
}

// replace stops, removes and adds groups, one after the other.
func (u *update) replace() error {
	if err := u.do(func(_ *supervisor.Loop, plan supervisor.Plan) {
		for _, g := range plan.Replaced {
			u.state.Replaced = append(u.state.Replaced, g.Read.Name)
		}
	}); err != nil {
		return err
	}
	for ; len(u.state.Replaced) > 0; u.state.Replaced = u.state.Replaced[1:] {
		if err := u.replaceGroup(u.state.Replaced[0]); err != nil {
			return err
		}
	}
	return nil
}

func (u *update) replaceGroup(name string) error {
	var stop []*process.Process
	found := u.resumed
	if err := u.do(func(_ *supervisor.Loop, plan supervisor.Plan) {
		i := slices.IndexFunc(plan.Replaced, func(g *supervisor.GroupPlan) bool { return g.Read.Name == name })
		if found = i >= 0; !found {
			return
		}
		g := plan.Replaced[i]
		stop, u.state.Replacing, u.state.Ran = g.Group.Descending(), actionState(g.Replacement()), nil
		for _, p := range stop {
			if p.State().IsRunning() {
				u.state.Ran = append(u.state.Ran, p.Name())
			}
		}
	}); err != nil || !found {
		return err
	}
	if _, err := u.wait(stopping, stop); err != nil {
		return err
	}
	err := u.service.RemoveGroup(name)
	if err == nil {
		err = u.service.addGroup(name, u.starts)
	}
	if err != nil && api.FaultOf(err) == nil {
		return err
	}
	u.state.add(u.state.Replacing.action(), err)
	return nil
}

// starts reports whether a process of a group that is added may be started by itself.
func (u *update) starts(name string) bool {
	return !u.options.NoStart || slices.Contains(u.state.Ran, name)
}

// change gives groups and processes their new values, and restarts those that need it.
func (u *update) change() error {
	hosts, err := u.lookUp()
	if err != nil {
		return err
	}
	var restart []*process.Process
	if err := u.do(func(l *supervisor.Loop, plan supervisor.Plan) {
		for _, g := range plan.Changed {
			refused := l.ChangeGroup(g, hosts[g.Read], time.Now())
			for _, a := range g.Changes() {
				u.state.add(a, nil)
			}
			for _, r := range refused {
				u.state.add(r.Refused(), asFault(r.Err))
			}
			for _, a := range g.Limits() {
				u.state.Limited = append(u.state.Limited, actionState(a))
			}
			for _, p := range g.Processes {
				if p.Action == api.UpdateRestart || p.Action == api.UpdateStart {
					restart = append(restart, p.Process)
				}
			}
		}
	}); err != nil {
		return err
	}
	ends, err := u.wait(updating, restart)
	u.state.end(ends, api.UpdateRestart, api.UpdateStart)
	return err
}

// lookUp looks up the hosts of new sockets of processes that stay.
func (u *update) lookUp() (map[*config.Group]supervisor.PreparedGroup, error) {
	var groups []*config.Group
	if err := u.service.Read(func(v supervisor.View) error { groups = v.ChangesHosts(); return nil }); err != nil {
		return nil, err
	}
	var found map[*config.Group]supervisor.PreparedGroup
	for _, g := range groups {
		if found == nil {
			found = map[*config.Group]supervisor.PreparedGroup{}
		}
		found[g] = supervisor.PrepareGroup(g) // not in the loop: it may wait for a name server
	}
	return found, nil
}

// addMembers adds processes to groups, and waits for those that are started.
func (u *update) addMembers() error {
	var groups []*supervisor.GroupPlan
	if err := u.do(func(_ *supervisor.Loop, plan supervisor.Plan) {
		for _, g := range plan.Changed {
			if len(g.Added) > 0 {
				groups = append(groups, g)
			}
		}
	}); err != nil {
		return err
	}
	var added []*process.Process
	for _, g := range groups {
		prepared := supervisor.PrepareGroup(g.Read) // not in the loop: it may wait for a name server
		if err := u.service.Change(func(l *supervisor.Loop) error {
			added = append(added, u.addTo(l, prepared)...)
			return nil
		}); err != nil {
			return err
		}
	}
	ends, err := u.wait(joining, added)
	if err != nil {
		return err
	}
	u.state.end(ends, api.UpdateAdd)
	return u.service.Read(func(v supervisor.View) error { u.state.noteStarts(v); return nil })
}

// addTo adds the processes of a group, and returns those that are started.
func (u *update) addTo(l *supervisor.Loop, prepared supervisor.PreparedGroup) (started []*process.Process) {
	plan := l.Plan(l.Config(), u.options)
	i := slices.IndexFunc(plan.Changed, func(g *supervisor.GroupPlan) bool { return g.Read == prepared.Config })
	if i < 0 { // another request has changed it
		return nil
	}
	g := plan.Changed[i]
	processes, err := l.AddMembers(g.Group, g.Added, prepared)
	for _, c := range g.Added {
		u.state.add(api.UpdateAction{Action: api.UpdateAdd, Group: g.Read.Name, Process: c.ProcessName}, asFault(err))
	}
	if u.options.NoStart {
		l.HoldStarts(processes)
		return nil
	}
	l.StartSoon(processes)
	return processes
}

// addGroups adds groups. What starts by itself starts soon.
func (u *update) addGroups() error {
	var added []*config.Group
	if err := u.do(func(_ *supervisor.Loop, plan supervisor.Plan) { added = plan.Added }); err != nil {
		return err
	}
	u.state.Ran = nil
	for _, g := range added {
		err := u.service.addGroup(g.Name, u.starts)
		if err != nil && api.FaultOf(err) == nil {
			return err
		}
		u.state.add(api.UpdateAction{Action: api.UpdateAdd, Group: g.Name}, err)
	}
	return nil
}

// awaitLimits waits until the kernel has taken the limits of cgroups that change in place, or has refused them.
func (u *update) awaitLimits() error {
	var limited []*process.Process
	if !u.resumed {
		if err := u.service.Read(func(v supervisor.View) error {
			for _, a := range u.state.Limited {
				if p := v.Find(a.Group, a.Process); p != nil {
					limited = append(limited, p)
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	ends, err := u.wait(limiting, limited)
	for _, a := range u.state.Limited {
		if fault := ends[api.Namespec(a.Group, a.Process)]; fault != nil {
			u.state.add(a.action(), fault)
		}
	}
	return err
}

func asFault(err error) error {
	if err == nil {
		return nil
	}
	return Failed(err)
}

var (
	updating = kind{affects: anyState, action: restartToUpdate, done: updated}
	limiting = kind{affects: anyState, action: func(*process.Process, string) error { return nil }, done: limited}
	joining  = kind{affects: anyState, action: func(*process.Process, string) error { return nil }, done: joined}
)

// restartToUpdate restarts a process that runs with other values than the configured ones, and starts one that has failed.
func restartToUpdate(p *process.Process, name string) error {
	switch now := time.Now(); {
	case p.Stale() != "" && p.Recyclable(now):
		p.Update(now)
	case p.State() == api.Fatal || p.State() == api.Backoff:
		return restart(p, name)
	}
	return nil
}

// updated is restarted for a process that has to wait for its turn.
func updated(v supervisor.View, p *process.Process, name string) (bool, error) {
	switch {
	case p.Queued(), p.State() == api.Stopping:
		return false, nil
	case p.Stale() != "" && !p.StartComes() && !p.Gate().Stops:
		return true, api.NewFault(api.Failed, "not restarted, it runs with its values from before")
	case p.StartComes() && p.HeldBack():
		if lacks := v.Lacks(p); lacks != "" {
			return true, api.NewFault(api.Failed, "not started, it waits for "+lacks)
		}
	}
	return restarted(v, p, name)
}

// limited reports whether the kernel has taken the limits of a cgroup, or refused them.
func limited(_ supervisor.View, p *process.Process, _ string) (bool, error) {
	if text := p.LimitsRefused(); text != "" && !p.Limiting() {
		return true, api.NewFault(api.Failed, text)
	}
	return !p.Limiting(), nil
}

// joined reports whether a process that was added is RUNNING, has failed, or waits for what it depends on.
func joined(v supervisor.View, p *process.Process, name string) (bool, error) {
	if p.Begun().IsZero() {
		return p.Gate().WaitsFor != "" || !v.Starts(p), nil
	}
	return started(v, p, name)
}
