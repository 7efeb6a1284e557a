package supervisor

import (
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
)

// stopSet is a request to stop several processes some of which depend on others of them. Each is stopped when those of the set that
// depend on it have stopped.
type stopSet struct {
	remaining []*process.Process // that have not stopped, in the order of the request
	begun     map[*process.Process]bool
	next      map[*process.Process]bool // whose turn it is
	held      map[*process.Process]bool // dependents that are started again when the dependency is back
	changed   bool
}

// BeginStop prepares a request to stop these processes, and stops those first that depend on them and have dependency_loss=stop. It
// returns false if no process must wait for another: then nothing needs to be prepared. Otherwise StopInTurn is to be called for each
// of the processes, before anything else happens.
func (l *Loop) BeginStop(processes []*process.Process, now time.Time) bool {
	d := l.depends
	if d == nil {
		return false
	}
	graph := d.graphNow()
	s := &stopSet{begun: map[*process.Process]bool{}, held: map[*process.Process]bool{}}
	for _, p := range processes {
		if !p.State().IsStopped() || p.Awaited() {
			s.remaining, s.begun[p] = append(s.remaining, p), p.State() == api.Stopping
		}
	}
	for i := 0; i < len(s.remaining); i++ {
		for _, p := range graph.Dependents(s.remaining[i]) {
			if p.State().IsRunning() && p.Config.Depends().Loss == config.LossStop && !slices.Contains(s.remaining, p) {
				s.remaining = append(s.remaining, p)
				s.held[p] = true
			}
		}
	}
	if len(graph.Next(s.remaining)) == len(s.remaining) {
		return false
	}
	d.stops = append(d.stops, s)
	s.takeTurns(d)
	for _, p := range s.remaining {
		d.processChanged(p) // it counts as one that stops
		if s.held[p] && s.next[p] {
			s.stop(d, p, now)
		}
	}
	return true
}

// StopInTurn stops a process as soon as it is its turn. Problem is empty, or says why it cannot be stopped.
func (l *Loop) StopInTurn(p *process.Process, now time.Time) (problem string) {
	if l.depends != nil {
		for _, s := range l.depends.stops {
			if slices.Contains(s.remaining, p) && !s.begun[p] {
				if !s.next[p] {
					return ""
				}
				return s.stop(l.depends, p, now)
			}
		}
	}
	return p.Stop(now)
}

// takeTurns finds out whose turn it is, and has the others show for what they wait.
func (s *stopSet) takeTurns(d *depends) {
	s.next = map[*process.Process]bool{}
	for _, p := range d.graphNow().Next(s.remaining) {
		s.next[p] = true
	}
	for _, p := range s.remaining {
		if s.next[p] || s.begun[p] {
			continue
		}
		var before []string
		for _, dependent := range d.graph.Dependents(p) {
			if slices.Contains(s.remaining, dependent) {
				before = append(before, dependent.Name()+" (stopping)")
			}
		}
		gate := p.Gate()
		gate.WaitsFor = strings.Join(before, ", ")
		p.SetGate(gate)
	}
}

// stop stops a process whose turn it is.
func (s *stopSet) stop(d *depends, p *process.Process, now time.Time) (problem string) {
	s.begun[p] = true
	gate := p.Gate()
	gate.WaitsFor = ""
	p.SetGate(gate)
	if s.held[p] {
		d.stopHeld(p, s.cause(d, p), now)
		return ""
	}
	p.CancelStart(now) // it may have ended by itself
	return p.Stop(now)
}

// cause says which process of the set a held one depends on.
func (s *stopSet) cause(d *depends, p *process.Process) string {
	for _, i := range d.graph.Items(p) {
		if slices.ContainsFunc(i.On, func(on *process.Process) bool { return slices.Contains(s.remaining, on) }) {
			return i.Name + " is " + api.Stopping.String()
		}
	}
	return ""
}

// progress stops the processes whose turn it is now. One that ends while it waits is not restarted. Over is true if all have stopped.
func (s *stopSet) progress(d *depends, now time.Time) (over bool) {
	s.changed = false
	for _, p := range s.remaining {
		ended := p.State().IsStopped() || p.State() == api.Backoff
		if ended && !s.begun[p] && !s.held[p] {
			s.stop(d, p, now)
		}
	}
	s.remaining = slices.DeleteFunc(s.remaining, func(p *process.Process) bool { return p.State().IsStopped() })
	if len(s.remaining) == 0 {
		return true
	}
	s.takeTurns(d)
	for _, p := range slices.Clone(s.remaining) {
		if s.next[p] && !s.begun[p] {
			s.stop(d, p, now)
		}
	}
	return false
}

// waitsToStop reports whether a process is to stop, and it is not its turn.
func (d *depends) waitsToStop(p *process.Process) bool {
	return slices.ContainsFunc(d.stops, func(s *stopSet) bool { return slices.Contains(s.remaining, p) && !s.begun[p] })
}

// stopHeld stops a process that is started again when its dependencies are met.
func (d *depends) stopHeld(p *process.Process, cause string, now time.Time) {
	if g := d.gates[p]; g != nil {
		g.open = false
		d.setShut(g, true)
	}
	d.loop.log.Infof("stopping %s: dependency (%s)", p.Name(), cause)
	p.Recycle(api.Reason{Why: api.WhyDependency, Text: cause}, now)
}

// progress goes on with the requests in which processes wait for others.
func (d *depends) progress(now time.Time) {
	for _, s := range slices.Clone(d.starts) {
		if s.changed && s.progress(d, now) {
			d.starts = slices.DeleteFunc(d.starts, func(x *startSet) bool { return x == s })
		}
	}
	for _, s := range slices.Clone(d.stops) {
		if s.changed && s.progress(d, now) {
			d.stops = slices.DeleteFunc(d.stops, func(x *stopSet) bool { return x == s })
		}
	}
}

// end drops all waits at the beginning of a shutdown.
func (d *depends) end() {
	d.graphNow()
	d.ended, d.starts, d.stops, d.changed = true, nil, nil, nil
	for _, g := range d.gates {
		d.endHold(g)
		g.process.SetGate(process.Gate{})
	}
	d.loop.schedule(&d.pace.next, time.Time{})
}

// stopGroup stops the processes of a group at a shutdown, after those that depend on them, in whatever group these are.
func (d *depends) stopGroup(g *Group, now time.Time) {
	set := slices.DeleteFunc(slices.Clone(g.Processes), func(p *process.Process) bool { return p.State().IsStopped() })
	slices.Reverse(set)
	for i := 0; i < len(set); i++ {
		for _, p := range d.graphNow().Dependents(set[i]) {
			if !p.State().IsStopped() && !slices.Contains(set, p) {
				set = append(set, p)
			}
		}
	}
	for _, p := range d.graph.Next(set) {
		if p.State() != api.Stopping {
			p.Stop(now)
		}
	}
}
