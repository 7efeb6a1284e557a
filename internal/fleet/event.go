package fleet

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Version is the version of the values: readers ignore members that they do not know, and refuse another version.
const Version = 1

// MaxValue is the most bytes that a value or an event may have.
const MaxValue = 4 << 10

// Kind is the kind of an event, the last part of its subject.
type Kind string

// The kinds of events, and what stands for all of them in a subject.
const (
	StateEvent      Kind = "state"      // a process has changed its state, its health or what it consists of
	GroupEvent      Kind = "group"      // a group was added or removed
	SupervisorEvent Kind = "supervisor" // supervisord starts or stops
	AgentEvent      Kind = "agent"      // what an agent says about itself: starts, gaps
	AnyKind         Kind = ">"
)

// KindOf returns the kind of an event by its type, and false for types that are not collected.
func KindOf(eventType string) (Kind, bool) {
	for _, k := range []struct {
		prefix string
		kind   Kind
	}{
		{"PROCESS_STATE_", StateEvent}, {"PROCESS_HEALTH", StateEvent}, {"PROCESS_MEMBER", StateEvent},
		{"PROCESS_GROUP", GroupEvent}, {"SUPERVISOR_STATE_CHANGE", SupervisorEvent},
	} {
		if strings.HasPrefix(eventType, k.prefix) {
			return k.kind, true
		}
	}
	return "", false
}

// Rev orders what a host says: the epoch of its agent, which grows with each start, and a number, which grows with each event.
type Rev struct{ Epoch, N uint64 }

// Compare returns -1, 0 or 1.
func (r Rev) Compare(other Rev) int {
	return cmp.Or(cmp.Compare(r.Epoch, other.Epoch), cmp.Compare(r.N, other.N))
}

// After reports whether r is later than other.
func (r Rev) After(other Rev) bool { return r.Compare(other) > 0 }

func (r Rev) String() string { return fmt.Sprintf("%d/%d", r.Epoch, r.N) }

// MarshalJSON writes [epoch,number].
func (r Rev) MarshalJSON() ([]byte, error) { return json.Marshal([2]uint64{r.Epoch, r.N}) }

// UnmarshalJSON reads [epoch,number].
func (r *Rev) UnmarshalJSON(data []byte) error {
	var pair [2]uint64
	err := json.Unmarshal(data, &pair)
	r.Epoch, r.N = pair[0], pair[1]
	return err
}

// EventID returns the id of an event, HOST/EPOCH/N, which no other event ever has. The host is escaped.
func EventID(host string, r Rev) string { return Escape(host) + "/" + r.String() }

// ParseEventID is the reverse of EventID.
func ParseEventID(id string) (host string, r Rev, err error) {
	parts := strings.Split(id, "/")
	if len(parts) != 3 {
		return "", r, fmt.Errorf("%q is not the id of an event", id)
	}
	if host, err = Unescape(parts[0]); err != nil {
		return "", r, err
	}
	if r.Epoch, err = strconv.ParseUint(parts[1], 10, 64); err == nil {
		r.N, err = strconv.ParseUint(parts[2], 10, 64)
	}
	if err != nil || id != EventID(host, r) {
		return "", Rev{}, fmt.Errorf("%q is not the id of an event", id)
	}
	return host, r, nil
}

// Event is an event of a host, as it is spooled, sent and stored.
type Event struct {
	V      int               `json:"v"`
	ID     string            `json:"id"`
	At     int64             `json:"at"` // when the agent got it, by the clock of the host, in milliseconds since 1970
	Kind   Kind              `json:"kind"`
	Type   string            `json:"type,omitempty"`   // such as PROCESS_STATE_EXITED; none for events of agents
	Fields map[string]string `json:"fields,omitempty"` // of the payload
	From   *From             `json:"from,omitempty"`   // absent in events of agents
	Agent  *AgentNote        `json:"agent,omitempty"`
}

// From is where an agent has an event from. By it a later agent finds out whether events were lost between the two.
type From struct {
	Daemon     string `json:"daemon"` // a run of supervisord
	Serial     uint64 `json:"serial"`
	PoolSerial uint64 `json:"poolserial"`
}

// AgentNote is what an agent says about itself.
type AgentNote struct {
	Started bool   `json:"started,omitempty"`
	Gap     uint64 `json:"gap,omitempty"`     // events of supervisord that never reached the spool
	Dropped uint64 `json:"dropped,omitempty"` // events that the spool has lost before they were sent: it was full or damaged
	Merged  uint64 `json:"merged,omitempty"`  // events of a flood: only the last state of each process was sent
}

// Encode returns the JSON of an event, of MaxValue bytes at most: long fields are cut.
func (e Event) Encode() ([]byte, error) {
	for limit := 1 << 10; ; limit /= 2 {
		data, err := json.Marshal(e)
		if err != nil || len(data) <= MaxValue {
			return data, err
		}
		if limit == 0 {
			return nil, fmt.Errorf("event %s has %d bytes", e.Type, len(data))
		}
		cut := make(map[string]string, len(e.Fields))
		for name, value := range e.Fields {
			if len(name) <= limit {
				cut[name] = value[:min(len(value), limit)]
			}
		}
		e.Fields, e.Type = cut, e.Type[:min(len(e.Type), limit)]
	}
}

// DecodeEvent reads the JSON of an event.
func DecodeEvent(data []byte) (e Event, err error) {
	return decode(data, &e, func(e *Event) int { return e.V })
}

// decode reads a value of version 1.
func decode[T any](data []byte, to *T, version func(*T) int) (T, error) {
	if err := json.Unmarshal(data, to); err != nil {
		return *to, err
	}
	if v := version(to); v != Version {
		return *to, fmt.Errorf("the value has version %d, and this program knows version %d", v, Version)
	}
	return *to, nil
}
