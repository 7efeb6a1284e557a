package supervisor

import (
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/order"
	"github.com/gosupervisor/supervisor/internal/process"
)

// startSet is a request to start several processes some of which depend on others of them.
type startSet struct {
	members []*process.Process
	waiting []*process.Process // those that are not started yet
	pending []*process.Process // those that the request will start again, and has not begun with
	refused []*process.Process // those that are not started
	changed bool               // a member has changed since the last progress
}

// BeginStart prepares a request to start these processes. It returns false if none of them depends on another: then nothing needs to
// be prepared. Otherwise HoldStart is to be called for each of them that is to be started, before anything else happens.
func (l *Loop) BeginStart(members []*process.Process) bool {
	d := l.depends
	if d == nil {
		return false
	}
	s := &startSet{members: members, pending: ended(members)}
	if !slices.ContainsFunc(members, func(p *process.Process) bool { return len(s.needs(d, p)) > 0 }) {
		return false
	}
	d.starts = append(d.starts, s)
	return true
}

// ended are the processes that have ended: a request to start them does not count that end.
func ended(processes []*process.Process) []*process.Process {
	return slices.DeleteFunc(slices.Clone(processes), func(p *process.Process) bool { return p.State() != api.Exited })
}

// needs are the dependencies of p on members of the set, on these alone.
func (s *startSet) needs(d *depends, p *process.Process) (needs []item) {
	for _, i := range d.graphNow().Items(p) {
		i.On = slices.DeleteFunc(slices.Clone(i.On), func(on *process.Process) bool { return !slices.Contains(s.members, on) })
		if len(i.On) > 0 {
			needs = append(needs, i)
		}
	}
	return needs
}

// unmet are the dependencies of p on members of the set that are not met.
func (s *startSet) unmet(d *depends, p *process.Process, facts func(*process.Process) order.Facts) []item {
	return slices.DeleteFunc(s.needs(d, p), func(i item) bool { return i.Met(facts) })
}

// HoldStart has a process wait that a request wants started, if others of the request must be up before. It reports whether it waits.
func (l *Loop) HoldStart(p *process.Process) bool {
	d := l.depends
	if d == nil {
		return false
	}
	d.begin(p)
	i := slices.IndexFunc(d.starts, func(s *startSet) bool { return slices.Contains(s.members, p) })
	if i < 0 {
		return false
	}
	s := d.starts[i]
	unmet := s.unmet(d, p, func(on *process.Process) order.Facts {
		f := d.facts(on)
		f.Gone = false // the request may be about to start it
		if slices.Contains(s.pending, on) {
			f.State = api.Stopping
		}
		return f
	})
	if len(unmet) == 0 {
		return false
	}
	if g := d.gates[p]; g != nil && g.first != notHeld {
		d.suspendFirst(g)
	}
	s.waiting, s.changed = append(s.waiting, p), true
	p.HoldStart(texts(unmet))
	return true
}

// begin notes that a request to start or restart processes has come to one of them.
func (d *depends) begin(p *process.Process) {
	for _, s := range d.starts {
		s.pending = slices.DeleteFunc(s.pending, func(x *process.Process) bool { return x == p })
	}
}

// holdRestart has the start that follows on a restart wait, if others that the same request restarts or starts must be up before.
func (d *depends) holdRestart(p *process.Process) {
	i := slices.IndexFunc(d.starts, func(s *startSet) bool { return slices.Contains(s.members, p) })
	if i < 0 || len(d.starts[i].needs(d, p)) == 0 {
		return
	}
	d.starts[i].waiting, d.starts[i].changed = append(d.starts[i].waiting, p), true
	p.HoldRestart()
}

// progress starts the processes whose dependencies are met by now, and refuses to start those whose dependencies have failed. Over is
// true if none is left.
func (s *startSet) progress(d *depends, now time.Time) (over bool) {
	s.changed = false
	for _, p := range slices.Clone(s.waiting) {
		unmet := s.unmet(d, p, d.facts)
		failed := slices.DeleteFunc(slices.Clone(unmet), func(i item) bool {
			return !slices.ContainsFunc(i.On, func(on *process.Process) bool { return s.failed(d, on) })
		})
		gate, again := p.Gate(), p.StartComes()
		switch {
		case !gate.Held && !again: // another request was faster
		case len(unmet) == 0 && gate.Held:
			p.Start(now)
		case len(unmet) == 0:
		case len(failed) > 0:
			d.refuse(p, notMet(failed), now)
			if gate.Held {
				s.remove(p)
				continue
			}
		default:
			gate.WaitsFor = texts(unmet)
			p.SetGate(gate)
			continue
		}
		if shut := p.Config.Depends().Loss != config.LossIgnore; again { // the review opens the gate
			p.ReleaseRestart(shut)
		} else {
			gate = p.Gate()
			gate.Shut, gate.WaitsFor = shut, ""
			p.SetGate(gate)
		}
		s.remove(p)
		if g := d.gates[p]; g != nil {
			g.suspended = suspended{}
		}
	}
	return len(s.waiting) == 0
}

// remove has a process wait no more.
func (s *startSet) remove(p *process.Process) {
	s.waiting = slices.DeleteFunc(s.waiting, func(x *process.Process) bool { return x == p })
}

// failed reports whether a process that does not meet a condition will not come without another request.
func (s *startSet) failed(d *depends, p *process.Process) bool {
	f := d.facts(p)
	return f.Gone || f.State == api.Unknown || f.State.IsStopped() && slices.Contains(s.refused, p)
}

// refuse ends the wait of a process for others of a request: it is not started. A wait from before the request goes on.
func (d *depends) refuse(p *process.Process, problem string, now time.Time) {
	p.Log().Warnf("%s is not started: %s", p.Name(), problem)
	if !p.Gate().Held { // the request has stopped it, to start it again
		p.CancelStart(now)
	}
	for _, s := range d.starts {
		if slices.Contains(s.members, p) {
			s.refused = append(s.refused, p)
		}
	}
	p.Refuse(problem)
	if g := d.gates[p]; g != nil {
		d.resumeFirst(g, now)
	}
}

// suspended is a first automatic start whose place a request has taken.
type suspended struct {
	stage startStage // notHeld: none
	until time.Time  // of its deadline, zero if there was none
}

// suspendFirst has a request take the place of the first automatic start.
func (d *depends) suspendFirst(g *gate) {
	g.suspended = suspended{stage: g.first}
	if g.timer != nil {
		g.suspended.until = g.timer.at
	}
	d.endHold(g)
	d.cancelled[g.process] = true
}

// resumeFirst goes on with the first automatic start after the request was refused.
func (d *depends) resumeFirst(g *gate, now time.Time) {
	p, from := g.process, g.suspended
	g.suspended = suspended{}
	if from.stage == notHeld || p.Disabled() {
		return
	}
	delete(d.cancelled, p)
	gate := process.Gate{Held: true, Shut: p.Gate().Shut}
	if g.first = from.stage; g.first == delaying {
		gate.NextStart = from.until
	} else {
		_, unmet := d.graphNow().Open(p, d.facts)
		g.first, gate.WaitsFor = waiting, texts(unmet)
		if wait := p.Config.Depends().Timeout; from.stage == inQueue && wait > 0 {
			from.until = now.Add(wait)
		}
		p.Log().Infof("%s waits for %s", p.Name(), texts(unmet))
	}
	d.scheduleGate(g, from.until)
	p.SetGate(gate)
}
