// Package history has what happened to processes: a ring of the latest entries, with the numbers that make each of them an event of the
// JSON API, and what is counted of a process. It decides where a reader goes on, and reads no clock. Any goroutine may use a Ring; the
// loop alone adds entries.
package history

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// Kind is what an entry is about.
type Kind uint8

// The kinds. The zero value is a change of the state of a process.
const (
	State      Kind = iota
	Group           // a group was added or removed
	Supervisor      // the state of supervisord changed
	Health          // the health of a process changed
	Member          // a group that stays got or lost a process
	Held            // an automatic start begins to wait
)

var kindNames = [...]string{State: "state", Group: "group", Supervisor: "supervisor", Health: "health", Member: "member", Held: "held"}

// String returns the type of the event of the API.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return ""
}

// ParseKind returns the kind of that name.
func ParseKind(name string) (k Kind, ok bool) {
	for i, n := range kindNames {
		if n == name {
			return Kind(i), true
		}
	}
	return 0, false
}

// Flags are what is known beyond the states.
type Flags uint8

// The flags.
const (
	Ended    Flags = 1 << iota // a child has ended; Status says how
	Expected                   // as its program is configured, or because it was stopped
	Added                      // of a group or a member: it was not removed
	Healthy                    // of health: it is not unhealthy
)

// Subject is what an entry is about. One is shared by all entries of a process.
type Subject struct {
	Group string // empty: supervisord
	Name  string // empty: a group
}

// Entry is something that has happened. It takes 40 bytes.
type Entry struct {
	At     int64 // nanoseconds since 1970
	Of     *Subject
	Text   *string // why, where it is not plain from the rest; nil: nothing
	PID    int32   // of the child, 0: none
	Status int32   // its exit status, or the number of the signal that has ended it, negated
	From   int16   // the number of a state of a process or of supervisord
	To     int16
	Kind   Kind
	Flags  Flags
}

// Time is when it happened.
func (e *Entry) Time() time.Time { return time.Unix(0, e.At) }

// Has reports whether a flag is set.
func (e *Entry) Has(f Flags) bool { return e.Flags&f != 0 }

// FromState and ToState are the states of a process.
func (e *Entry) FromState() api.State { return api.State(e.From) }

// ToState is the state after FromState.
func (e *Entry) ToState() api.State { return api.State(e.To) }

// Why is Text, or empty.
func (e *Entry) Why() string {
	if e.Text == nil {
		return ""
	}
	return *e.Text
}

// Counts is what is counted of a process as long as it exists.
type Counts struct {
	Starts     uint32 `json:"starts,omitempty"`     // children that were made
	Restarts   uint32 `json:"restarts,omitempty"`   // starts that no request asked for, but the first
	Expected   uint32 `json:"expected,omitempty"`   // exits
	Unexpected uint32 `json:"unexpected,omitempty"` // exits
}

// Exit counts an exit.
func (c *Counts) Exit(expected bool) {
	if expected {
		c.Expected++
	} else {
		c.Unexpected++
	}
}

// Output is what is counted of a channel of a process.
type Output struct {
	Logged    int64  `json:"logged,omitempty"`    // bytes, or queued for a target that may block
	Lost      int64  `json:"lost,omitempty"`      // bytes that could not be written
	Rotations uint32 `json:"rotations,omitempty"` // of the log file
}

// Add adds what was counted elsewhere.
func (o *Output) Add(other Output) {
	o.Logged += other.Logged
	o.Lost += other.Lost
	o.Rotations += other.Rotations
}
