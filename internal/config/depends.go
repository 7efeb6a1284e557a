package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/ini"
	"github.com/gosupervisor/supervisor/internal/order"
)

// Depends has the keys of a program about what it depends on.
type Depends struct {
	On         []string // as written
	needs      []Need   // the same; known when all groups have been read
	Timeout    time.Duration
	Loss       string // LossIgnore, LossStop or LossRestart
	StartDelay time.Duration
}

// Need is an entry of depends_on.
type Need struct {
	Name      string          `json:"name"` // as in Names
	Condition order.Condition `json:"condition"`
	Optional  bool            `json:"optional,omitempty"`
}

// Depends returns the keys of a process about dependencies. Without an Extra it has none of them.
func (p *Process) Depends() Depends {
	if p.Extra == nil {
		return Depends{Loss: LossIgnore}
	}
	return *p.Extra.Depends
}

// Needs are the entries of depends_on.
func (d Depends) Needs() []Need { return d.needs }

// Needs returns what all processes of the group depend on.
func (g *Group) Needs() []Need {
	if g.Extra == nil {
		return nil
	}
	return g.Extra.needs
}

// dependsOn is depends_on of the group as written.
func (g *Group) dependsOn() []string {
	if g.Extra == nil {
		return nil
	}
	return g.Extra.DependsOn
}

// need parses an entry of depends_on. The text behind the last colon is a condition if it is one of the words, unless a process has
// this whole name. Without it, the end of programs that run to their end is meant, and that others are RUNNING.
func (n *Names) need(text string) Need {
	need := Need{Name: text, Condition: order.Running}
	need.Name, need.Optional = strings.CutPrefix(need.Name, "-")
	i := strings.LastIndexByte(need.Name, ':')
	if found, known := n.Find(need.Name); i < 0 || known {
		if len(found) > 0 && !slices.ContainsFunc(found, func(p Named) bool { return !p.Process.Oneshot() }) {
			need.Condition = order.Exited
		}
		return need
	}
	if c, ok := order.ParseCondition(need.Name[i+1:]); ok {
		need.Name, need.Condition = need.Name[:i], c
	}
	return need
}

func (n *Names) needs(texts []string) (needs []Need) {
	for _, text := range texts {
		needs = append(needs, n.need(text))
	}
	return needs
}

// dependencies finds out what depends_on of all sections means. Unknown names and cycles are errors or warnings, as dependencies= of
// [supervisord] says.
func (r *reader) dependencies(groups []*Group) error {
	if !slices.ContainsFunc(groups, dependent) {
		return nil
	}
	names := NewNames(groups)
	var nodes []order.Node[*Process]
	checked := map[string]bool{}
	for _, g := range groups {
		var common []Need
		if g.dependsOn() != nil {
			common = names.needs(g.dependsOn())
			g.Extra.needs = common
			if err := r.checkNeeds("group:"+g.Name, common, names); err != nil {
				return err
			}
		}
		for _, p := range g.Processes {
			if p.Extra != nil && p.Extra.Depends.On != nil {
				p.Extra.Depends.needs = names.needs(p.Extra.Depends.On)
				if !checked[p.Section] {
					checked[p.Section] = true
					if err := r.checkNeeds(p.Section, p.Extra.Depends.needs, names); err != nil {
						return err
					}
				}
			}
			nodes = append(nodes, order.Node[*Process]{Unit: p, Items: names.items(p, common)})
		}
	}
	_, cycles := order.New(nodes)
	for _, cycle := range cycles {
		if err := r.refuseCycle(cycle, groups); err != nil {
			return err
		}
	}
	return nil
}

// dependent reports whether the group or a process of it depends on anything.
func dependent(g *Group) bool {
	return g.dependsOn() != nil ||
		slices.ContainsFunc(g.Processes, func(p *Process) bool { return p.Extra != nil && p.Extra.Depends.On != nil })
}

// items are the dependencies of a process: its own and those of its group, which are not about the process itself.
func (n *Names) items(p *Process, common []Need) (items []order.Item[*Process]) {
	own := p.Depends().needs
	for i, need := range slices.Concat(own, common) {
		found, _ := n.Find(need.Name)
		var on []*Process
		for _, named := range found {
			on = append(on, named.Process)
		}
		if i >= len(own) && slices.Contains(on, p) {
			continue
		}
		items = append(items, order.Item[*Process]{Name: need.Name, Condition: need.Condition, Optional: need.Optional, On: on})
	}
	return items
}

// checkNeeds looks for unknown names in depends_on of a section.
func (r *reader) checkNeeds(section string, needs []Need, names *Names) error {
	for _, need := range needs {
		if _, ok := names.Find(need.Name); ok || r.broken(need.Name) {
			continue
		}
		text := "names unknown program or group " + need.Name
		if r.strict {
			if err := r.refuseAbsent(r.dependsError(section, text+meant(names.nearest(need)))); err != nil {
				return err
			}
			continue
		}
		r.dependsWarning(section, text+", which counts for nothing"+meant(names.nearest(need)))
	}
	return nil
}

// nearest returns the name that may be meant by an unknown one, with its condition; empty: none is close.
func (n *Names) nearest(need Need) string {
	var candidates []string
	add := func(name string) {
		candidates = append(candidates, name)
		if strings.Contains(need.Name, ":") {
			for _, word := range order.Conditions() {
				candidates = append(candidates, name+":"+word)
			}
		}
	}
	for _, g := range n.groups {
		add(g.Name)
		for _, p := range g.Processes {
			if p.Program.Name != g.Name {
				add(p.Program.Name)
			}
		}
	}
	return nearest(need.Name, candidates)
}

// refuseCycle reports processes each of which depends on the next.
func (r *reader) refuseCycle(cycle []*Process, groups []*Group) error {
	var path []string
	for _, p := range append(cycle, cycle[0]) {
		path = append(path, p.Program.Name)
	}
	text := strings.Join(path, " -> ")
	section := cycle[0].Section
	if cycle[0].Depends().On == nil {
		i := slices.IndexFunc(groups, func(g *Group) bool { return slices.Contains(g.Processes, cycle[0]) })
		section = "group:" + groups[i].Name
	}
	if !r.strict {
		r.dependsWarning(section, "is a cycle, which counts for nothing: "+text)
		return nil
	}
	return r.refuse(r.dependsError(section, "is a cycle: "+text))
}

// dependsWarning warns about depends_on of a section, and names its place.
func (r *reader) dependsWarning(section, text string) {
	place := ""
	if e := (*ini.Error)(nil); errors.As(r.dependsError(section, text), &e) && e.Line > 0 {
		place = fmt.Sprintf("%s:%d: ", e.File, e.Line)
	}
	r.warn("%s[%s] depends_on %s", place, section, text)
}

// dependsError is an error about depends_on of a section.
func (r *reader) dependsError(section, text string) error {
	s := r.doc.ByName[section]
	if s == nil {
		s = &ini.Section{Name: section}
	}
	k := r.section(s)
	k.separate = true // the caller reports it
	k.failf("depends_on", "[%s] depends_on %s", section, text)
	return k.err
}
