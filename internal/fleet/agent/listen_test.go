package agent

import (
	"testing"

	"github.com/gosupervisor/supervisor/internal/fleet"
)

func TestSequence(t *testing.T) {
	type step struct {
		from     fleet.From
		gap      uint64
		repeated bool
	}
	at := func(daemon string, serial, pool uint64) fleet.From {
		return fleet.From{Daemon: daemon, Serial: serial, PoolSerial: pool}
	}
	for _, c := range []struct {
		name     string
		previous fleet.From // of an earlier run
		steps    []step
	}{
		{"a new spool knows nothing", fleet.From{}, []step{{at("d", 70, 50), 0, false}, {at("d", 71, 51), 0, false}}},
		{"a gap in a run", fleet.From{}, []step{{at("d", 70, 50), 0, false}, {at("d", 90, 60), 9, false}, {at("d", 91, 61), 0, false}}},
		{"a gap between runs", at("d", 70, 50), []step{{at("d", 90, 53), 2, false}}},
		{"no gap between runs", at("d", 70, 50), []step{{at("d", 90, 51), 0, false}}},
		{"the last event again", at("d", 70, 50), []step{{at("d", 70, 50), 0, true}, {at("d", 71, 51), 0, false}}},
		{"again, then a gap", at("d", 70, 50), []step{{at("d", 70, 50), 0, true}, {at("d", 80, 54), 3, false}}},
		{"the same numbers in a run are no repetition", fleet.From{}, []step{{at("d", 7, 5), 0, false}, {at("d", 7, 5), 0, false}}},
		{"another supervisord", at("d", 70, 50), []step{{at("e", 70, 50), 0, false}, {at("e", 80, 60), 9, false}}},
		{"a pool that begins anew", at("d", 70, 50), []step{{at("d", 75, 0), 0, false}, {at("d", 76, 1), 0, false}}},
	} {
		seen := sequence{}
		if c.previous.Daemon != "" {
			seen = sequence{last: c.previous, known: true, first: true}
		}
		for i, s := range c.steps {
			if gap, repeated := seen.next(s.from); gap != s.gap || repeated != s.repeated {
				t.Errorf("%s: step %d: gap %d, repeated %v", c.name, i, gap, repeated)
			}
		}
	}
}
