package rest

import (
	"math"
	"net/http"
	"strings"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/signame"
)

// event is an entry of the history with its number.
type event struct {
	history.Entry
	number uint64
	id     string
}

func (e *event) group() string {
	if e.Of == nil {
		return ""
	}
	return e.Of.Group
}

func (e *event) name() string {
	if e.Of == nil {
		return ""
	}
	return e.Of.Name
}

// stateName is the name of a state of a process or of supervisord.
func (e *event) stateName(number int16) string {
	if e.Kind == history.Supervisor {
		return api.DaemonState(number).String()
	}
	return api.State(number).String()
}

func (e *event) hasStates() bool { return e.Kind == history.State || e.Kind == history.Supervisor }

// words say how a child has ended, or why something is so.
func (e *event) words() string {
	if e.Has(history.Ended) {
		return exitWords(endWords(e.Status), e.Has(history.Expected))
	}
	return e.Why()
}

// endWords is how a child has ended with the status of an entry.
func endWords(status int32) string {
	switch {
	case status == math.MinInt32:
		return "unknown termination cause"
	case status < 0:
		return "terminated by " + signame.Name(syscall.Signal(-status))
	}
	return "exit status " + string(appendInt(nil, int(status)))
}

var eventObject = &object[event]{name: "Event", help: "something that has happened", members: append([]member[event]{
	{"id", "of the event, for Last-Event-ID and since", texts, func(b []byte, e *event) []byte { return appendText(b, e.id) }},
	{"event", "its type", oneOf(eventTypes()...), func(b []byte, e *event) []byte { return appendText(b, e.Kind.String()) }},
}, eventMembers...)}

// eventMembers are those of an event whose id and type are elsewhere.
var eventMembers = []member[event]{
	{"time", "when", moments, func(b []byte, e *event) []byte { return appendTime(b, e.Time()) }},
	{"group", "the name of the group", orNull(texts), func(b []byte, e *event) []byte { return appendTextOrNull(b, e.group()) }},
	{"name", "the name of the process", orNull(texts), func(b []byte, e *event) []byte { return appendTextOrNull(b, e.name()) }},
	{"from", "the state before", orNull(texts), func(b []byte, e *event) []byte {
		if !e.hasStates() {
			return appendNull(b)
		}
		return appendText(b, e.stateName(e.From))
	}},
	{"to", "the state after that; of a group or a member `added` or `removed`; of health `healthy` or `unhealthy`", orNull(texts),
		func(b []byte, e *event) []byte {
			switch {
			case e.hasStates():
				return appendText(b, e.stateName(e.To))
			case e.Kind == history.Group || e.Kind == history.Member:
				if e.Has(history.Added) {
					return appendText(b, "added")
				}
				return appendText(b, "removed")
			case e.Kind == history.Health && e.Has(history.Healthy):
				return appendText(b, "healthy")
			case e.Kind == history.Health:
				return appendText(b, "unhealthy")
			}
			return appendNull(b)
		}},
	{"pid", "of the child", orNull(integers), func(b []byte, e *event) []byte {
		if e.PID == 0 {
			return appendNull(b)
		}
		return appendInt(b, int(e.PID))
	}},
	{"expected", "of the end of a child: as its program is configured, or because it was stopped", orNull(booleans), func(b []byte, e *event) []byte {
		if !e.Has(history.Ended) {
			return appendNull(b)
		}
		return appendBool(b, e.Has(history.Expected))
	}},
	{"status", "its exit status", orNull(integers), func(b []byte, e *event) []byte {
		if !e.Has(history.Ended) || e.Status < 0 {
			return appendNull(b)
		}
		return appendInt(b, int(e.Status))
	}},
	{"signal", "the signal that has ended it", orNull(texts), func(b []byte, e *event) []byte {
		if !e.Has(history.Ended) || e.Status >= 0 || e.Status == math.MinInt32 {
			return appendNull(b)
		}
		return appendText(b, signame.Name(syscall.Signal(-e.Status)))
	}},
	{"text", "how a child has ended, or why something is so, in words", orNull(texts), func(b []byte, e *event) []byte { return appendTextOrNull(b, e.words()) }},
}

// eventTypes are the types of the events that the history keeps.
func eventTypes() (names []string) {
	for k := history.State; k.String() != ""; k++ {
		names = append(names, k.String())
	}
	return names
}

// selected are the events that a request asks for.
type selected struct {
	ops   *operations.Service
	names operations.Filter
	kinds map[history.Kind]bool // nil: all
}

// selects reads the parameters that select events. It answers the request and returns false if there is a problem.
func (q *request) selects() (s selected, ok bool) {
	s = selected{ops: q.ops, names: operations.Filter{Group: q.query.Get("group"), Name: q.query.Get("name")}}
	for _, name := range strings.Split(q.query.Get("types"), ",") {
		if name == "" {
			continue
		}
		kind, ok := history.ParseKind(name)
		if !ok {
			q.problem(http.StatusBadRequest, "bad value of types: "+shown(name))
			return s, false
		}
		if s.kinds == nil {
			s.kinds = map[history.Kind]bool{}
		}
		s.kinds[kind] = true
	}
	return s, true
}

// has reports whether an entry is among the events.
func (s *selected) has(e *history.Entry) bool {
	group, name := "", ""
	if e.Of != nil {
		group, name = e.Of.Group, e.Of.Name
	}
	switch {
	case s.kinds != nil && !s.kinds[e.Kind], s.names.Group != "" && group != s.names.Group, s.names.Name != "" && name == "":
		return false
	}
	return s.names.MatchesName(group, name) && s.ops.OwnsEntry(e)
}

// eventList is the answer to a request for events that have been.
type eventList struct {
	events []event
	life   string
	seq    uint64
	gap    *history.Gap
}

var eventsObject = &object[eventList]{name: "Events", help: "events, the oldest first", members: []member[eventList]{
	{"events", "", listOf(eventObject.ref()), func(b []byte, l *eventList) []byte { return appendList(b, l.events, eventObject.append) }},
	{"life", "begins the ids", texts, func(b []byte, l *eventList) []byte { return appendText(b, l.life) }},
	{"seq", "the number of the last event that there is, of any type: LIFE-SEQ goes on from here", integers,
		func(b []byte, l *eventList) []byte { return appendInt(b, int(l.seq)) }},
	{"gap", "why events after `since` are missing", orNull(gapObject.ref()), func(b []byte, l *eventList) []byte {
		if l.gap == nil {
			return appendNull(b)
		}
		return gapObject.append(b, l.gap)
	}},
}}

var gapObject = &object[history.Gap]{name: "Gap", help: "why events are missing", members: []member[history.Gap]{
	{"missed", "how many there were that are not kept any more", orNull(integers), func(b []byte, g *history.Gap) []byte {
		if g.Restarted {
			return appendNull(b)
		}
		return appendInt(b, int(g.Missed))
	}},
	{"reason", "`restarted`: supervisord was started anew since then", orNull(texts), func(b []byte, g *history.Gap) []byte {
		if !g.Restarted {
			return appendNull(b)
		}
		return appendText(b, "restarted")
	}},
}}

// noHistory is the problem where event_history is 0.
const noHistory = "no history is kept (event_history=0)"

// Limits of a list of events.
const (
	defaultEvents = 100
	maxEvents     = history.MaxSize
	eventBatch    = 256
)

func (q *request) events() {
	ring := q.history()
	if ring.Size() == 0 {
		q.problem(http.StatusNotFound, noHistory)
		return
	}
	if q.wantsStream() {
		q.stream()
		return
	}
	which, ok := q.selects()
	if !ok {
		return
	}
	most, ok := q.number("n", 0, maxEvents, defaultEvents)
	if !ok {
		return
	}
	list := eventList{life: ring.Life(), seq: ring.Last()}
	since, number := q.query.Get("since"), uint64(0)
	if since != "" {
		if number, list.gap, ok = ring.Resume(since); !ok {
			q.problem(http.StatusBadRequest, "bad value of since: "+shown(since)+" is not the id of an event")
			return
		}
	}
	for batch := (history.Batch{}); ; number = batch.Next() {
		batch = ring.After(number, eventBatch, batch.Entries)
		for i := range batch.Entries {
			if n := batch.First + uint64(i); n <= list.seq && which.has(&batch.Entries[i]) {
				list.events = append(list.events, event{batch.Entries[i], n, ring.ID(n)})
			}
		}
		if over := len(list.events) - most; over > most || over > 0 && len(batch.Entries) == 0 { // the oldest are not wanted
			list.events = append(list.events[:0], list.events[over:]...)
		}
		if len(batch.Entries) == 0 {
			break
		}
	}
	q.answer(http.StatusOK, eventsObject.append(make([]byte, 0, 300*len(list.events)+100), &list))
}

// eventRoutes are those about events.
var eventRoutes = []route{
	{method: "GET", path: "/events", role: access.Read, help: "What has happened, the oldest first; with `Accept: text/event-stream`, a stream of what happens.", stream: true, answer: eventsObject.ref(), serve: (*request).events,
		params: []param{
			{name: "types", help: "only events of these types, such as `state,health`"},
			{name: "group", help: "only events of this group"},
			{name: "name", help: "only events of processes of which this pattern matches the name or GROUP:NAME"},
			{name: "since", help: "only events after the one with this id; `all`: all that are kept"},
			{name: "n", help: "at most so many, the last ones; 100 by default", schema: integers},
			{name: "snapshot", help: "a stream begins with all processes", choices: flags},
			{name: "detail", help: "of the processes in the snapshot", choices: flags},
		}},
}
