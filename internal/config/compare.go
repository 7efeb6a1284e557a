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
	return p.ProcessName == other.ProcessName && p.Command == other.Command && p.Directory == other.Directory &&
		p.Stdout == other.Stdout && p.Stderr == other.Stderr && maps.Equal(p.Environment, other.Environment) &&
		p.Program.equal(other.Program)
}

// equal leaves out the section's name and the user's, for neither changes what runs.
func (p *Program) equal(other *Program) bool {
	if p == other {
		return true
	}
	a, b := *p, *other
	same := slices.Equal(a.ExitCodes, b.ExitCodes) && (a.User == nil) == (b.User == nil) &&
		(a.Socket == nil) == (b.Socket == nil)
	if !same || a.User != nil && a.User.UID != b.User.UID || a.Socket != nil && *a.Socket != *b.Socket {
		return false
	}
	return a.Priority == b.Priority && a.AutoStart == b.AutoStart && a.AutoRestart == b.AutoRestart &&
		a.StartSecs == b.StartSecs && a.StartRetries == b.StartRetries &&
		a.StopSignal == b.StopSignal && a.StopWaitSecs == b.StopWaitSecs &&
		a.StopAsGroup == b.StopAsGroup && a.KillAsGroup == b.KillAsGroup &&
		a.Umask == b.Umask && a.RedirectErr == b.RedirectErr && a.ServerURL == b.ServerURL &&
		a.StdoutCapture == b.StdoutCapture && a.StderrCapture == b.StderrCapture &&
		a.StdoutEvents == b.StdoutEvents && a.StderrEvents == b.StderrEvents &&
		a.JudgesResults == b.JudgesResults
}
