package supervisor

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/socket"
)

// AddMembers makes processes members of an active group, which its configuration has by now, in the order of that, and
// returns them. None of them has the name of a member. They are started by StartSoon, or by a request. After an error, nothing has
// changed.
func (l *Loop) AddMembers(g *Group, added []*config.Process, by PreparedGroup) ([]*process.Process, error) {
	used, err := l.useSockets(added, by.addresses)
	if err != nil {
		return nil, err
	}
	defer l.dropSockets(used)
	sockets, err := l.memberSockets(g, added, by.addresses)
	if err != nil {
		return nil, err
	}
	place := make(map[string]int, len(by.Config.Processes))
	for i, c := range by.Config.Processes {
		place[c.ProcessName] = i - len(by.Config.Processes) // others come last
	}
	l.edit(g, func(members []*config.Process) []*config.Process {
		members = append(members, added...)
		slices.SortStableFunc(members, func(a, b *config.Process) int { return cmp.Compare(place[a.ProcessName], place[b.ProcessName]) })
		return members
	})
	processes := make([]*process.Process, len(added))
	for i, c := range added {
		role := l.role(g, c)
		if c.Socket != nil {
			role.Socket = sockets[c.Section]
		}
		processes[i] = l.newProcess(c, g.Config, role)
		l.listen(processes[i], by.addresses)
	}
	g.Processes = append(slices.Clone(g.Processes), processes...)
	slices.SortStableFunc(g.Processes, func(a, b *process.Process) int { return cmp.Compare(place[a.Name()], place[b.Name()]) })
	g.Processes = processOrder.Sort(g.Processes)
	l.groupsChanged()
	for _, p := range processes {
		p.Record(history.Member, history.Added, "", time.Now())
		l.shared.Events.Emit(api.ProcessMemberAdded, events.Member(p.Name(), g.Name()))
	}
	return processes, nil
}

// ReconfigureMembers gives processes of a group other values, which count from their next start as far as a child has them.
func (l *Loop) ReconfigureMembers(g *Group, values map[*process.Process]*config.Process, now time.Time) {
	l.edit(g, func(members []*config.Process) []*config.Process {
		for p, to := range values {
			if i := slices.Index(members, p.Configured()); i >= 0 {
				members[i] = to
			}
		}
		return members
	})
	for p, to := range values {
		p.Reconfigure(to, now)
	}
	l.layoutChanged()
}

// StartSoon has those of new members started that start by themselves.
func (l *Loop) StartSoon(processes []*process.Process) { l.startSoon(processes) }

// memberSockets returns the FastCGI sockets of processes that a group gets, by their sections: those of the group, and new ones.
func (l *Loop) memberSockets(g *Group, added []*config.Process, addresses socket.Addresses) (map[string]process.Socket, error) {
	sockets := map[string]process.Socket{}
	for _, p := range g.Processes {
		if socket := p.Socket(); socket != nil {
			sockets[p.Config.Section] = socket
		}
	}
	var opened []*socket.Socket
	for _, c := range added {
		if c.Socket == nil || sockets[c.Section] != nil {
			continue
		}
		made := socket.New(c.Socket, l.log, addresses)
		if err := made.Check(); err != nil {
			for _, s := range opened {
				s.Remove()
			}
			return nil, err
		}
		sockets[c.Section], opened = made, append(opened, made)
	}
	g.sockets = append(g.sockets, opened...)
	return sockets, nil
}

// RemoveMembers takes stopped processes out of a group that stays.
func (l *Loop) RemoveMembers(g *Group, removed []*process.Process) {
	l.removeProcesses(g, removed, l.edit)
	for _, p := range removed {
		if listener := p.Listener(); listener != nil {
			g.pool.RemoveListener(listener)
		}
	}
	g.removeUnusedSockets()
	l.groupsChanged()
	for _, p := range removed {
		p.Record(history.Member, 0, "", time.Now())
		l.shared.Events.Emit(api.ProcessMemberRemoved, events.Member(p.Name(), g.Name()))
	}
}

// Retire stops a process, and removes it from its group when it has stopped.
func (l *Loop) Retire(p *process.Process, reason api.Reason, now time.Time) {
	l.retired(p, reason)
	if !p.State().IsStopped() {
		l.stopFor(p, reason, now)
	}
	l.schedule(&l.nextLeave, now)
}

// retired notes that a process is removed when it has stopped.
func (l *Loop) retired(p *process.Process, reason api.Reason) {
	if l.leaving == nil {
		l.leaving = map[*process.Process]api.Reason{}
		l.nextLeave.run = l.RemoveRetired
	}
	l.leaving[p] = reason
}

// RemoveRetired removes the retired processes that have stopped. One that was restarted meanwhile is stopped again.
func (l *Loop) RemoveRetired(now time.Time) {
	l.schedule(&l.nextLeave, time.Time{})
	stopped := map[*Group][]*process.Process{}
	for _, p := range slices.SortedFunc(maps.Keys(l.leaving), startOrder) {
		switch s := p.State(); {
		case l.Find(p.Group, p.Name()) != p:
			delete(l.leaving, p)
		case s.IsStopped():
			delete(l.leaving, p)
			g := l.Group(p.Group)
			stopped[g] = append(stopped[g], p)
		case s != api.Stopping && !p.Gate().Stops:
			l.stopFor(p, l.leaving[p], now)
		}
	}
	for g, processes := range stopped {
		l.RemoveMembers(g, processes)
	}
	if len(l.leaving) == 0 {
		l.leaving = nil
	}
}

// leavingChanged has RemoveRetired called soon, because a process has changed. While none is retired, it costs one comparison.
func (l *Loop) leavingChanged(p *process.Process) {
	if _, leaves := l.leaving[p]; leaves && p.State() != api.Stopping {
		l.schedule(&l.nextLeave, p.Begun())
	}
}

// AddProcesses makes processes members of an active group; what starts by itself starts soon. None of them has the name
// of a member. They are processes of ordinary programs, also in a group of listeners or a plug-in.
func (l *Loop) AddProcesses(g *Group, added []*config.Process) {
	var processes []*process.Process
	for _, c := range added {
		p := l.newProcess(c, g.Config, process.Role{})
		l.listen(p, nil)
		processes = append(processes, p)
	}
	g.edit(func(members []*config.Process) []*config.Process { return append(members, added...) })
	g.Processes = append(slices.Clone(g.Processes), processes...)
	g.Processes = processOrder.Sort(g.Processes)
	l.startSoon(processes)
	l.layoutChanged()
}

// RemoveProcess takes a stopped process out of its group.
func (l *Loop) RemoveProcess(g *Group, p *process.Process) {
	l.removeProcesses(g, []*process.Process{p}, func(g *Group, change edit) { g.edit(change) })
	l.layoutChanged()
}

// removeUnusedSockets removes the sockets that no process of the group uses any more.
func (g *Group) removeUnusedSockets() {
	g.sockets = slices.DeleteFunc(g.sockets, func(s *socket.Socket) bool {
		used := slices.ContainsFunc(g.Processes, func(p *process.Process) bool { return p.Socket() == process.Socket(s) })
		if !used {
			s.Remove()
		}
		return !used
	})
}

func (l *Loop) removeProcesses(g *Group, removed []*process.Process, change func(*Group, edit)) {
	gone := make(map[*process.Process]bool, len(removed))
	configs := make(map[*config.Process]bool, len(removed))
	for _, p := range removed {
		gone[p], configs[p.Configured()] = true, true
		l.timers.Remove(p)
		l.unwatchFiles(p)
	}
	l.unlisten(removed)
	change(g, func(members []*config.Process) []*config.Process {
		return slices.DeleteFunc(members, func(c *config.Process) bool { return configs[c] })
	})
	without := func(x *process.Process) bool { return gone[x] }
	g.Processes = slices.DeleteFunc(slices.Clone(g.Processes), without)
	l.pending = slices.DeleteFunc(l.pending, without)
	if l.depends != nil {
		l.depends.forget(removed)
	}
	if l.schedules != nil {
		l.schedules.forget(removed)
	}
}

// edit is a change of the processes that a group is configured to have. It is given a copy.
type edit func([]*config.Process) []*config.Process

// edit changes which processes the group is configured to have. The configuration that was read stays as it is.
func (g *Group) edit(change edit) {
	edited := *g.Config
	edited.Processes = change(slices.Clone(edited.Processes))
	g.Config = &edited
}

// edit is Group.edit that changes the configuration that was read last, too, if it has the group as it is.
func (l *Loop) edit(g *Group, change edit) {
	before := g.Config
	g.edit(change)
	i := slices.IndexFunc(l.read.Groups, func(read *config.Group) bool { return read == before || read.Name == before.Name && read.Equal(before) })
	if i >= 0 {
		read := *l.read
		read.Groups = slices.Clone(read.Groups)
		read.Groups[i] = g.Config
		l.read = &read
	}
}
