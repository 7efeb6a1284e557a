package scrape

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
)

// lookInterval is the least time between two looks at the files of a configuration.
const lookInterval = 10 * time.Second

// files remembers whether the files of a configuration have changed.
type files struct {
	looked time.Time // zero: never
	at     int64     // when the configuration was read
	found  int64     // 1: they have changed
}

// changed returns 1 if the files of a configuration have changed since it was read, else 0.
func (f *files) changed(s *config.Sources, now time.Time) int64 {
	if !f.looked.IsZero() && f.at == s.At && now.Sub(f.looked) < lookInterval {
		return f.found
	}
	f.looked, f.at, f.found = now, s.At, 0
	if s.Changed() {
		f.found = 1
	}
	return f.found
}
