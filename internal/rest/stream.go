package rest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/waiting"
)

// beat is the time without an event after which a comment shows that the connection works.
const beat = 15 * time.Second

// wantsStream reports whether a request for events is one for a stream of them.
func (q *request) wantsStream() bool {
	return strings.Contains(q.r.Header.Get("Accept"), "text/event-stream")
}

// streamEvent is an event without its id and type, which have lines of their own.
var streamEvent = &object[event]{name: "StreamEvent", help: "the data of an event of the stream", members: eventMembers}

// StreamState is a stream of events in an upgrade.
type StreamState struct {
	Number uint64 `json:"number"` // of the last entry that was looked at
}

// subscriber is a client that follows the history. It is a position in it, so it holds nothing, and loses nothing until the ring overtakes
// it.
type subscriber struct {
	q       *request
	which   selected
	ring    *history.Ring
	control *http.ResponseController
	call    *waiting.Call
	number  uint64 // of the last entry that was looked at
	known   uint64 // of the last one whose id the client has
	buffer  []byte
	batch   []history.Entry
}

// stream sends events as they come, until the client disconnects or the servers are closed.
func (q *request) stream() {
	which, ok := q.selects()
	if !ok {
		return
	}
	s := &subscriber{q: q, which: which, ring: q.history(), control: http.NewResponseController(q.w), call: waiting.Of(q.ctx)}
	var state StreamState
	resumed := s.call.Enter(&state) == waiting.Resume
	if q.r.Method == http.MethodHead {
		q.streamHeader()
		q.w.WriteHeader(http.StatusOK)
		return
	}
	if !budget.Streams.Take(1) {
		q.w.Header().Set("Retry-After", "5")
		q.problem(http.StatusServiceUnavailable, "there are too many streams of events")
		return
	}
	defer budget.Streams.Release(1)
	if resumed {
		s.number = state.Number
		q.streamHeader()
		_ = s.control.Flush()
		s.call.HeaderSent()
	} else if !s.begin() {
		return
	}
	s.known = s.number
	defer context.AfterFunc(q.ctx, func() { _ = s.control.SetWriteDeadline(time.Now()) })()
	s.follow()
}

func (q *request) streamHeader() {
	q.w.Header().Set("Content-Type", "text/event-stream")
	q.w.Header().Set("X-Accel-Buffering", "no") // no buffering in a proxy
}

// begin finds out where the client goes on, and sends what comes before the events. It returns false if there is a problem, or the client
// has disconnected.
func (s *subscriber) begin() bool {
	q := s.q
	since := q.r.Header.Get("Last-Event-ID") // sent by a client that reconnects: it is stronger than an address that it keeps
	if since == "" {
		since = q.query.Get("since")
	}
	s.number = s.ring.Last()
	var gap *history.Gap
	if since != "" {
		var ok bool
		if s.number, gap, ok = s.ring.Resume(since); !ok {
			q.problem(http.StatusBadRequest, shown(since)+" is not the id of an event")
			return false
		}
	}
	if gap != nil {
		s.gap(gap)
	}
	if q.flag("snapshot") {
		list, seq, err := q.ops.Views(s.which.names, nil)
		if err != nil {
			q.fail(err)
			return false
		}
		s.snapshot(list, seq)
	}
	q.end(http.StatusOK)
	q.streamHeader()
	q.w.WriteHeader(http.StatusOK)
	s.buffer = append(s.buffer, ":\n\n"...) // so that a client gets the header at once
	if !s.send() {
		return false
	}
	s.call.HeaderSent()
	return true
}

// snapshot adds an event with all processes. What happens after it follows.
func (s *subscriber) snapshot(list []operations.View, seq uint64) {
	s.number = seq
	s.buffer = append(append(append(s.buffer, "id: "...), s.ring.ID(seq)...), "\nevent: snapshot\ndata: "...)
	s.buffer = processesObject.append(s.buffer, &processList{list, s.q.flag("detail"), s.ring.Life(), seq})
	s.buffer = append(s.buffer, "\n\n"...)
}

func (s *subscriber) gap(g *history.Gap) {
	s.buffer = append(gapObject.append(append(s.buffer, "event: gap\ndata: "...), g), "\n\n"...)
}

// follow sends what follows.
func (s *subscriber) follow() {
	quiet := time.NewTicker(beat)
	defer quiet.Stop()
	for {
		changed := s.ring.Changed()
		for more := true; more; {
			more = s.collect()
			if len(s.buffer) > 0 {
				if !s.send() {
					return
				}
				quiet.Reset(beat)
			}
			if s.call.IsFrozen() {
				s.park()
			}
		}
		select {
		case <-changed:
		case <-quiet.C:
			s.buffer = append(s.buffer, ":\n"...)
			if s.known != s.number { // so that a gap in what it has not asked for is none
				s.buffer = append(append(append(s.buffer, "id: "...), s.ring.ID(s.number)...), '\n')
				s.known = s.number
			}
			s.buffer = append(s.buffer, '\n')
			if !s.send() {
				return
			}
		case <-s.call.Frozen():
			s.park()
		case <-s.q.ctx.Done():
			return
		}
	}
}

// park waits while the servers are frozen.
func (s *subscriber) park() { s.call.Park(func() any { return StreamState{s.number} }) }

// collect adds the next entries, and returns false if there are none.
func (s *subscriber) collect() bool {
	batch := s.ring.After(s.number, eventBatch, s.batch)
	s.batch = batch.Entries
	if batch.Missed > 0 {
		s.gap(&history.Gap{Missed: batch.Missed})
		s.number += batch.Missed
	}
	for i := range batch.Entries {
		s.number = batch.First + uint64(i)
		e := event{Entry: batch.Entries[i], number: s.number}
		if !s.which.has(&e.Entry) {
			continue
		}
		s.known = s.number
		s.buffer = append(append(append(s.buffer, "id: "...), s.ring.ID(s.number)...), "\nevent: "...)
		s.buffer = append(append(s.buffer, e.Kind.String()...), "\ndata: "...)
		s.buffer = append(streamEvent.append(s.buffer, &e), "\n\n"...)
	}
	return len(batch.Entries) > 0
}

// send sends what was collected. It returns false if the client has disconnected, or has not read for too long.
func (s *subscriber) send() bool {
	if s.q.ctx.Err() != nil {
		return false
	}
	_, err := s.q.w.Write(s.buffer)
	s.buffer = s.buffer[:0]
	return err == nil && s.control.Flush() == nil
}
