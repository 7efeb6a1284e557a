package fleet

import (
	"maps"
	"strconv"

	"github.com/gosupervisor/supervisor/internal/api"
)

// State is the last known state of a process.
type State struct {
	V     int    `json:"v"`
	Rev   Rev    `json:"rev"` // what was the last event of the host when this became known
	State string `json:"state"`
	PID   int    `json:"pid,omitempty"`
	Since int64  `json:"since,omitempty"` // in seconds since 1970, by the clock of the host; 0: not known
	Note  string `json:"note,omitempty"`  // of BACKOFF and FATAL the error, of EXITED the exit status, as far as known
}

// DecodeState reads the JSON of a state.
func DecodeState(data []byte) (s State, err error) {
	return decode(data, &s, func(s *State) int { return s.V })
}

// maxNote bounds the text of an error.
const maxNote = 512

// StateOfInfo returns the state that getAllProcessInfo reports.
func StateOfInfo(info api.ProcessInfo, rev Rev) State {
	s := State{V: Version, Rev: rev, State: info.State.String(), Since: int64(info.Stop)}
	switch info.State {
	case api.Running, api.Stopping:
		s.PID, s.Since = info.PID, int64(info.Start)
	case api.Starting:
		s.Since = int64(info.Start)
	case api.Backoff, api.Fatal:
		s.Note = info.SpawnErr[:min(len(info.SpawnErr), maxNote)]
	case api.Exited:
		s.Note = "exit status " + strconv.Itoa(info.ExitStatus)
	}
	return s
}

// StateOfEvent returns the process that an event is about, without its host, and its new state. It is false for events that do not
// change the state of a process. At is in seconds since 1970.
func StateOfEvent(e Event, rev Rev) (p Process, s State, ok bool) {
	const prefix = "PROCESS_STATE_"
	if len(e.Type) <= len(prefix) || e.Type[:len(prefix)] != prefix || e.Fields["processname"] == "" {
		return p, s, false
	}
	p = Process{Group: e.Fields["groupname"], Name: e.Fields["processname"]}
	s = State{V: Version, Rev: rev, State: e.Type[len(prefix):], Since: e.At / 1000}
	if s.State == api.Running.String() || s.State == api.Stopping.String() {
		s.PID, _ = strconv.Atoi(e.Fields["pid"])
	}
	return p, s, true
}

// sameSince is how far the times of a state may differ that an event and getAllProcessInfo report, in seconds: the first is when the
// agent got the event.
const sameSince = 5

// Equal reports whether two states say the same: their revisions do not count, and what is not known in one of them does not either.
func (s State) Equal(other State) bool {
	if s.State != other.State || s.PID != other.PID || s.Note != other.Note {
		return false
	}
	switch s.State {
	case api.Running.String(), api.Stopped.String(), api.Exited.String():
		apart := s.Since - other.Since
		return s.Since == 0 || other.Since == 0 || -sameSince <= apart && apart <= sameSince
	}
	return true
}

// Differences returns what must be put and deleted so that a hub that has states has the right ones. Of processes for which changed is
// true an event has come meanwhile: they are left as they are.
func Differences(have, right map[Process]State, changed func(Process) bool) (put map[Process]State, gone []Process) {
	put = maps.Clone(right)
	for p, state := range have {
		want, ok := right[p]
		switch {
		case !ok && !changed(p):
			gone = append(gone, p)
		case ok && want.Equal(state):
			delete(put, p)
		}
	}
	maps.DeleteFunc(put, func(p Process, _ State) bool { return changed(p) })
	return put, gone
}

// Host is what a host says about itself.
type Host struct {
	V           int               `json:"v"`
	At          int64             `json:"at"` // in milliseconds since 1970, by the clock of the host
	Labels      map[string]string `json:"labels,omitempty"`
	Agent       string            `json:"agent"`                 // version
	Supervisord string            `json:"supervisord,omitempty"` // version
	Identifier  string            `json:"identifier,omitempty"`
	URL         string            `json:"url,omitempty"`   // of its supervisord, as the agent reaches it
	Counts      map[string]int    `json:"counts"`          // processes by state
	Ended       string            `json:"ended,omitempty"` // Stopping, or nothing
}

// Stopping is why a host has ended: its supervisord was stopped.
const Stopping = "stopping"

// DecodeHost reads the JSON of a host.
func DecodeHost(data []byte) (h Host, err error) {
	return decode(data, &h, func(h *Host) int { return h.V })
}

// Alive is a heartbeat.
type Alive struct {
	V           int    `json:"v"`
	At          int64  `json:"at"`          // in milliseconds since 1970, by the clock of the host
	Spool       string `json:"spool"`       // the random name of the agent's spool
	Epoch       uint64 `json:"epoch"`       // of the agent
	Machine     string `json:"machine"`     // the machine id, if there is one
	PID         int    `json:"pid"`         // of the agent
	Supervisord string `json:"supervisord"` // Answers or Silent
}

// What a heartbeat says about supervisord.
const (
	Answers = "answers"
	Silent  = "silent"
)

// DecodeAlive reads the JSON of a heartbeat.
func DecodeAlive(data []byte) (a Alive, err error) {
	return decode(data, &a, func(a *Alive) int { return a.V })
}

// IsPastOf reports whether a heartbeat is of an earlier run of an agent, or of the same run, so that the agent may replace it.
func (a Alive) IsPastOf(now Alive) bool {
	if a.Spool != now.Spool {
		return false
	}
	return a.Epoch < now.Epoch || a.Epoch == now.Epoch && a.PID == now.PID && a.Machine == now.Machine
}
