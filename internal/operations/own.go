package operations

import (
	"hash/fnv"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// OwnsName reports whether a process exists for the caller.
func (s *Service) OwnsName(group, name string) bool {
	return s.caller == nil || s.caller.Owns(api.Namespec(group, name))
}

func (s *Service) owns(p *process.Process) bool { return s.OwnsName(p.Group, p.Name()) }

// own returns those processes that exist for the caller.
func (s *Service) own(processes []*process.Process) []*process.Process {
	if s.caller == nil {
		return processes
	}
	return slices.DeleteFunc(slices.Clone(processes), func(p *process.Process) bool { return !s.owns(p) })
}

// ownsGroup reports whether a group exists for the caller: if it has processes, and all exist.
func (s *Service) ownsGroup(g *config.Group) bool {
	return s.caller == nil || len(g.Processes) > 0 && !slices.ContainsFunc(g.Processes, func(p *config.Process) bool {
		return !s.OwnsName(g.Name, p.ProcessName)
	})
}

// ownsActive is ownsGroup for a group that is active.
func (s *Service) ownsActive(g *supervisor.Group) bool {
	return s.caller == nil || len(g.Processes) > 0 && len(s.own(g.Processes)) == len(g.Processes)
}

// named returns the processes that a name means, as in config.Names, and exist for the caller. Without one there is no such name, nor if
// it is that of a group of which not all exist.
func (s *Service) namedProcesses(v supervisor.View, name string) ([]*process.Process, bool) {
	list, ok := v.Named(name)
	if !ok || s.caller == nil {
		return list, ok
	}
	own := s.own(list)
	group, _, whole := api.SplitNamespec(name)
	if v.Group(group) != nil && (whole || !strings.Contains(name, ":")) && len(own) < len(list) {
		return nil, false
	}
	return own, len(own) > 0
}

// partial returns the groups of which some of the processes exist for the caller, and others do not.
func (s *Service) partial(v supervisor.View) (groups map[string]bool) {
	if s.caller == nil {
		return nil
	}
	groups = map[string]bool{}
	for _, g := range v.Groups() {
		if own := len(s.own(g.Processes)); own > 0 && own < len(g.Processes) {
			groups[g.Name()] = true
		}
	}
	return groups
}

// others takes the place of the names of programs that may not exist for the caller.
const others = "other programs"

// info is the state of a process, without the names of others.
func (s *Service) info(p *process.Process, now time.Time) api.ProcessInfo {
	info := p.Info(now)
	if s.caller == nil || info.More == nil || info.More.WaitsFor == "" {
		return info
	}
	more := *info.More
	info.Description = strings.ReplaceAll(info.Description, more.WaitsFor, others)
	more.WaitsFor = others
	info.More = &more
	return info
}

// ownDependencies are those whose names mean something for the caller.
func (s *Service) ownDependencies(v supervisor.View, list []api.Dependency) []api.Dependency {
	if s.caller == nil {
		return list
	}
	return slices.DeleteFunc(list, func(d api.Dependency) bool {
		_, exists := s.namedProcesses(v, d.Name)
		return !exists
	})
}

// layout changes when groups are added or removed; for a caller with programs of its own, when one of these is.
func (s *Service) layout(v supervisor.View) int {
	if s.caller == nil {
		return v.Layout()
	}
	sum := fnv.New32a()
	for _, p := range s.own(v.Processes()) {
		_, _ = io.WriteString(sum, p.Group+":"+p.Name()+"\n")
	}
	return int(sum.Sum32())
}

// ownSections are the sections of programs and groups that exist for the caller.
func (s *Service) ownSections(active []*config.Group, list []api.ConfigSection) []api.ConfigSection {
	owned := map[string]bool{} // sections of which all processes exist for the caller
	note := func(section string, own bool) {
		before, known := owned[section]
		owned[section] = own && (before || !known)
	}
	for _, g := range active {
		for _, p := range g.Processes {
			note(p.Section, s.OwnsName(g.Name, p.ProcessName))
		}
		note("group:"+g.Name, s.ownsGroup(g))
	}
	return slices.DeleteFunc(list, func(c api.ConfigSection) bool { return !owned[c.Name] })
}
