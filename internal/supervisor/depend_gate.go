package supervisor

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/order"
	"github.com/gosupervisor/supervisor/internal/process"
)

// item is a dependency of a process.
type item = order.Item[*process.Process]

// gate decides when a process may be started without a request.
type gate struct {
	process *process.Process
	needs   []need
	timer   *deadline          // of dependency_timeout, then of startdelay; nil: none was needed
	loss    *loss              // of the dependencies, while it ran; nil: none, or its consequences are over
	warned  []*process.Process // that do not come any more

	queued  bool       // in depends.changed
	first   startStage // of the first automatic start
	delayed bool       // startdelay has begun
	open    bool       // the dependencies were met, and have not been lost since
	waits   bool       // a later start waits for dependencies

	suspended suspended // the first automatic start, while a request has taken its place
}

// loss is what a process that ran has lost.
type loss struct {
	on    []*process.Process
	cause string // such as "db is FATAL"
}

// startStage is how far the first automatic start of a process is.
type startStage uint8

const (
	notHeld  startStage = iota
	inQueue             // in Loop.pending
	waiting             // for dependencies
	delaying            // for startdelay
)

// startOrder compares processes that may start at the same moment.
func startOrder(a, b *process.Process) int {
	return cmp.Or(cmp.Compare(a.GroupPriority, b.GroupPriority), strings.Compare(a.Group, b.Group),
		cmp.Compare(a.Config.Priority, b.Config.Priority), strings.Compare(a.Name(), b.Name()))
}

// admit reports whether a process whose first automatic start is due may start now. If not, it waits or will not be started.
func (d *depends) admit(p *process.Process, now time.Time) bool {
	g := d.gates[p]
	switch {
	case d.cancelled[p]:
		return false
	case g == nil || !p.Begun().IsZero() || p.State() != api.Stopped:
		return true
	}
	if met, unmet := d.graphNow().Open(p, d.facts); !met {
		d.hold(g, unmet, now)
		return false
	}
	g.open = true
	if delay := p.Config.Depends().StartDelay; delay > 0 && !g.delayed {
		g.first, g.delayed = delaying, true
		d.scheduleGate(g, now.Add(delay))
		p.SetGate(process.Gate{Held: true, Shut: p.Gate().Shut, NextStart: now.Add(delay)})
		return false
	}
	g.first = notHeld
	return true
}

// hold has the first automatic start of a process wait for its dependencies.
func (d *depends) hold(g *gate, unmet []item, now time.Time) {
	g.first = waiting
	if wait := g.process.Config.Depends().Timeout; wait > 0 {
		d.scheduleGate(g, now.Add(wait))
	}
	g.process.SetGate(process.Gate{Held: true, Shut: g.process.Gate().Shut, WaitsFor: texts(unmet)})
	d.reportWait(g, unmet)
}

// reportWait logs that an automatic start begins to wait, and emits an event.
func (d *depends) reportWait(g *gate, unmet []item) {
	p := g.process
	p.Log().Infof("%s waits for %s", p.Name(), texts(unmet))
	p.Record(history.Held, 0, texts(unmet), time.Now())
	d.loop.shared.Events.Emit(api.ProcessHeld, events.Held(p.Name(), p.Group, texts(unmet)))
	g.warned = nil
	d.warnOfGone(g, unmet)
}

// warnOfGone logs for each process, once, that it will not come without a request.
func (d *depends) warnOfGone(g *gate, unmet []item) {
	for _, i := range unmet {
		for _, on := range i.On {
			f := d.facts(on)
			if f.Gone && f.State != api.Stopping && (!on.Begun().IsZero() || f.State == api.Fatal) && !slices.Contains(g.warned, on) {
				g.warned = append(g.warned, on)
				g.process.Log().Warnf("%s waits for %s, which is %s", g.process.Name(), i.Name, f.State)
			}
		}
	}
}

func texts(items []item) string {
	var list []string
	for _, i := range items {
		list = append(list, i.String())
	}
	return strings.Join(list, ", ")
}

// condition is why a condition is not met, in words.
func condition(f order.Facts) string {
	switch {
	case f.State != api.Running:
	case f.Unready:
		return "not ready"
	case f.Checked && !f.Healthy:
		return "not healthy"
	}
	return f.State.String()
}

// loseIfLost shuts an open gate if its dependencies are lost.
func (d *depends) loseIfLost(g *gate) {
	i, lost := d.graph.Lost(g.process, d.facts)
	if !lost {
		return
	}
	g.open = false
	if g.process.Config.Depends().Loss == config.LossIgnore {
		return
	}
	g.loss = nil
	if s := g.process.State(); s == api.Running || s == api.Starting {
		g.loss = &loss{i.On, i.Name + " was removed"}
		if len(i.On) > 0 {
			g.loss.cause = i.Name + " is " + condition(d.facts(i.On[0]))
		}
	}
	d.setShut(g, true)
}

func (d *depends) setShut(g *gate, shut bool) {
	gate := g.process.Gate()
	gate.Shut = shut
	g.process.SetGate(gate)
}

// look does what the present state of the dependencies means for a process. It reports whether its first start is due.
func (d *depends) look(g *gate, now time.Time) (opened bool) {
	if g.open {
		d.loseIfLost(g)
	}
	met, unmet := d.graph.Open(g.process, d.facts)
	g.open = g.open || met
	if g.first != notHeld {
		return d.lookAtFirst(g, met, unmet)
	}
	d.lookAtLoss(g, unmet, now)
	return false
}

// lookAtFirst goes on with the wait for a first start, which a request may have ended.
func (d *depends) lookAtFirst(g *gate, met bool, unmet []item) (opened bool) {
	p := g.process
	switch {
	case !p.Gate().Held: // a request has started it, or wants it no more
		d.cancelled[p] = p.Begun().IsZero()
		d.endHold(g)
	case g.first == waiting && met:
		d.endHold(g)
		g.first = inQueue
		p.SetGate(process.Gate{Held: true})
		return true
	case g.first == waiting:
		gate := p.Gate()
		gate.WaitsFor = texts(unmet)
		p.SetGate(gate)
		d.warnOfGone(g, unmet)
	}
	return false
}

func (d *depends) endHold(g *gate) {
	g.first, g.warned = notHeld, nil
	d.scheduleGate(g, time.Time{})
}

// lookAtLoss does what dependency_loss says.
func (d *depends) lookAtLoss(g *gate, unmet []item, now time.Time) {
	p, lost := g.process, g.loss
	wanted := p.Config.Depends().Loss
	if wanted == config.LossIgnore {
		return
	}
	switch {
	case p.State() != api.Running && p.State() != api.Starting:
		g.loss = nil
	case lost != nil && g.open:
		g.loss = nil
		if wanted == config.LossRestart && !slices.ContainsFunc(lost.on, kept) {
			d.loop.Recycle(p, api.Reason{Why: api.WhyDependency, Text: strings.Replace(lost.cause, " is ", " was ", 1)}, now)
		}
	case lost != nil && wanted == config.LossStop:
		g.loss = nil
		e := ending{reason: api.Reason{Why: api.WhyDependency, Text: lost.cause}, lost: true, again: true}
		if !d.beginStop([]*process.Process{p}, e, now) {
			d.lose(p, lost.cause, now)
		}
	}
	d.setShut(g, !g.open)
	d.lookAtWait(g, unmet)
}

// kept reports whether a request has taken back that a process stops: then it was not lost.
func kept(p *process.Process) bool { return p.Gate().Kept }

// lookAtWait reports that a later start begins to wait, or does so no more.
func (d *depends) lookAtWait(g *gate, unmet []item) {
	p := g.process
	if !p.HeldBack() || p.State() != api.Backoff && !(p.State().IsStopped() && p.StartComes()) {
		if g.waits {
			g.waits = false
			gate := p.Gate()
			gate.WaitsFor = ""
			p.SetGate(gate)
		}
		return
	}
	gate := p.Gate()
	gate.WaitsFor = texts(unmet)
	p.SetGate(gate)
	if !g.waits {
		g.waits = true
		d.reportWait(g, unmet)
	}
	d.warnOfGone(g, unmet)
}

// scheduleGate has timeout called at a time, zero for never.
func (d *depends) scheduleGate(g *gate, at time.Time) {
	if g.timer == nil {
		if at.IsZero() {
			return
		}
		g.timer = &deadline{run: func(now time.Time) { d.timeout(g, now) }}
	}
	d.loop.schedule(g.timer, at)
}

// timeout ends startdelay, or the wait for dependencies.
func (d *depends) timeout(g *gate, now time.Time) {
	d.scheduleGate(g, time.Time{})
	p := g.process
	if g.first == delaying {
		g.first = inQueue
		d.loop.pending = slices.Insert(d.loop.pending, 0, p)
		return
	}
	_, unmet := d.graphNow().Open(p, d.facts)
	g.first = notHeld
	p.Log().Warnf("%s waited %v seconds for %s and gives up", p.Name(), p.Config.Depends().Timeout.Seconds(), texts(unmet))
	p.GiveUp(notMet(unmet), now)
}

// Lacks returns the conditions, not met, for which a process waits in vain: what it depends on does not come without a request. Empty:
// there are none.
func (v View) Lacks(p *process.Process) string {
	d := v.l.depends
	if d == nil || d.gates[p] == nil {
		return ""
	}
	_, unmet := d.graphNow().Open(p, d.facts)
	return texts(slices.DeleteFunc(unmet, func(i item) bool {
		return !i.Missing && !slices.ContainsFunc(i.On, func(on *process.Process) bool { return d.facts(on).Gone })
	}))
}

// notMet is the spawn error of a start that dependencies prevent.
func notMet(unmet []item) string { return "dependencies are not met: " + texts(unmet) }
