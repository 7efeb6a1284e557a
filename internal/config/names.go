package config

import (
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// Names finds processes by the names that keys and commands take: a group, GROUP:PROCESS, GROUP:* or a program, in this order.
// It is built from groups once, which costs a pass over all processes; then each name costs a look-up. It is pure, and any goroutine may
// use it while the groups do not change.
type Names struct {
	groups   []*Group
	byName   map[string]*Group
	programs map[string][]Named
}

// Named is a process that has a name.
type Named struct {
	Group   *Group
	Process *Process
}

// Namespec is the name that clients use for the process.
func (n Named) Namespec() string { return api.Namespec(n.Group.Name, n.Process.ProcessName) }

// NewNames takes the groups in the order in which they start.
func NewNames(groups []*Group) *Names {
	n := &Names{groups: groups, byName: make(map[string]*Group, len(groups)), programs: map[string][]Named{}}
	for _, g := range groups {
		n.byName[g.Name] = g
		for _, p := range g.Processes {
			n.programs[p.Program.Name] = append(n.programs[p.Program.Name], Named{g, p})
		}
	}
	return n
}

// Find returns the processes that a name means, in the order in which they start. A group stands for its own processes and for those
// of the groups in its groups=. It is not ok if nothing has this name; a group without processes is ok.
func (n *Names) Find(name string) (list []Named, ok bool) {
	group, process, whole := api.SplitNamespec(name)
	g := n.byName[group]
	switch {
	case g != nil && (whole || !strings.Contains(name, ":")):
		for _, member := range Nested(n.groups, g) {
			for _, p := range member.Processes {
				list = append(list, Named{member, p})
			}
		}
		return list, true
	case g != nil:
		i := slices.IndexFunc(g.Processes, func(p *Process) bool { return p.ProcessName == process })
		if i < 0 {
			return nil, false
		}
		return []Named{{g, g.Processes[i]}}, true
	}
	list = n.programs[name]
	return list, list != nil
}

// nested returns the names in groups= of a group.
func (g *Group) nested() []string {
	if g.Extra == nil {
		return nil
	}
	return g.Extra.Groups
}

// Nested returns the group and those in its groups=, directly or through others, in the order of groups. Names of groups that are not
// there are left out.
func Nested(groups []*Group, of *Group) []*Group {
	if of.nested() == nil {
		return []*Group{of}
	}
	byName := make(map[string]*Group, len(groups))
	for _, g := range groups {
		byName[g.Name] = g
	}
	found := map[*Group]bool{}
	var follow func(g *Group)
	follow = func(g *Group) {
		if g == nil || found[g] {
			return
		}
		found[g] = true
		for _, name := range g.nested() {
			follow(byName[name])
		}
	}
	follow(of)
	return slices.DeleteFunc(slices.Clone(groups), func(g *Group) bool { return !found[g] })
}

// checkNested refuses groups= with unknown names and cycles. Sections has the section of each group.
func (r *reader) checkNested(groups []*Group, sections map[string]*ini.Section) error {
	byName := make(map[string]*Group, len(groups))
	for _, g := range groups {
		byName[g.Name] = g
	}
	reported := map[string]bool{} // the groups of cycles
	for _, g := range groups {
		for _, name := range g.nested() {
			if byName[name] != nil || r.broken(name) {
				continue
			}
			if err := r.refuseAbsent(r.nestedError(sections[g.Name], "names unknown group "+name)); err != nil {
				return err
			}
		}
		cycle := cycleOf(byName, g.Name)
		if cycle == nil || reported[g.Name] {
			continue
		}
		for _, name := range cycle {
			reported[name] = true
		}
		if err := r.refuse(r.nestedError(sections[g.Name], "groups is a cycle: "+strings.Join(cycle, " -> "))); err != nil {
			return err
		}
	}
	return nil
}

// cycleOf returns a path of names of groups from start to start, or nil.
func cycleOf(byName map[string]*Group, start string) []string {
	seen := map[string]bool{}
	var follow func(name string, path []string) []string
	follow = func(name string, path []string) []string {
		path = append(path, name)
		if len(path) > 1 && name == start {
			return path
		}
		if g := byName[name]; g != nil && !seen[name] {
			seen[name] = true
			for _, next := range g.nested() {
				if found := follow(next, path); found != nil {
					return found
				}
			}
		}
		return nil
	}
	return follow(start, nil)
}

// broken reports whether there is a section for a group of that name, whose own error was collected.
func (r *reader) broken(group string) bool {
	if r.check == nil {
		return false
	}
	for _, k := range sectionKinds {
		if k.in&(InGroup|InPrograms) != 0 && r.doc.ByName[k.name+group] != nil {
			return true
		}
	}
	return false
}

// nestedError is an error about groups= of a section.
func (r *reader) nestedError(s *ini.Section, text string) error {
	k := r.section(s)
	k.separate = true // the caller reports it
	k.failf("groups", "[%s] %s", s.Name, text)
	return k.err
}
