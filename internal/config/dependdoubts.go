package config

import (
	"slices"

	"github.com/gosupervisor/supervisor/internal/order"
)

// dependencies looks for dependencies that do not come by themselves, and for conditions that mean less than they say.
func (d *doubts) dependencies(groups []*Group) {
	if !slices.ContainsFunc(groups, dependent) {
		return
	}
	names := NewNames(groups)
	for _, g := range groups {
		d.needs("group:"+g.Name, g.Needs(), names)
		for _, p := range g.Processes {
			d.needs(p.Section, p.Depends().needs, names)
		}
	}
}

func (d *doubts) needs(section string, needs []Need, names *Names) {
	for _, n := range needs {
		found, _ := names.Find(n.Name)
		for _, on := range found {
			if !on.Process.Start.Auto && !n.Optional {
				d.add(section, "depends_on", on.Namespec()+" has autostart=false: the program waits until a request starts it")
			}
			if name := on.Process.activatedBy(); name != "" && on.Process.Start.Auto && !n.Optional {
				d.add(section, "depends_on", on.Namespec()+" is started by a connection to socket "+name+": the program waits until one comes")
			}
			if n.Condition == order.Healthy && !on.Process.watched() {
				d.add(section, "depends_on", on.Namespec()+" has no health check: healthy means the same as ready")
			}
		}
	}
}

// watched reports whether the process has a health.
func (p *Process) watched() bool {
	return p.Extra != nil && (p.Extra.Checks.Used() || p.Extra.Notify.Watchdog > 0)
}
