package supervisor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/order"
	"github.com/gosupervisor/supervisor/internal/process"
)

// Dependencies are what a process depends on, in the order of the configuration, with those that count for nothing.
func (v View) Dependencies(p *process.Process) (list []api.Dependency) {
	d := v.l.depends
	if d == nil || d.gates[p] == nil {
		return nil
	}
	items := d.graphNow().Items(p)
	for _, n := range d.gates[p].needs {
		if !n.known {
			list = append(list, api.Dependency{Name: n.Name, Condition: n.Condition.String(), Optional: n.Optional, Met: true,
				Text: "unknown, counts for nothing"})
			continue
		}
		if len(items) == 0 || items[0].Name != n.Name || items[0].Condition != n.Condition || items[0].Optional != n.Optional {
			continue // a dependency of the group that is the process itself
		}
		i := items[0]
		items = items[1:]
		list = append(list, api.Dependency{Name: i.Name, Condition: i.Condition.String(), Optional: i.Optional,
			Met: i.Met(d.facts), Text: d.itemText(v, i)})
	}
	return list
}

// itemText is the state of the processes of a dependency, with their numbers if there are several states.
func (d *depends) itemText(v View, i item) string {
	if len(i.On) == 0 {
		named, _ := v.Named(i.Name)
		switch {
		case i.Missing:
			return "removed"
		case len(named) > 0:
			return "a cycle, which counts for nothing"
		}
		return "no process"
	}
	var texts []string
	count := map[string]int{}
	for _, on := range i.On {
		text := d.stateText(on, i.Condition)
		if count[text]++; count[text] == 1 {
			texts = append(texts, text)
		}
	}
	if len(texts) == 1 {
		return texts[0]
	}
	for k, text := range texts {
		texts[k] = fmt.Sprintf("%d %s", count[text], text)
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}

// stateText is the state of a process, and what else matters for a condition.
func (d *depends) stateText(p *process.Process, c order.Condition) string {
	f, text := d.facts(p), p.State().String()
	switch {
	case p.State() != f.State:
		text += ", to be stopped"
	case f.State == api.Exited && !f.Expected:
		text += " unexpectedly"
	case f.State == api.Running && c >= order.Ready && f.Unready:
		text += ", not ready"
	case f.State == api.Running && c == order.Healthy && f.Checked && !f.Healthy:
		text += ", not healthy"
	}
	return text
}
