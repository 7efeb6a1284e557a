package events

import "time"

// Event is an event with its payload as of the time when it happened. Pools share it; it does not change.
type Event struct {
	Type    Type
	Name    string // of an Extension; else empty
	Serial  uint64
	Payload string // UTF-8

	characters int // of the payload
}

func (b *Bus) newEvent(t Type, name, payload string) *Event {
	e := &Event{Type: t, Name: name, Serial: b.Serial.next, Payload: payload, characters: characters(payload)}
	b.Serial.next++
	return e
}

// name returns the type's name in the header. Source: events.html#header-tokens.
func (e *Event) name() string {
	if e.Type == Extension {
		return e.Name
	}
	return e.Type.String()
}

// entry is an event in a pool.
type entry struct {
	event     *Event
	serial    uint64    // "poolserial"
	refusedBy *Listener // the listener that did not accept it last; nil: none
	retryAt   time.Time // refusedBy is not sent it before
}

// queue is a ring of the entries to be sent, the next one first. The zero value is empty.
type queue struct {
	ring  []entry // length 0 or a power of two
	first int
	n     int
	bytes int // of the payloads
}

func (q *queue) at(i int) *entry { return &q.ring[(q.first+i)&(len(q.ring)-1)] }

func (q *queue) grow() {
	if q.n < len(q.ring) {
		return
	}
	larger := make([]entry, max(8, 2*len(q.ring)))
	for i := range q.n {
		larger[i] = *q.at(i)
	}
	q.ring, q.first = larger, 0
}

func (q *queue) pushBack(e entry) {
	q.grow()
	q.n++
	q.bytes += len(e.event.Payload)
	*q.at(q.n - 1) = e
}

func (q *queue) pushFront(e entry) {
	q.grow()
	q.first = (q.first - 1) & (len(q.ring) - 1)
	q.n++
	q.bytes += len(e.event.Payload)
	*q.at(0) = e
}

func (q *queue) popFront() entry {
	e := *q.at(0)
	*q.at(0) = entry{}
	q.first = (q.first + 1) & (len(q.ring) - 1)
	q.n--
	q.bytes -= len(e.event.Payload)
	if q.n == 0 && len(q.ring) > 1024 {
		*q = queue{}
	}
	return e
}

// clearRetry lets a listener have at once what it refused, because it has a new child.
func (q *queue) clearRetry(l *Listener) {
	for i := range q.n {
		if e := q.at(i); e.refusedBy == l {
			e.refusedBy = nil
		}
	}
}
