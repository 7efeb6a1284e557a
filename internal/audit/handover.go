package audit

import (
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// State is the state of a Log.
type State struct {
	Trail   *logs.TrailState `json:"trail,omitempty"` // nil: nothing is recorded
	Reads   bool             `json:"reads,omitempty"`
	Begun   handover.Time    `json:"begun,omitzero"` // of the refusals that are counted
	Count   int              `json:"count,omitempty"`
	Omitted int              `json:"omitted,omitempty"`
}

// Freeze has entries wait until Thaw.
func (l *Log) Freeze() {
	l.mu.Lock()
	if trail := l.trail.Load(); trail != nil {
		trail.Freeze()
	}
}

// Thaw ends Freeze.
func (l *Log) Thaw() {
	if trail := l.trail.Load(); trail != nil {
		trail.Thaw()
	}
	l.mu.Unlock()
}

// Export returns the state of a frozen Log.
func (l *Log) Export(w *handover.Writer) (s State) {
	if trail := l.trail.Load(); trail != nil {
		s.Trail, s.Reads = new(trail.Export(w)), l.reads.Load()
	}
	s.Begun.Time, s.Count, s.Omitted = l.limit.begun, l.limit.count, l.limit.omitted
	return s
}

// Import makes a Log of its state.
func Import(r *handover.Reader, s State, main *logs.Main) *Log {
	l := New(main)
	l.limit = limit{s.Begun.Time, s.Count, s.Omitted}
	if s.Trail != nil {
		l.use(logs.ImportTrail(r, *s.Trail, main), Options{s.Trail.Options, s.Reads})
	}
	return l
}
