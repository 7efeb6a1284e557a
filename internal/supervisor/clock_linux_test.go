package supervisor

import (
	"strings"
	"testing"
	"time"
)

// TestTicksWhenTheClockIsSet shows that ticks follow the wall clock: one when it is set, however far, and then one a period.
func TestTicksWhenTheClockIsSet(t *testing.T) {
	s := newStage(t, listener("l", "TICK_5"))
	s.write(s.out["l"], "READY\n")
	for _, d := range []time.Duration{-48 * time.Hour, 48 * time.Hour} {
		s.now = jump(s.now, d)
		s.settle()
		if got := s.sent("l"); !strings.HasPrefix(got, "TICK_5 when:") {
			t.Errorf("after %v: %q", d, got)
		}
		s.write(s.out["l"], "RESULT 2\nOKREADY\n")
		if s.ticks.Due(&s.shared.Events, s.now) {
			t.Errorf("after %v another tick is due", d)
		}
	}
}
