package agent

import (
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/fleet"
)

// The rate of events of processes that a host sends in the long run, and how many may come at once: what supervisord has kept while there
// was no agent is not a flood.
const (
	floodRate  = 200 // a second
	floodBurst = 12_000
)

// flood decides which events are sent one by one. Of the others only the last state of each process is sent, and their number is told
// once a second.
type flood struct {
	rate, burst float64
	left        float64
	at          time.Time // when left was right

	mu     sync.Mutex
	merged uint64 // not told yet
}

func newFlood(now time.Time) *flood {
	return &flood{rate: floodRate, burst: floodBurst, left: floodBurst, at: now}
}

// take reports whether an event is sent. It is for one goroutine.
func (f *flood) take(now time.Time) bool {
	f.left = min(f.burst, f.left+f.rate*max(0, now.Sub(f.at).Seconds()))
	f.at = now
	if f.left < 1 {
		return false
	}
	f.left--
	return true
}

// merge has the state of a process follow from an event that is not sent.
func (a *Agent) merge(e fleet.Event) {
	a.note(e, a.spool.Rev())
	a.flood.mu.Lock()
	defer a.flood.mu.Unlock()
	if a.flood.merged++; a.flood.merged == 1 {
		time.AfterFunc(time.Second, a.tellMerged)
	}
}

// tellMerged spools an event about events that were not sent.
func (a *Agent) tellMerged() {
	a.flood.mu.Lock()
	n := a.flood.merged
	a.flood.merged = 0
	a.flood.mu.Unlock()
	if n > 0 {
		a.append(fleet.Event{Kind: fleet.AgentEvent, Agent: &fleet.AgentNote{Merged: n}})
	}
}
