package supervisor

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/order"
	"github.com/gosupervisor/supervisor/internal/process"
)

// ending is what happens to a process of a stopSet when it is its turn.
type ending struct {
	reason api.Reason
	again  bool // it is started again
	lost   bool // it is, when what it depends on is back
}

var requestedStop = ending{reason: api.Reason{Why: api.WhyRequest}}

// stopSet is a stop of several processes some of which depend on others of them: a request, or that of one process with those that
// depend on it and have dependency_loss=stop. Each is stopped when those of the set that depend on it have stopped.
type stopSet struct {
	remaining []*process.Process // that have not stopped, in the order of the request
	ends      map[*process.Process]ending
	begun     map[*process.Process]bool // it is being stopped, or that is the task of another set
	next      map[*process.Process]bool // whose turn it is
	changed   bool
}

// BeginStop prepares a request to stop these processes, and stops those first that depend on them and have dependency_loss=stop. It
// returns false if no process must wait for another: then nothing needs to be prepared. Otherwise StopInTurn is to be called for each
// of the processes, before anything else happens.
func (l *Loop) BeginStop(processes []*process.Process, now time.Time) bool {
	return l.depends != nil && l.depends.beginStop(processes, requestedStop, now)
}

// beginStop makes a stopSet. It returns false if no process must wait for another. Of a process that waits already, a request
// changes what happens to it at its turn.
func (d *depends) beginStop(processes []*process.Process, e ending, now time.Time) (waits bool) {
	s := &stopSet{ends: map[*process.Process]ending{}, begun: map[*process.Process]bool{}}
	for _, p := range processes {
		if earlier := d.waiting(p); earlier != nil {
			waits = true
			if e.reason.Why == api.WhyRequest {
				earlier.ends[p] = e
				earlier.takeTurns(d)
			}
		} else if !p.State().IsStopped() {
			s.remaining, s.ends[p], s.begun[p] = append(s.remaining, p), e, p.State() == api.Stopping
		}
	}
	d.addDependents(s)
	if len(d.graph.Next(s.remaining)) == len(s.remaining) {
		return waits
	}
	d.stops = append(d.stops, s)
	s.takeTurns(d)
	for _, p := range s.remaining {
		if s.ends[p].lost && s.next[p] && !s.begun[p] {
			s.stop(d, p, now)
		}
	}
	return true
}

// addDependents adds to a set what depends on its processes, has dependency_loss=stop, and would lose them.
func (d *depends) addDependents(s *stopSet) {
	for i := 0; i < len(s.remaining); i++ {
		for _, p := range d.graphNow().Dependents(s.remaining[i]) {
			up := p.State() == api.Starting || p.State() == api.Running || p.State() == api.Stopping
			if up && p.Config.Depends().Loss == config.LossStop && !slices.Contains(s.remaining, p) && s.isLostTo(d, p) {
				s.remaining, s.ends[p] = append(s.remaining, p), ending{lost: true, again: true}
				s.begun[p] = p.State() == api.Stopping || d.waiting(p) != nil
			}
		}
	}
}

// isLostTo reports whether a process loses what it depends on when the set stops.
func (s *stopSet) isLostTo(d *depends, p *process.Process) bool {
	for _, i := range d.graph.Items(p) {
		touched := false
		lost := i.Lost(func(on *process.Process) order.Facts {
			f := d.facts(on)
			if slices.Contains(s.remaining, on) {
				touched = true
				f.State, f.Gone = api.Stopping, !s.ends[on].again
			}
			return f
		})
		if touched && lost {
			return true
		}
	}
	return false
}

// StopInTurn stops a process as soon as it is its turn. Problem is empty, or says why it cannot be stopped.
func (l *Loop) StopInTurn(p *process.Process, now time.Time) (problem string) {
	if problem, inTurn := l.inTurn(p, now); inTurn {
		return problem
	}
	return p.Stop(now)
}

// inTurn stops a process of a stopSet if it is its turn. It returns false for others.
func (l *Loop) inTurn(p *process.Process, now time.Time) (problem string, ok bool) {
	if l.depends == nil {
		return "", false
	}
	s := l.depends.waiting(p)
	if s != nil && s.next[p] {
		problem = s.stop(l.depends, p, now)
	}
	return problem, s != nil
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
		gate.WaitsFor, gate.Stops, gate.Again, gate.Kept = strings.Join(before, ", "), true, s.ends[p].again, false
		p.SetGate(gate)
	}
}

// stop does with a process what is to be done at its turn. Problem says why it cannot be stopped.
func (s *stopSet) stop(d *depends, p *process.Process, now time.Time) (problem string) {
	s.begun[p] = true
	clearTurn(p)
	switch e := s.ends[p]; {
	case e.lost:
		d.lose(p, cmp.Or(e.reason.Text, s.cause(d, p)), now)
	case e.again:
		if d.loop.stopToStart(p, e.reason, now) {
			d.holdRestart(p)
		}
	default:
		p.CancelStart(now) // it may have ended by itself
		if e.reason.Why != api.WhyRequest {
			p.StopFor(e.reason, now)
			return ""
		}
		return p.Stop(now)
	}
	return ""
}

// clearTurn ends the wait of a process for its turn.
func clearTurn(p *process.Process) {
	gate := p.Gate()
	if gate.Stops {
		gate.WaitsFor = ""
	}
	gate.Stops, gate.Again = false, false
	p.SetGate(gate)
}

// cause says which process of the set a dependent depends on.
func (s *stopSet) cause(d *depends, p *process.Process) string {
	for _, i := range d.graph.Items(p) {
		if slices.ContainsFunc(i.On, func(on *process.Process) bool { return slices.Contains(s.remaining, on) }) {
			return i.Name + " is " + api.Stopping.String()
		}
	}
	return ""
}

// progress stops the processes whose turn it is now. Over is true if all have stopped.
func (s *stopSet) progress(d *depends, now time.Time) (over bool) {
	s.changed = false
	for _, p := range slices.Clone(s.remaining) {
		if !s.begun[p] {
			s.overtaken(d, p, now)
		}
	}
	s.remaining = slices.DeleteFunc(s.remaining, func(p *process.Process) bool {
		return s.begun[p] && p.State() != api.Stopping && d.waiting(p) == nil
	})
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

// overtaken does what is left to do for a process that waits for its turn, if that is not needed any more: it was not lost after all, or
// has ended, or is being stopped. If it was to be stopped it is not started again. If it was to be restarted its end was enough, unless
// a request wants it to run.
func (s *stopSet) overtaken(d *depends, p *process.Process, now time.Time) {
	e, up := s.ends[p], p.State() == api.Running || p.State() == api.Starting
	switch {
	case p.Gate().Kept, up && e.lost && e.reason.Why == "" && d.gates[p].open:
	case up:
		return
	case !e.again:
		s.surelyLost(d)
		s.stop(d, p, now)
		return
	default:
		s.surelyLost(d)
		if e.reason.Why == api.WhyRequest && p.State().IsStopped() {
			p.Start(now)
		}
	}
	s.begun[p] = true
	clearTurn(p)
}

// surelyLost has the dependents in the set stopped even if what they depend on is back before their turn.
func (s *stopSet) surelyLost(d *depends) {
	for p, e := range s.ends {
		if cause := s.cause(d, p); e.lost && e.reason.Why == "" && cause != "" {
			e.reason = api.Reason{Why: api.WhyDependency, Text: cause}
			s.ends[p] = e
		}
	}
}

// waiting returns the set in which a process waits for its turn to stop, nil if it does not.
func (d *depends) waiting(p *process.Process) *stopSet {
	for _, s := range d.stops {
		if slices.Contains(s.remaining, p) && !s.begun[p] && !p.Gate().Kept {
			return s
		}
	}
	return nil
}

// lose stops a process that is started again when its dependencies are met.
func (d *depends) lose(p *process.Process, cause string, now time.Time) {
	if g := d.gates[p]; g != nil {
		d.setShut(g, true)
	}
	p.LogRecycle().Infof("stopping %s: dependency (%s)", p.Name(), cause)
	p.Lose(api.Reason{Why: api.WhyDependency, Text: cause}, now)
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
	for _, s := range d.stops {
		for _, p := range s.remaining {
			clearTurn(p)
		}
	}
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
		p.Stop(now)
	}
}
