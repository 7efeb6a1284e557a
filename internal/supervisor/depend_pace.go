package supervisor

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
)

// pace limits how fast processes are started for the first time: start_interval and max_starting.
type pace struct {
	interval time.Duration
	most     int
	next     deadline                  // of the next start
	starting map[*process.Process]bool // by a first start
}

// paced reports whether the configuration has a pace.
func paced(s *config.Supervisord) bool { return s.StartInterval > 0 || s.MaxStarting > 0 }

func newPace(s *config.Supervisord) pace {
	return pace{interval: s.StartInterval, most: s.MaxStarting, starting: map[*process.Process]bool{}}
}

// allows reports whether one more process may be started for the first time now.
func (p *pace) allows() bool { return p.next.at.IsZero() && (p.most == 0 || len(p.starting) < p.most) }

// started notes a first start.
func (d *depends) started(p *process.Process, now time.Time) {
	if d.pace.most > 0 && p.State() == api.Starting {
		d.pace.starting[p] = true
	}
	if d.pace.interval > 0 {
		d.pace.next.run = func(time.Time) { d.loop.schedule(&d.pace.next, time.Time{}) }
		d.loop.schedule(&d.pace.next, now.Add(d.pace.interval))
	}
}

// changed notes a change of a process.
func (p *pace) changed(of *process.Process) {
	if len(p.starting) > 0 && of.State() != api.Starting {
		delete(p.starting, of)
	}
}

// queue holds processes that wait for their first start because of the pace, so that a request can end that.
func (d *depends) queue(processes []*process.Process) {
	if d.pace.interval == 0 && d.pace.most == 0 {
		return
	}
	for _, p := range processes {
		if g := d.gates[p]; g != nil && p.Config.AutoStarts() && !p.Disabled() {
			g.first = inQueue
			p.SetGate(process.Gate{Held: true})
		}
	}
}
