package config

import (
	"slices"
)

// Diff names the groups in which two readings differ: those added and changed in the order of the new reading, those
// removed in the order of the running groups. Source: reloadConfig.
type Diff struct{ Added, Changed, Removed []string }

// Compare returns the changes from the running groups to those that were read.
func Compare(running, read []*Group) Diff {
	var d Diff
	old := make(map[string]*Group, len(running))
	for _, g := range running {
		old[g.Name] = g
	}
	stays := make(map[string]bool, len(read))
	for _, g := range read {
		stays[g.Name] = true
		if before := old[g.Name]; before == nil {
			d.Added = append(d.Added, g.Name)
		} else if !before.Equal(g) {
			d.Changed = append(d.Changed, g.Name)
		}
	}
	for _, g := range running {
		if !stays[g.Name] {
			d.Removed = append(d.Removed, g.Name)
		}
	}
	return d
}

// Equal reports whether two groups are the same in all keys for which update restarts a group. A program is the same alone and in a
// [group:x] of its name.
func (g *Group) Equal(other *Group) bool {
	if g.kind() != other.kind() || g.Priority != other.Priority || !g.Pool.equal(other.Pool) ||
		!g.Plugin.equal(other.Plugin) || !slices.Equal(g.nested(), other.nested()) ||
		!slices.Equal(g.dependsOn(), other.dependsOn()) {
		return false
	}
	return slices.EqualFunc(g.Processes, other.Processes, (*Process).equal)
}

func (g *Group) kind() Kind {
	if g.Kind == NamedGroup {
		return ProgramGroup
	}
	return g.Kind
}

func (p *Pool) equal(other *Pool) bool {
	if p == nil || other == nil {
		return p == other
	}
	return !differ(listenerKeys, p, other)
}

func (p *Plugin) equal(other *Plugin) bool {
	if p == nil || other == nil {
		return p == other
	}
	return !differ(pluginKeys, p, other)
}

func (s *Socket) equal(other *Socket) bool {
	if s == nil || other == nil {
		return s == other
	}
	return *s == *other
}

// equal compares all keys of a program.
func (p *Process) equal(other *Process) bool {
	return !differ(processKeys, p, other) && p.HandlesResults == other.HandlesResults && p.Socket.equal(other.Socket)
}
