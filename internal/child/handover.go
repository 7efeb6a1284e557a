package child

import (
	"slices"

	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/parentthread"
)

// State is what this package knows of children beyond those of the loop.
type State struct {
	Helpers  []int          `json:"helpers,omitempty"` // whose exits are of no interest
	In       int            `json:"in,omitempty"`      // the ends of the pipe for the reports of shims
	Out      int            `json:"out,omitempty"`
	Rest     []byte         `json:"rest,omitempty"`
	Failures map[int]string `json:"failures,omitempty"` // reports by the pid of a child that has not been reaped
	// Thread is true if a child with a DeathSignal has been started, by the thread that executes the next program.
	Thread bool `json:"thread,omitempty"`
}

// The purposes of the descriptors.
const (
	readReports  = "pipe of reports"
	writeReports = "writing end of the pipe of reports"
)

// Export returns the state.
func Export(w *handover.Writer) (s State) {
	helpers.Lock()
	for pid := range helpers.pids {
		s.Helpers = append(s.Helpers, pid)
	}
	helpers.Unlock()
	slices.Sort(s.Helpers)
	s.Thread = parentthread.Used()
	f := &failures
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.opened {
		s.In, s.Out = w.Descriptor(f.in, readReports), w.Descriptor(f.out, writeReports)
		s.Rest, s.Failures = f.rest, f.reasons
	}
	return s
}

// Import takes over the state of another program of this process. Guard is a further child whose exit is of no interest, 0 for none.
func Import(r *handover.Reader, s State, guard int) {
	helpers.Lock()
	for _, pid := range s.Helpers {
		helpers.pids[pid] = true
	}
	if guard != 0 {
		helpers.pids[guard] = true
	}
	helpers.Unlock()
	if s.Thread {
		parentthread.Use()
	}
	if s.In == 0 {
		return
	}
	f := &failures
	f.mu.Lock()
	defer f.mu.Unlock()
	f.in, f.out, f.opened = r.Descriptor(s.In, readReports), r.Descriptor(s.Out, writeReports), true
	f.rest, f.reasons = s.Rest, s.Failures
	if f.reasons == nil {
		f.reasons = map[int]string{}
	}
}
