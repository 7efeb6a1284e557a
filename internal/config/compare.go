package config

import (
	"maps"
	"slices"
)

// Diff names the groups in which two readings differ: those added and changed in the order of the new reading, those
// removed in the order of the running groups. Source: reloadConfig.
type Diff struct{ Added, Changed, Removed []string }

// Compare tells what would have to happen to the running groups to get to those just read.
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
		} else if !before.equal(g) {
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

// equal tells whether two groups would run the same. It is no difference whether a program stands alone or in a
// [group:x] of its name.
func (g *Group) equal(other *Group) bool {
	if kindOf(g) != kindOf(other) || g.Priority != other.Priority || !g.Pool.equal(other.Pool) ||
		!g.Plugin.equal(other.Plugin) {
		return false
	}
	return slices.EqualFunc(g.Processes, other.Processes, (*Process).equal)
}

func kindOf(g *Group) Kind {
	if g.Kind == NamedGroup {
		return ProgramGroup
	}
	return g.Kind
}

func (p *Pool) equal(other *Pool) bool {
	if p == nil || other == nil {
		return p == other
	}
	return p.BufferSize == other.BufferSize && p.ResultHandler == other.ResultHandler &&
		p.HandlerTimeout == other.HandlerTimeout && p.PayloadBytes == other.PayloadBytes &&
		slices.Equal(slices.Sorted(slices.Values(p.Events)), slices.Sorted(slices.Values(other.Events)))
}

func (p *Plugin) equal(other *Plugin) bool {
	if p == nil || other == nil {
		return p == other
	}
	return p.URL == other.URL && p.CallWait == other.CallWait && p.CallLimit == other.CallLimit &&
		p.ResultMax == other.ResultMax && slices.Equal(p.EventTypes, other.EventTypes)
}

func (p *Process) equal(other *Process) bool {
	return p.ProcessName == other.ProcessName && p.Out == other.Out && p.Err == other.Err && p.Run.equal(&other.Run) &&
		p.Program.equal(other.Program)
}

// equal leaves out the user's name, which does not change what runs.
func (r *Run) equal(other *Run) bool {
	if (r.User == nil) != (other.User == nil) || r.User != nil && r.User.UID != other.User.UID {
		return false
	}
	return r.Command == other.Command && r.Directory == other.Directory && r.Umask == other.Umask &&
		r.ServerURL == other.ServerURL && maps.Equal(r.Environment, other.Environment)
}

// equal leaves out the section's name, which does not change what runs.
func (p *Program) equal(other *Program) bool {
	if p == other {
		return true
	}
	if (p.Socket == nil) != (other.Socket == nil) || p.Socket != nil && *p.Socket != *other.Socket {
		return false
	}
	return p.Priority == other.Priority && p.Start == other.Start && p.Backoff == other.Backoff &&
		p.Exit.Restart == other.Exit.Restart && slices.Equal(p.Exit.Codes, other.Exit.Codes) && p.Stop == other.Stop &&
		p.RedirectErr == other.RedirectErr && p.HandlesResults == other.HandlesResults
}
