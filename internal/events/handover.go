package events

import (
	"fmt"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// State is the state of all pools, in the order in which they get events.
type State struct {
	Serial uint64       `json:"serial"` // of the next event
	Events []EventState `json:"events,omitempty"`
	Pools  []PoolState  `json:"pools,omitempty"`
}

// EventState is an event, which several pools may have.
type EventState struct {
	Type    string `json:"type"` // the name in headers
	Plugin  bool   `json:"plugin,omitempty"`
	Serial  uint64 `json:"serial"`
	Payload string `json:"payload,omitempty"`
}

// EntryState is an event in a pool.
type EntryState struct {
	Event     int           `json:"event"` // index in State.Events
	Serial    uint64        `json:"serial"`
	RefusedBy string        `json:"refused_by,omitempty"` // the process of the listener
	RetryAt   handover.Time `json:"retry_at,omitzero"`
}

// PoolState is a pool and what it has not sent.
type PoolState struct {
	Name      string          `json:"name"`
	Serial    uint64          `json:"serial"` // of the next event
	Dropped   uint64          `json:"dropped,omitempty"`
	Rejected  uint64          `json:"rejected,omitempty"`
	Queue     []EntryState    `json:"queue,omitempty"`
	Listeners []ListenerState `json:"listeners,omitempty"`
	External  *ExternalState  `json:"external,omitempty"`
}

// ListenerState is a listener and what it is busy with.
type ListenerState struct {
	Process   string      `json:"process"`
	Enabled   bool        `json:"enabled,omitempty"`
	Phase     string      `json:"phase"`
	MaxResult int         `json:"max_result,omitempty"`
	Length    int         `json:"length,omitempty"`
	Sized     bool        `json:"sized,omitempty"`
	Held      []byte      `json:"held,omitempty"`
	Awaiting  bool        `json:"awaiting,omitempty"`
	Multibyte bool        `json:"multibyte,omitempty"`
	Current   *EntryState `json:"current,omitempty"`
}

// ExternalState is the result handler of a pool, with the results that wait for it.
type ExternalState struct {
	Enabled bool          `json:"enabled,omitempty"`
	Asked   bool          `json:"asked,omitempty"` // about the first result
	Held    []byte        `json:"held,omitempty"`
	Kill    bool          `json:"kill,omitempty"`
	Pending []ResultState `json:"pending,omitempty"`
}

// ResultState is a result that waits for a decision.
type ResultState struct {
	Process  string        `json:"process"`
	Exited   bool          `json:"exited,omitempty"` // the process of the listener
	Event    EntryState    `json:"event"`
	Result   []byte        `json:"result,omitempty"`
	Deadline handover.Time `json:"deadline"`
}

// exporter collects the events of all pools, each once.
type exporter struct {
	state State
	index map[*Event]int
}

// Export returns the state of a frozen bus.
func (b *Bus) Export() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	x := exporter{State{Serial: b.Serial.next}, map[*Event]int{}}
	for _, p := range b.pools {
		s := PoolState{Name: p.Name, Serial: p.serial, Dropped: p.dropped, Rejected: p.rejected}
		for i := range p.queue.n {
			s.Queue = append(s.Queue, x.entry(*p.queue.at(i)))
		}
		for _, l := range p.listeners {
			s.Listeners = append(s.Listeners, x.listener(l))
		}
		if p.external != nil {
			s.External = x.external(p.external)
		}
		x.state.Pools = append(x.state.Pools, s)
	}
	return x.state
}

func (x *exporter) entry(e entry) EntryState {
	i, known := x.index[e.event]
	if !known {
		i = len(x.state.Events)
		x.index[e.event] = i
		x.state.Events = append(x.state.Events, EventState{e.event.name(), e.event.Type == Extension, e.event.Serial, e.event.Payload})
	}
	s := EntryState{Event: i, Serial: e.serial}
	if e.refusedBy != nil {
		s.RefusedBy, s.RetryAt = e.refusedBy.process, handover.Time{Time: e.retryAt}
	}
	return s
}

func (x *exporter) listener(l *Listener) ListenerState {
	s := ListenerState{Process: l.process, Enabled: l.input != nil, Phase: l.phase.String(), MaxResult: l.maxResult, Length: l.length,
		Sized: l.sized, Held: l.held, Awaiting: l.awaitingDecision, Multibyte: l.multibyte}
	if l.current.event != nil {
		s.Current = new(x.entry(l.current))
	}
	return s
}

func (x *exporter) external(h *ExternalHandler) *ExternalState {
	s := &ExternalState{Enabled: h.input != nil, Asked: h.asked, Held: h.held, Kill: h.kill}
	for _, q := range h.pending {
		s.Pending = append(s.Pending, ResultState{q.process, q.listener == nil, x.entry(q.event), q.result,
			handover.Time{Time: q.deadline}})
	}
	return s
}

// importer makes the events of a state, each once.
type importer struct {
	reader *handover.Reader
	events []*Event
	input  func(p *Pool, process string) Input
}

// Import gives a bus whose pools, listeners and handlers have just been made the state of another one. It sends nothing before Begin.
// Input returns the standard input of a listener that can be sent events, or of the result handler of the pool if process is empty.
func (b *Bus) Import(r *handover.Reader, s State, input func(p *Pool, process string) Input) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.frozen, b.Serial.next = true, s.Serial
	m := importer{r, make([]*Event, len(s.Events)), input}
	for i, e := range s.Events {
		m.events[i] = m.event(e)
	}
	made := b.pools
	b.pools = nil
	for i := range s.Pools {
		at := -1
		for k, p := range made {
			if p != nil && p.Name == s.Pools[i].Name {
				at = k
				break
			}
		}
		if at < 0 {
			r.Fail(fmt.Errorf("there is no pool %s", s.Pools[i].Name))
			return
		}
		m.pool(made[at], &s.Pools[i])
		b.pools, made[at] = append(b.pools, made[at]), nil
	}
	for _, p := range made {
		if p != nil {
			r.Fail(fmt.Errorf("the state of pool %s is missing", p.Name))
		}
	}
}

// event makes an event.
func (m *importer) event(s EventState) *Event {
	e := &Event{Type: Extension, Serial: s.Serial, Payload: s.Payload, characters: characters(s.Payload)}
	if s.Plugin {
		e.Name = s.Type
		return e
	}
	for t := range Extension {
		if t.String() == s.Type {
			e.Type = t
			return e
		}
	}
	m.reader.Fail(fmt.Errorf("events of type %s are not known", s.Type))
	return e
}

func (m *importer) pool(p *Pool, s *PoolState) {
	p.serial, p.dropped, p.rejected = s.Serial, s.Dropped, s.Rejected
	for _, e := range s.Queue {
		p.queue.pushBack(m.entry(p, e))
	}
	for i := range s.Listeners {
		m.listener(p, &s.Listeners[i])
	}
	switch {
	case s.External == nil:
	case p.external == nil:
		m.reader.Fail(fmt.Errorf("pool %s has no result handler", p.Name))
	default:
		m.external(p, s.External)
	}
}

// entry makes an entry of a pool.
func (m *importer) entry(p *Pool, s EntryState) entry {
	e := entry{event: &Event{}, serial: s.Serial}
	if s.Event < 0 || s.Event >= len(m.events) {
		m.reader.Fail(fmt.Errorf("pool %s has an event that is missing", p.Name))
		return e
	}
	e.event = m.events[s.Event]
	if s.RefusedBy != "" {
		e.refusedBy, e.retryAt = m.find(p, s.RefusedBy), s.RetryAt.Time
	}
	return e
}

// find returns the listener of a process.
func (m *importer) find(p *Pool, process string) *Listener {
	for _, l := range p.listeners {
		if l.process == process {
			return l
		}
	}
	m.reader.Fail(fmt.Errorf("pool %s has no listener %s", p.Name, process))
	return &Listener{}
}

// inputOf returns the standard input of a process that can be sent something.
func (m *importer) inputOf(p *Pool, process string) Input {
	in := m.input(p, process)
	if in == nil {
		m.reader.Fail(fmt.Errorf("listener or result handler %s of pool %s has no standard input", process, p.Name))
	}
	return in
}

func (m *importer) listener(p *Pool, s *ListenerState) {
	l := m.find(p, s.Process)
	l.protocol = protocol{phase: m.phase(s.Phase), maxResult: s.MaxResult, length: s.Length, sized: s.Sized, held: s.Held,
		awaitingDecision: s.Awaiting, multibyte: s.Multibyte}
	if l.input = nil; s.Enabled {
		l.input = m.inputOf(p, s.Process)
	}
	if s.Current != nil {
		l.current = m.entry(p, *s.Current)
	}
}

func (m *importer) phase(name string) Phase {
	for f := Acknowledged; f <= Unknown; f++ {
		if f.String() == name {
			return f
		}
	}
	m.reader.Fail(fmt.Errorf("phase %s of listeners is not known", name))
	return Unknown
}

func (m *importer) external(p *Pool, s *ExternalState) {
	h := p.external
	if h.input = nil; s.Enabled {
		h.input = m.inputOf(p, "")
	}
	h.asked, h.held, h.kill = s.Asked, s.Held, s.Kill
	for _, q := range s.Pending {
		made := pendingResult{process: q.Process, event: m.entry(p, q.Event), result: q.Result, deadline: q.Deadline.Time}
		if !q.Exited {
			made.listener = m.find(p, q.Process)
		}
		h.pending = append(h.pending, made)
		h.results += len(q.Result)
	}
}

// TicksState has the beginning of the last period of each type of event, in seconds since 1970.
type TicksState map[string]int64

// Export returns the state of the ticks.
func (k *Ticks) Export() TicksState {
	s := TicksState{}
	for i, p := range periods {
		s[p.String()] = k.last[i]
	}
	return s
}

// Import is Start with a state: periods that began since then are emitted.
func (k *Ticks) Import(s TicksState) {
	for i, p := range periods {
		if last, ok := s[p.String()]; ok {
			k.last[i] = last
		}
	}
}
