package agent

import (
	"fmt"
	"io"
	"log"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/fleet"
	"github.com/gosupervisor/supervisor/internal/fleet/spool"
	"github.com/gosupervisor/supervisor/supervisord/childutils"
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

// TestFlood shows that of a flood some events are kept one by one, and of the others the last state of each process and their number.
func TestFlood(t *testing.T) {
	s, err := spool.Open(t.TempDir(), "h", 64<<20, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a := &Agent{host: "h", spool: s, flood: &flood{burst: 10, left: 10, at: time.Now()}, appended: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		pending: map[fleet.Process]fleet.State{}, o: Options{Log: log.New(io.Discard, "", 0)}}
	var seen sequence
	event := func(n int, name, payload string) {
		header := map[string]string{"eventname": name, "serial": fmt.Sprint(n), "poolserial": fmt.Sprint(n)}
		a.handle(childutils.Event{Header: header, Payload: payload}, &seen)
	}
	for n := range 50 {
		event(n, "PROCESS_STATE_RUNNING", fmt.Sprintf("processname:p groupname:p from_state:STARTING pid:%d", n))
	}
	event(50, "SUPERVISOR_STATE_CHANGE_STOPPING", "")
	a.tellMerged()
	records := s.Read(fleet.Rev{}, 100)
	if len(records) != 12 || records[10].Event.Kind != fleet.SupervisorEvent {
		t.Fatalf("%d events: %v", len(records), records)
	}
	if note := records[11].Event.Agent; note == nil || *note != (fleet.AgentNote{Merged: 40}) {
		t.Errorf("told: %v", note)
	}
	if state := a.pending[fleet.Process{Host: "h", Group: "p", Name: "p"}]; state.PID != 49 {
		t.Errorf("the last state is %v", state)
	}
}

func TestFloodRate(t *testing.T) {
	now := time.Unix(1000, 0)
	f := newFlood(now)
	count := func(n int) (taken int) {
		for range n {
			if f.take(now) {
				taken++
			}
		}
		return taken
	}
	if n := count(20_000); n != floodBurst {
		t.Errorf("%d at once", n)
	}
	now = now.Add(time.Second / 2)
	if n := count(1000); n != floodRate/2 {
		t.Errorf("%d after half a second", n)
	}
	now = now.Add(-time.Hour)
	if n := count(1000); n != 0 {
		t.Errorf("%d after the clock went back", n)
	}
	now = now.Add(24 * time.Hour)
	if n := count(20_000); n != floodBurst {
		t.Errorf("%d after a day", n)
	}
}
