package process

import (
	"math"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/check"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// past is what is known of the runs of a process so far. Each process has one, so it is small.
type past struct {
	subject   *history.Subject // of its entries; nil: there is none yet
	counts    history.Counts
	started   time.Time     // when the last child was made
	ran       time.Duration // how long the last child that has ended ran
	expected  bool          // its exit was
	requested bool          // the start that is to come follows on a request
}

// starting counts a start. An automatic one has no request of its own, but the stop before it may have been that of a restart.
func (h *past) starting(automatic bool) {
	if automatic && !h.requested {
		h.counts.Restarts++
	}
	h.requested = false
}

// record adds an entry about a change of the state, which is the new one already.
func (p *Process) record(from api.State, exit, expected bool, now time.Time) {
	if p.shared.History == nil {
		return
	}
	to := p.machine.State
	e := history.Entry{At: now.UnixNano(), PID: int32(p.pid), From: int16(from), To: int16(to)}
	switch exit = exit && to != api.Running; {
	case exit:
		e.At, e.Flags, e.Status = p.ended.UnixNano(), history.Ended, exitNumber(p)
		if expected && to == api.Exited || to == api.Stopped {
			e.Flags |= history.Expected
		}
	case (to == api.Backoff || to == api.Fatal && from == api.Backoff) && p.spawnErr != "":
		e.Text = new(p.spawnErr)
	}
	p.addEntry(e)
}

func (p *Process) addEntry(e history.Entry) {
	if p.past.subject == nil {
		p.past.subject = &history.Subject{Group: p.Group, Name: p.Name()}
	}
	e.Of = p.past.subject
	p.shared.History.Add(e)
}

// Record adds an entry about something else than a state.
func (p *Process) Record(kind history.Kind, flags history.Flags, why string, now time.Time) {
	if p.shared.History == nil {
		return
	}
	e := history.Entry{At: now.UnixNano(), PID: int32(p.pid), Kind: kind, Flags: flags}
	if why != "" {
		e.Text = new(why)
	}
	p.addEntry(e)
}

// recordHealth adds an entry about the health. Why counts for one that is unhealthy.
func (p *Process) recordHealth(health check.Health, why string, now time.Time) {
	switch health {
	case check.Healthy:
		p.Record(history.Health, history.Healthy, "", now)
	case check.Unhealthy:
		p.Record(history.Health, 0, why, now)
	}
}

// exitNumber is the status of the last child as an entry has it.
func exitNumber(p *Process) int32 {
	switch {
	case p.last.Exited():
		return int32(p.last.ExitStatus())
	case p.last.Signaled():
		return -int32(p.last.Signal())
	}
	return math.MinInt32
}

// countExit counts the exit of a child, after which the process is in the state that it is in now.
func (p *Process) countExit(code int) {
	h := &p.past
	h.expected = p.machine.State == api.Stopped || p.machine.State == api.Exited && p.rules.Expected(code)
	h.counts.Exit(h.expected)
	h.ran = 0
	if !h.started.IsZero() {
		h.ran = max(0, p.ended.Sub(h.started))
	}
}

// Counts is what has been counted since the process exists.
func (p *Process) Counts() history.Counts { return p.past.counts }

// LogTargets are the logs by channel. What they count must not be asked for in the loop, since it may wait for the disk to which a log is
// being written.
func (p *Process) LogTargets() [len(api.Channels)]logs.FileTarget {
	return [...]logs.FileTarget{api.Stdout: p.out.file, api.Stderr: p.err.file}
}

// Tries is the number of failed starts in a row.
func (p *Process) Tries() int { return p.machine.Tries }

// StartedAt is when the last child was made, zero if none was.
func (p *Process) StartedAt() time.Time { return p.past.started }

// Exit is how the last child has ended.
type Exit struct {
	At       time.Time     // zero: none has
	Ran      time.Duration // 0 where it is not known
	Status   int           // the exit status; of no meaning if a signal has ended the child
	Signal   int           // the number of the signal, 0: none
	Expected bool          // as the program is configured, or because it was stopped
	Text     string        // in words
}

// Exit returns how the last child has ended. Of one that an older version has seen, no more than the second is known.
func (p *Process) Exit() Exit {
	if p.stop == 0 {
		return Exit{}
	}
	e := Exit{At: p.ended, Ran: p.past.ran, Expected: p.past.expected, Text: ExitText(child.Exit{Status: p.last})}
	if e.At.IsZero() || p.reaped != nil { // in the latter case, it is the end of the present child
		e.At = time.Unix(p.stop, 0)
	}
	if p.last.Signaled() {
		e.Signal = int(p.last.Signal())
	} else {
		e.Status = p.last.ExitStatus()
	}
	return e
}

// pastState is what an upgrade hands over of the runs so far.
type pastState struct {
	history.Counts
	Started   handover.Time `json:"started,omitzero"`
	Ran       time.Duration `json:"ran,omitempty"`
	Ended     handover.Time `json:"ended,omitzero"`
	Expected  bool          `json:"as_expected,omitempty"`
	Requested bool          `json:"requested,omitempty"`
}

// export returns the state of the runs so far, nil if there was none.
func (p *Process) exportPast() *pastState {
	h := &p.past
	s := pastState{Counts: h.counts, Started: handover.Time{Time: h.started}, Ran: h.ran, Ended: handover.Time{Time: p.ended},
		Expected: h.expected, Requested: h.requested}
	if s == (pastState{}) {
		return nil
	}
	return &s
}

// importPast takes the state of the runs so far. An older version has counted restarts only, of some programs.
func (p *Process) importPast(s *pastState, restarts int) {
	h := &p.past
	h.counts.Restarts = uint32(max(0, restarts))
	if s == nil {
		return
	}
	h.counts, h.started, h.ran, h.expected, h.requested = s.Counts, s.Started.Time, s.Ran, s.Expected, s.Requested
	p.ended = s.Ended.Time
}
