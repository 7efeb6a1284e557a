package output

import (
	"bytes"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// ChainState is what the stages of a chain hold back, and where in the stream they are. The zero value is that of a chain that nothing
// has passed.
type ChainState struct {
	Strip   string        `json:"strip,omitempty"` // a name of places
	Capture *CaptureState `json:"capture,omitempty"`
	Match   *MatchState   `json:"match,omitempty"`
	Events  []byte        `json:"events,omitempty"` // the beginning of a character
	Lines   *LinesState   `json:"lines,omitempty"`
}

// LinesState is the state of Lines.
type LinesState struct {
	Held   []byte        `json:"held,omitempty"`
	Since  handover.Time `json:"since,omitzero"`
	GoesOn bool          `json:"goes_on,omitempty"`
	Open   []bool        `json:"open,omitempty"` // of the outputs
	Group  *GroupState   `json:"group,omitempty"`
}

// GroupState is a record of several lines that is not complete.
type GroupState struct {
	Text   []byte        `json:"text,omitempty"`
	Since  handover.Time `json:"since,omitzero"`
	Lines  int           `json:"lines,omitempty"`
	Within bool          `json:"within,omitempty"`
	Rest   bool          `json:"rest,omitempty"`
}

// CaptureState is the state of a Capture.
type CaptureState struct {
	Within   bool   `json:"within,omitempty"`
	Held     []byte `json:"held,omitempty"`
	Captured []byte `json:"captured,omitempty"`
}

// MatchState is the state of a Match.
type MatchState struct {
	Found bool   `json:"found,omitempty"`
	Long  bool   `json:"long,omitempty"`
	Strip string `json:"strip,omitempty"` // a name of places
	Line  []byte `json:"line,omitempty"`
}

// places are the names of places in states. Other versions read them, so they do not change.
var places = [...]string{outside: "", escaped: "escaped", opened: "opened", control: "control", charset: "charset",
	command: "command", commandEnd: "command-end"}

// placeOf is the place of that name, outside if it is unknown.
func placeOf(name string) place {
	for at, n := range places {
		if n == name {
			return place(at)
		}
	}
	return outside
}

// Export returns the state of a chain that Chain or Import has made. Its bytes are those of the chain.
func Export(chain Stage) (s ChainState) {
	visit(chain, func(stage Stage) {
		switch stage := stage.(type) {
		case *Strip:
			s.Strip = places[stage.at]
		case *Capture:
			s.Capture = stage.export()
		case *Match:
			s.Match = &MatchState{stage.found, stage.long, places[stage.strip.at], stage.line}
		case *Events:
			s.Events = stage.held
		case *Lines:
			s.Lines = stage.export()
		}
	})
	return s
}

// Import is Chain with a state.
func (s Stages) Import(state ChainState) Stage {
	chain := s.Chain()
	visit(chain, func(stage Stage) {
		switch stage := stage.(type) {
		case *Strip:
			stage.at = placeOf(state.Strip)
		case *Capture:
			if c := state.Capture; c != nil {
				stage.within, stage.held, stage.captured = c.Within, c.Held, c.Captured
			}
		case *Match:
			if m := state.Match; m != nil {
				stage.found, stage.long, stage.strip.at, stage.line = m.Found, m.Long, placeOf(m.Strip), m.Line
			}
		case *Events:
			stage.held = state.Events
		case *Lines:
			if l := state.Lines; l != nil {
				stage.restore(l)
			}
		}
	})
	return chain
}

// export returns nil for the zero value.
func (c *Capture) export() *CaptureState {
	s := &CaptureState{Within: c.within, Held: c.held}
	if !c.discarded.Load() {
		s.Captured = bytes.Clone(c.last())
	}
	if !s.Within && s.Held == nil && s.Captured == nil {
		return nil
	}
	return s
}

// export returns the state.
func (l *Lines) export() *LinesState {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &LinesState{Held: l.held, Since: handover.Time{Time: l.since}, GoesOn: l.goesOn}
	for _, o := range l.Outputs {
		s.Open = append(s.Open, o.open)
	}
	if g := l.group; g.open {
		s.Group = &GroupState{g.text, handover.Time{Time: g.since}, g.lines, g.within, g.rest}
	}
	return s
}

// restore takes the state of another one.
func (l *Lines) restore(s *LinesState) {
	l.held, l.since, l.goesOn, l.last = s.Held, s.Since.Time, s.GoesOn, s.Since.Time
	for i := range min(len(s.Open), len(l.Outputs)) {
		l.Outputs[i].open = s.Open[i]
	}
	if g := s.Group; g != nil {
		l.group = group{true, g.Text, g.Since.Time, g.Lines, g.Within, g.Rest}
	}
}

// visit calls f for a stage and those that it passes output on to, beyond targets.
func visit(stage Stage, f func(Stage)) {
	f(stage)
	switch stage := stage.(type) {
	case Tee:
		for _, next := range stage {
			visit(next, f)
		}
	case *Strip:
		visit(stage.Next, f)
	case *Capture:
		visit(stage.Plain, f)
	}
}
