package state

import (
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// TestExtend moves deadlines of starts that must be ready and of stops, later only.
func TestExtend(t *testing.T) {
	now := time.Now()
	waits, plain := Rules{More: &More{NeedsReady: true}}, Rules{More: &More{}}
	for name, c := range map[string]struct {
		m     Machine
		r     Rules
		moves bool
	}{
		"waiting to be ready":  {Machine{State: api.Starting, Wake: now}, waits, true},
		"ready":                {Machine{State: api.Starting, Wake: now, Ready: true}, waits, false},
		"startsecs":            {Machine{State: api.Starting, Wake: now}, plain, false},
		"without a limit":      {Machine{State: api.Starting}, waits, false},
		"no child yet":         {Machine{State: api.Starting, Wake: now, Phase: Preparing}, waits, false},
		"late":                 {Machine{State: api.Starting, Wake: now, Phase: Late}, waits, true},
		"stopping":             {Machine{State: api.Stopping, Wake: now}, plain, true},
		"stopping what starts": {Machine{State: api.Stopping, Wake: now, Phase: Preparing}, plain, false},
		"running":              {Machine{State: api.Running, Wake: now}, waits, false},
		"pause after an exit":  {Machine{State: api.Exited, Wake: now}, waits, false},
	} {
		want := c.m
		if c.moves {
			want.Wake = now.Add(time.Minute)
		}
		if got := c.m.Extend(now.Add(time.Minute), c.r); got != want {
			t.Errorf("%s: %+v", name, got)
		}
		if got := c.m.Extend(now.Add(-time.Minute), c.r); got != c.m {
			t.Errorf("%s, earlier: %+v", name, got)
		}
	}
}
