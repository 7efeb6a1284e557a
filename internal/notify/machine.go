// Package notify decides what supervisor-notify sends: which events become messages, which share one, how many are sent, and when one
// that could not be sent is tried again. It is pure: events, results and times go in, messages come out, and the state is a value that can
// be stored as JSON. One goroutine at a time may use a Machine.
package notify

import (
	"fmt"
	"strconv"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
)

// State is all that a Machine remembers.
type State struct {
	Inputs   uint64             `json:"inputs"` // how many there were
	Time     time.Time          `json:"time"`   // of the last one
	Pools    map[string]Serials `json:"pools,omitempty"`
	Targets  map[string]*Target `json:"targets"`
	Stopping bool               `json:"stopping,omitempty"` // supervisord is
}

// Serials are the numbers of the last event of a pool.
type Serials struct {
	Serial     int    `json:"serial"`
	PoolSerial int    `json:"poolserial"`
	What       string `json:"what"` // type and process
}

// Input is something that happened. The same inputs give the same state.
type Input struct {
	Number uint64    `json:"number"` // the first is 1; Apply skips those it has seen
	Time   time.Time `json:"time"`
	ID     string    `json:"id"` // the beginning of the identifiers of messages that the input makes
	Event  *Event    `json:"event,omitempty"`
	First  bool      `json:"first,omitempty"` // the event is the first one since the program started
	Result *Result   `json:"result,omitempty"`
	End    bool      `json:"end,omitempty"` // what waits for others is to be sent now, because the program ends
}

// Machine is the whole of it.
type Machine struct {
	State
	host  string
	rules []config.Notification
}

// New makes a machine with a state that another one had. The sections of the configuration may be others. The result has the messages of
// sections that are gone.
func New(host string, rules []config.Notification, state State) (*Machine, []Dead) {
	m := &Machine{State: state, host: host, rules: rules}
	if m.Pools == nil {
		m.Pools = map[string]Serials{}
	}
	old := m.Targets
	m.Targets = map[string]*Target{}
	for _, r := range rules {
		t := old[r.Name]
		if t == nil {
			t = &Target{}
		}
		delete(old, r.Name)
		if t.Processes == nil {
			t.Processes = map[string]*Process{}
		}
		if t.Groups == nil {
			t.Groups = map[string]*Group{}
		}
		t.rules = r
		m.Targets[r.Name] = t
	}
	var dead []Dead
	for name, t := range old {
		for _, message := range t.Queue {
			dead = append(dead, Dead{Target: name, Time: m.Time, Reason: "there is no [notify:" + name + "] any more", Message: *message})
		}
	}
	return m, dead
}

// Next returns an input with the next number.
func (m *Machine) Next(now time.Time, id string) Input {
	if now.Before(m.Time) {
		now = m.Time
	}
	return Input{Number: m.Inputs + 1, Time: now, ID: id}
}

// Apply takes an input into account, and makes the messages that are due. It returns messages that will not be delivered, and the number
// of events that were lost since the one before.
func (m *Machine) Apply(in Input) (dead []Dead, lost int) {
	if in.Number <= m.Inputs {
		return nil, 0
	}
	m.Inputs, m.Time = in.Number, in.Time
	if in.Event != nil {
		var again bool
		if lost, again = m.count(*in.Event, in.First); !again {
			m.event(in.Time, *in.Event, lost)
		}
	}
	if r := in.Result; r != nil {
		if t := m.Targets[r.Target]; t != nil {
			if d := t.result(in.Time, *r); d != nil {
				dead = append(dead, *d)
			}
		}
	}
	made := 0
	for _, r := range m.rules {
		t := m.Targets[r.Name]
		if in.End && m.Stopping {
			for _, g := range t.Groups {
				g.Due = in.Time
			}
		}
		t.flush(in.Time, func(key string, n Notice) {
			made++
			n.ID, n.Timestamp, n.Host, n.Notification = "msg_"+in.ID+strconv.Itoa(made), in.Time, m.host, r.Name
			n.Server = m.server()
			n.Dropped, t.Dropped = t.Dropped, 0
			n.finish()
			if d := t.enqueue(in.Time, &Message{ID: n.ID, Key: key, Made: in.Time, Notice: n}); d != nil {
				dead = append(dead, *d)
			}
		})
	}
	return dead, lost
}

// server is the identifier of the supervisord whose events come, if there is one.
func (m *Machine) server() (name string) {
	for pool := range m.Pools {
		server, _, _ := cutPool(pool)
		if name != "" && name != server {
			return ""
		}
		name = server
	}
	return name
}

// count compares the serials of an event with those of the one before. again means that it is that one, which is sent again if the
// program ended before it could acknowledge it.
func (m *Machine) count(e Event, first bool) (lost int, again bool) {
	pool := poolKey(e)
	before, known := m.Pools[pool]
	if len(m.Pools) >= maxPools && !known {
		clear(m.Pools)
	}
	m.Pools[pool] = Serials{e.Serial, e.PoolSerial, e.Name + " " + e.Group + ":" + e.Process}
	switch {
	case first && known && before == m.Pools[pool]:
		return 0, true
	case !known:
		return 0, false
	case e.PoolSerial > before.PoolSerial:
		return e.PoolSerial - before.PoolSerial - 1, false
	}
	return e.PoolSerial, false // counting begins at 0 when supervisord starts
}

const maxPools = 100

func (m *Machine) event(now time.Time, e Event, lost int) {
	m.Stopping = e.Name == "SUPERVISOR_STATE_CHANGE_STOPPING" || m.Stopping && e.Name != "SUPERVISOR_STATE_CHANGE_RUNNING"
	for _, r := range m.rules {
		t := m.Targets[r.Name]
		if lost > 0 {
			t.report(now, Event{}, Lost, LostText(lost))
		}
		t.event(now, e)
	}
}

// LostText says that events were lost.
func LostText(n int) string {
	if n == 1 {
		return "1 event was lost before it reached supervisor-notify"
	}
	return fmt.Sprintf("%d events were lost before they reached supervisor-notify", n)
}

// Drop counts a message that could neither be delivered nor kept.
func (m *Machine) Drop(target string) {
	if t := m.Targets[target]; t != nil {
		t.Dropped++
	}
}

// Due returns the messages to be tried now, and when there is something to be done next, zero for never. busy are those that are being
// tried, by their identifiers.
func (m *Machine) Due(now time.Time, busy map[string]bool) (due map[string][]*Message, next time.Time) {
	due = map[string][]*Message{}
	at := func(when time.Time) {
		if !when.IsZero() && (next.IsZero() || when.Before(next)) {
			next = when
		}
	}
	for _, r := range m.rules {
		t := m.Targets[r.Name]
		list, later := t.due(now, busy)
		if len(list) > 0 {
			due[r.Name] = list
		}
		at(later)
		at(t.deadline())
	}
	return due, next
}

// Waiting is the number of messages that are not delivered.
func (m *Machine) Waiting() (n int) {
	for _, t := range m.Targets {
		n += len(t.Queue)
	}
	return n
}
