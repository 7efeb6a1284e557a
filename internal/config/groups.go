package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/ini"
)

// groups reads all groups and their processes: first [group:x], whose members have no groups of their own, then programs, event
// listeners, FastCGI programs and plug-ins.
func (r *reader) groups() ([]*Group, error) {
	members := map[*ini.Section]bool{}
	type source struct {
		group *Group
		from  *ini.Section
	}
	var list []source
	for _, kind := range []struct {
		prefix string
		read   func(s *ini.Section, name string) (*Group, error)
	}{
		{"group:", func(s *ini.Section, name string) (*Group, error) { return r.readNamedGroup(s, name, members) }},
		{"program:", r.programGroup},
		{"eventlistener:", r.listenerGroup},
		{"fcgi-program:", r.fastCGIGroup},
		{pluginPrefix, r.pluginGroup},
	} {
		for _, s := range r.doc.Sections {
			name, ok := strings.CutPrefix(s.Name, kind.prefix)
			if !ok || members[s] || kind.prefix == pluginPrefix && !r.isPlugin(s) {
				continue
			}
			g, err := kind.read(s, name)
			if err != nil {
				if err := r.refuse(err); err != nil {
					return nil, err
				}
				continue
			}
			list = append(list, source{g, s})
		}
	}
	slices.SortStableFunc(list, func(a, b source) int {
		return cmp.Or(cmp.Compare(a.group.Priority, b.group.Priority), strings.Compare(a.group.Name, b.group.Name))
	})
	var groups []*Group
	seen := map[string]*ini.Section{}
	for _, l := range list {
		if first := seen[l.group.Name]; first != nil {
			if l.group.Kind == PluginGroup || strings.HasPrefix(first.Name, pluginPrefix) {
				if err := r.refuse(sectionError(l.from, fmt.Errorf("[%s] has the same group name as [%s]",
					l.from.Name, first.Name))); err != nil {
					return nil, err
				}
				continue
			}
			r.warn("[%s] has the same group name as [%s] and is ignored", l.from.Name, first.Name)
			continue
		}
		seen[l.group.Name] = l.from
		r.dropEqualNames(l.group)
		groups = append(groups, l.group)
	}
	return groups, r.checkNested(groups, seen)
}

// dropEqualNames keeps the last of several processes with the same name, in the position of the first.
func (r *reader) dropEqualNames(g *Group) {
	places := make(map[string]int, len(g.Processes))
	kept := g.Processes[:0]
	for _, p := range g.Processes {
		if place, ok := places[p.ProcessName]; ok {
			r.warn("process name %s occurs more than once in group %s, only the one of [%s] counts",
				p.ProcessName, g.Name, p.Section)
			kept[place] = p
			continue
		}
		places[p.ProcessName] = len(kept)
		kept = append(kept, p)
	}
	g.Processes = kept
	slices.SortStableFunc(g.Processes, func(a, b *Process) int { return cmp.Compare(a.Priority, b.Priority) })
}

// sectionError returns an error about a section; nothing is added to its message.
func sectionError(s *ini.Section, err error) error {
	return &ini.Error{File: s.First.Path, Line: s.Line, Section: s.Name, Text: err.Error()}
}

// namedGroup is a [group:x] section.
type namedGroup struct {
	Group
	programs []string // the names of its programs
	extra    GroupExtra
}

// readNamedGroup reads a [group:x] section and its programs.
func (r *reader) readNamedGroup(s *ini.Section, name string, members map[*ini.Section]bool) (*Group, error) {
	name, err := parseName(name)
	if err != nil {
		return nil, sectionError(s, err)
	}
	k := r.section(s)
	g := &namedGroup{Group: Group{Name: name, Kind: NamedGroup}}
	if readAll(k, groupKeys, g); k.err != nil {
		return nil, k.err
	}
	seen := map[*ini.Section]bool{}
	for _, program := range g.programs {
		member, err := r.member(s, program)
		if err != nil {
			if err := r.refuseAbsent(err); err != nil {
				return nil, err
			}
			continue
		}
		members[member] = true
		if seen[member] {
			continue
		}
		seen[member] = true
		processes, err := r.processes(member, name)
		if err != nil {
			return nil, err
		}
		r.memberSocket(member, processes)
		g.Processes = append(g.Processes, processes...)
	}
	if g.extra.Groups != nil || g.extra.DependsOn != nil {
		g.Extra = &g.extra
	}
	return &g.Group, nil
}

// member is the section of a group's program, which is either a program or a FastCGI program.
func (r *reader) member(group *ini.Section, name string) (*ini.Section, error) {
	program, fastCGI := r.doc.ByName["program:"+name], r.doc.ByName["fcgi-program:"+name]
	switch {
	case program == nil && fastCGI == nil:
		return nil, r.memberError(group, "names unknown program or fcgi-program %s", name)
	case program != nil && fastCGI != nil:
		return nil, r.memberError(group, "name %s is ambiguous (exists as program and fcgi-program)", name)
	case program != nil:
		return program, nil
	}
	return fastCGI, nil
}

func (r *reader) memberError(group *ini.Section, format, name string) error {
	k := r.section(group)
	k.separate = true // the caller reports it
	k.failf("programs", "[%s] "+format, group.Name, name)
	return k.err
}

// programGroup reads a [program:x] section that is not in a [group:x].
func (r *reader) programGroup(s *ini.Section, name string) (*Group, error) {
	name, err := parseName(name)
	if err != nil {
		return nil, sectionError(s, err)
	}
	k := r.section(s)
	g := &Group{Name: name, Kind: ProgramGroup}
	if programPriority.read(k, g); k.err != nil {
		return nil, k.err
	}
	g.Processes, err = r.processes(s, name)
	return g, err
}
