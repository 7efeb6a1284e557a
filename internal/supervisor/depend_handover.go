package supervisor

import (
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/process"
)

// DependsState is what the loop knows of dependencies, as data. Processes have their full names.
type DependsState struct {
	Gates     map[string]GateState `json:"gates,omitempty"` // those that differ from new ones
	Starts    []StartSetState      `json:"starts,omitempty"`
	Stops     []StopSetState       `json:"stops,omitempty"`
	Next      handover.Time        `json:"next,omitzero"`      // of start_interval
	Starting  []string             `json:"starting,omitempty"` // for max_starting
	Cancelled []string             `json:"cancelled,omitempty"`
}

// GateState is a gate.
type GateState struct {
	Known   []bool        `json:"known,omitempty"` // of each need
	Missing []bool        `json:"missing,omitempty"`
	First   string        `json:"first,omitempty"` // of firstStages
	Delayed bool          `json:"delayed,omitempty"`
	Timer   handover.Time `json:"timer,omitzero"`
	Open    bool          `json:"open,omitempty"`
	Lost    bool          `json:"lost,omitempty"`
	On      []string      `json:"on,omitempty"` // what was lost
	Cause   string        `json:"cause,omitempty"`
	Waits   bool          `json:"waits,omitempty"`
	Warned  []string      `json:"warned,omitempty"`

	Suspended      string        `json:"suspended,omitempty"` // of firstStages
	SuspendedUntil handover.Time `json:"suspended_until,omitzero"`
}

// StartSetState is a request to start several processes.
type StartSetState struct {
	Members []string `json:"members"`
	Waiting []string `json:"waiting,omitempty"`
	Refused []string `json:"refused,omitempty"`
}

// StopSetState is a request to stop several processes.
type StopSetState struct {
	Remaining []string               `json:"remaining"`
	Ends      map[string]EndingState `json:"ends"` // of the remaining
	Begun     []string               `json:"begun,omitempty"`
	Next      []string               `json:"next,omitempty"`
}

// EndingState is what happens to a process at its turn.
type EndingState struct {
	Reason api.Reason `json:"reason,omitzero"`
	Again  bool       `json:"again,omitempty"`
	Lost   bool       `json:"lost,omitempty"`
}

// firstStages are the names of the stages of a first start in states. Other versions read them, so they do not change.
var firstStages = [...]string{notHeld: "", inQueue: "queue", waiting: "waiting", delaying: "delaying"}

func (d *depends) export() *DependsState {
	s := &DependsState{Next: handover.Time{Time: d.pace.next.at}, Starting: namesOf(d.pace.starting), Cancelled: namesOf(d.cancelled)}
	for p, g := range d.gates {
		if s.Gates == nil {
			s.Gates = map[string]GateState{}
		}
		s.Gates[fullName(p)] = g.export()
	}
	for _, set := range d.starts {
		s.Starts = append(s.Starts, StartSetState{fullNames(set.members), fullNames(set.waiting), fullNames(set.refused)})
	}
	for _, set := range d.stops {
		s.Stops = append(s.Stops, set.export())
	}
	return s
}

func (set *stopSet) export() StopSetState {
	s := StopSetState{Remaining: fullNames(set.remaining), Ends: map[string]EndingState{}, Begun: namesOf(set.begun), Next: namesOf(set.next)}
	for _, p := range set.remaining {
		e := set.ends[p]
		s.Ends[fullName(p)] = EndingState{e.reason, e.again, e.lost}
	}
	return s
}

func (g *gate) export() GateState {
	s := GateState{First: firstStages[g.first], Delayed: g.delayed, Open: g.open, Lost: g.loss != nil,
		Waits: g.waits, Warned: fullNames(g.warned), Suspended: firstStages[g.suspended.stage],
		SuspendedUntil: handover.Time{Time: g.suspended.until}}
	if g.loss != nil {
		s.On, s.Cause = fullNames(g.loss.on), g.loss.cause
	}
	if g.timer != nil {
		s.Timer = handover.Time{Time: g.timer.at}
	}
	for _, n := range g.needs {
		s.Known, s.Missing = append(s.Known, n.known), append(s.Missing, n.missing)
	}
	return s
}

// restore gives a depends that has just been made, with the gates of all processes, the state of another one.
func (d *depends) restore(s *DependsState) {
	for name, from := range s.Gates {
		p := d.loop.named(name)
		if g := d.gates[p]; p != nil && g != nil {
			d.restoreGate(g, from)
		}
	}
	for _, from := range s.Starts {
		d.starts = append(d.starts, &startSet{members: d.named(from.Members), waiting: d.named(from.Waiting),
			refused: d.named(from.Refused), changed: true})
	}
	for _, from := range s.Stops {
		d.stops = append(d.stops, d.restoreStop(from))
	}
	d.cancelled = setOf(d.named(s.Cancelled))
	d.pace.starting, d.pace.next.at = setOf(d.named(s.Starting)), s.Next.Time
	d.pace.next.run = func(time.Time) { d.loop.schedule(&d.pace.next, time.Time{}) }
}

func (d *depends) restoreStop(s StopSetState) *stopSet {
	set := &stopSet{remaining: d.named(s.Remaining), ends: map[*process.Process]ending{}, begun: setOf(d.named(s.Begun)),
		next: setOf(d.named(s.Next)), changed: true}
	for _, p := range set.remaining {
		e := s.Ends[fullName(p)]
		set.ends[p] = ending{e.Reason, e.Again, e.Lost}
	}
	return set
}

func (d *depends) restoreGate(g *gate, s GateState) {
	g.first = stageOf(s.First)
	g.suspended = suspended{stageOf(s.Suspended), s.SuspendedUntil.Time}
	g.delayed, g.open, g.waits = s.Delayed, s.Open, s.Waits
	if s.Lost {
		g.loss = &loss{d.named(s.On), s.Cause}
	}
	if g.warned = d.named(s.Warned); !s.Timer.IsZero() {
		g.timer = &deadline{at: s.Timer.Time, run: func(now time.Time) { d.timeout(g, now) }}
	}
	for i := range g.needs {
		if i < len(s.Known) && i < len(s.Missing) {
			g.needs[i].known, g.needs[i].missing = s.Known[i], s.Missing[i]
		}
	}
}

func stageOf(name string) startStage { return startStage(max(0, slices.Index(firstStages[:], name))) }

// resume goes on with what was restored: everything is looked at once.
func (d *depends) resume() {
	for _, g := range d.gates {
		if g.timer != nil {
			d.loop.timers.Set(g.timer)
		}
		d.mark(g)
	}
	d.loop.timers.Set(&d.pace.next)
}

// named are the processes of full names.
func (d *depends) named(names []string) (list []*process.Process) {
	for _, name := range names {
		if p := d.loop.named(name); p != nil {
			list = append(list, p)
		}
	}
	return list
}

func fullNames(list []*process.Process) (names []string) {
	for _, p := range list {
		names = append(names, fullName(p))
	}
	return names
}

// namesOf are the full names of those for whom set is true, in order.
func namesOf(set map[*process.Process]bool) (names []string) {
	for p, in := range set {
		if in {
			names = append(names, fullName(p))
		}
	}
	slices.Sort(names)
	return names
}

func setOf(list []*process.Process) map[*process.Process]bool {
	set := map[*process.Process]bool{}
	for _, p := range list {
		set[p] = true
	}
	return set
}
