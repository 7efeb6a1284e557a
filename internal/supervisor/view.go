package supervisor

import (
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/process"
)

// View is what can be asked of the loop. Nothing here changes what clients see. A View is valid only in the function that
// was given it, and what it returns may be read there only, unless it is a copy.
type View struct{ l *Loop }

// Groups are the active groups by ascending priority; of equal priority, the one that was added last comes last.
func (v View) Groups() []*Group { return v.l.groups }

// Group is the active group of that name, nil if there is none.
func (v View) Group(name string) *Group {
	for _, g := range v.l.groups {
		if g.Name() == name {
			return g
		}
	}
	return nil
}

// Nested are the group and those in its groups=, in the order of Groups. After a reread in which the group differs it is that group
// alone, because update stops a group by its name, and must not stop the others.
func (v View) Nested(g *Group) []*Group {
	if g.Config.Extra == nil {
		return []*Group{g}
	}
	i := slices.IndexFunc(v.l.read.Groups, func(read *config.Group) bool { return read.Name == g.Name() })
	if i < 0 || !v.l.read.Groups[i].Equal(g.Config) {
		return []*Group{g}
	}
	var nested []*Group
	for _, c := range config.Nested(v.Configs(), g.Config) {
		nested = append(nested, v.Group(c.Name))
	}
	return nested
}

// Configs are the configurations of the active groups, in the order of Groups.
func (v View) Configs() []*config.Group {
	list := make([]*config.Group, len(v.l.groups))
	for i, g := range v.l.groups {
		list[i] = g.Config
	}
	return list
}

// Named are the processes that a name means, as in config.Names, in the order in which they start; not ok if there are none of that
// name.
func (v View) Named(name string) (list []*process.Process, ok bool) {
	found, ok := config.NewNames(v.Configs()).Find(name)
	for _, n := range found {
		list = append(list, v.Find(n.Group.Name, n.Process.ProcessName))
	}
	return list, ok
}

// Find finds a process by the two parts of its namespec, nil if there is none.
func (v View) Find(group, name string) *process.Process {
	if g := v.Group(group); g != nil {
		return g.Process(name)
	}
	return nil
}

// Ordered reports whether processes may depend on others, so that a request about several may have to be done in order.
func (v View) Ordered() bool { return v.l.depends != nil }

// Processes are all processes of the active groups, by group and name.
func (v View) Processes() []*process.Process {
	l := v.l
	if l.listing == nil {
		for _, g := range l.groups {
			l.listing = append(l.listing, g.Processes...)
		}
		slices.SortFunc(l.listing, func(a, b *process.Process) int {
			if c := strings.Compare(a.Group, b.Group); c != 0 {
				return c
			}
			return strings.Compare(a.Name(), b.Name())
		})
	}
	return l.listing
}

// Pools returns numbers about the pools of listeners.
func (v View) Pools() []events.Stats { return v.l.shared.Events.Stats() }

// Config is the configuration that was read last.
func (v View) Config() *config.Config { return v.l.read }

// Started is the configuration with which supervisord started.
func (v View) Started() *config.Config { return v.l.options.Config }

// ChangedSince are the processes of which something changed at that time or later, in the order of Processes.
func (v View) ChangedSince(at time.Time) []*process.Process {
	var list []*process.Process
	for _, p := range v.Processes() {
		if !p.ChangedAt().Before(at) {
			list = append(list, p)
		}
	}
	return list
}

// Layout is another number whenever a group is added or removed.
func (v View) Layout() int { return v.l.layout }
