package schedule

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// State is a Timetable as data, without its schedule. Times are in seconds since 1970, because the clock may be set during an upgrade.
type State struct {
	Next int64         `json:"next,omitempty"`
	Due  handover.Time `json:"due,omitzero"` // of an interval, in place of Next
	Last int64         `json:"last,omitempty"`
}

// Export returns the state of the timetable, nil if there is none.
func (t *Timetable) Export() *State {
	if t == nil {
		return nil
	}
	s := &State{}
	if t.schedule.every > 0 {
		s.Due = handover.Time{Time: t.next}
	} else if !t.next.IsZero() {
		s.Next = t.next.Unix()
	}
	if !t.last.IsZero() {
		s.Last = t.last.Unix()
	}
	return s
}

// Import gives a timetable that has just been made the state of another one.
func (t *Timetable) Import(s *State) {
	if t == nil || s == nil {
		return
	}
	switch {
	case t.schedule.every > 0 && !s.Due.IsZero():
		t.next = s.Due.Time
	case t.schedule.every == 0 && s.Next != 0:
		t.next = time.Unix(s.Next, 0)
	}
	if s.Last != 0 {
		t.last = time.Unix(s.Last, 0)
	}
}
