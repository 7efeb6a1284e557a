package check

import (
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/helper"
)

// MonitorState is what a Monitor has found out. What it was asked for by clients is not part of it.
type MonitorState struct {
	Liveness  *State `json:"liveness,omitempty"`
	Readiness *State `json:"readiness,omitempty"`
}

// State is one check of a process. A probe that is in progress is repeated, and counts once.
type State struct {
	Period  time.Duration    `json:"period"` // in nanoseconds
	Due     handover.Time    `json:"due,omitzero"`
	Health  string           `json:"health,omitempty"`
	Run     int              `json:"run,omitempty"`
	OK      bool             `json:"ok,omitempty"`
	Text    string           `json:"text,omitempty"`
	Command *helper.RunState `json:"command,omitempty"` // that runs, or survives SIGKILL
	Begun   handover.Time    `json:"begun,omitzero"`    // if its result counts
}

// healths are the names of the values of Health in states. Other versions read them, so they do not change.
var healths = [...]string{Unknown: "", Healthy: "healthy", Unhealthy: "unhealthy"}

// Key is the name of the value in states.
func (h Health) Key() string { return healths[h] }

// KeyedHealth is the value of that name, Unknown if there is none.
func KeyedHealth(key string) Health { return Health(max(0, slices.Index(healths[:], key))) }

// Export returns the state, nil if no check has begun.
func (m *Monitor) Export(w *handover.Writer, now time.Time) *MonitorState {
	if m == nil {
		return nil
	}
	s := &MonitorState{m.checks[Liveness].export(w, now), m.checks[Readiness].export(w, now)}
	if s.Liveness == nil && s.Readiness == nil {
		return nil
	}
	return s
}

func (c *one) export(w *handover.Writer, now time.Time) *State {
	if c == nil || c.due.IsZero() && !c.last.survives() {
		return nil
	}
	s := &State{Period: c.period, Due: handover.Time{Time: c.due}, Health: c.count.Health.Key(), Run: int(c.count.run), OK: c.count.last, Text: c.text}
	if c.last.survives() {
		s.Command = c.last.run.Export(w)
	}
	switch a := c.current; {
	case a == nil:
	case a.run != nil:
		s.Begun = handover.Time{Time: a.begun}
	default: // a probe, or one that waits for a place
		s.Due = handover.Time{Time: now}
	}
	return s
}

// Import gives a Monitor that has begun nothing the state of another one. Run makes a helper of its state, with the spec of a check.
func (m *Monitor) Import(s *MonitorState, run func(Kind, *helper.RunState, func(helper.Result, time.Time)) *helper.Run) {
	if m == nil || s == nil {
		return
	}
	for k, from := range []*State{Liveness: s.Liveness, Readiness: s.Readiness} {
		c := m.checks[k]
		if from == nil || c == nil {
			continue
		}
		c.period, c.due, c.text = from.Period, from.Due.Time, from.Text
		c.count = Count{KeyedHealth(from.Health), int32(from.Run), from.OK}
		if from.Command == nil {
			continue
		}
		a := m.newAttempt(Kind(k))
		a.places, a.begun = m.host.commands, from.Begun.Time
		a.cancelled = a.begun.IsZero()
		a.run = run(Kind(k), from.Command, a.commandDone)
		if c.last = a; !a.cancelled {
			c.current = a
		}
	}
}

// Knows reports whether a helper runs the command of a check that counts.
func (m *Monitor) Knows(r *helper.Run) bool {
	if m == nil {
		return false
	}
	for _, c := range m.checks {
		if c != nil && c.last != nil && c.last.run == r {
			return true
		}
	}
	return false
}

// Begin goes on with what was imported.
func (m *Monitor) Begin() {
	if m == nil {
		return
	}
	for _, c := range m.checks {
		if c == nil {
			continue
		}
		if a := c.last; a != nil {
			if !a.run.Known() {
				a.places.taken++
			}
			a.run.Begin()
		}
	}
	m.host.Schedule(m)
}
