package audit

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
)

// Limits of refusals that are recorded: a client that tries passwords must not be able to push all else out of the log.
const (
	maxRefusals   = budget.RecordedRefusals
	refusalPeriod = time.Minute
)

// limit counts the refusals of a period. The zero value is ready.
type limit struct {
	begun   time.Time
	count   int
	omitted int // since the last that was recorded
}

// next reports whether a refusal is recorded, and how many before it were not.
func (m *limit) next(now time.Time) (omitted int, ok bool) {
	if m.begun.IsZero() || now.Sub(m.begun) >= refusalPeriod {
		m.begun, m.count = now, 0
	}
	if m.count == maxRefusals {
		m.omitted++
		return 0, false
	}
	m.count++
	omitted, m.omitted = m.omitted, 0
	return omitted, true
}
