package events

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Input is the standard input of a listener or of an external handler.
type Input interface {
	// Send takes head, which it must not keep, and payload, and never waits. It is called with the lock of the bus held and must not
	// call the bus.
	Send(head []byte, payload string) error
}

// Listener is one process of a pool. The loop says when it can be sent events; what it writes may be passed on by any
// goroutine, but not while Exited is called.
type Listener struct {
	process string
	pool    *Pool
	input   Input // nil: the process is not RUNNING
	protocol
	current entry // the event it is busy with; its event is nil if there is none
}

// retryDelay is how long a listener is not sent an event again that it did not accept.
const retryDelay = 100 * time.Millisecond

// Enable lets the listener be sent events: its process is RUNNING.
func (l *Listener) Enable(in Input) {
	b := l.pool.bus
	b.mu.Lock()
	defer b.unlock()
	l.input = in
	l.pool.dispatch(time.Time{})
}

// Disable stops sending events: the process is no longer RUNNING, but may still answer.
func (l *Listener) Disable() {
	b := l.pool.bus
	b.mu.Lock()
	defer b.unlock()
	l.input = nil
}

// Exited resets the listener for its next child, when all output of the last one has been passed to Receive. The event
// that it was busy with is queued again, unless it gave a result that awaits a decision.
func (l *Listener) Exited() {
	b := l.pool.bus
	b.mu.Lock()
	defer b.unlock()
	if l.awaitingDecision {
		l.pool.external.detach(l)
		l.current = entry{}
	}
	l.protocol = protocol{}
	if l.current.event != nil {
		l.requeue(time.Time{})
	}
	l.pool.queue.clearRetry(l)
	l.pool.dispatch(time.Time{})
}

// Receive handles what the listener wrote. Any goroutine may call it.
func (l *Listener) Receive(chunk []byte, now time.Time) {
	b := l.pool.bus
	b.mu.Lock()
	defer b.unlock()
	l.advance(chunk, now)
	l.pool.dispatch(now)
}

// advance handles the chunk and what has not been understood yet.
func (l *Listener) advance(chunk []byte, now time.Time) {
	before := l.phase
	l.read(chunk, func(kind token, text []byte) {
		switch kind {
		case badLine:
			l.pool.log.Warnf("%s: bad result line: '%s'", l.process, printable(text))
		case result:
			l.handleResult(text, now)
		}
		l.phaseChanged(before, now)
		if kind == violation || kind == badLine {
			l.explain(before, text)
		}
		before = l.phase
	})
}

// phaseChanged logs a change of phase and puts back an event that the listener is then no longer busy with.
func (l *Listener) phaseChanged(before Phase, now time.Time) {
	if l.phase == before {
		return
	}
	log := l.pool.log
	if log.debugging() {
		log.Debugf("%s: %s -> %s", l.process, before, l.phase)
	}
	if l.phase == Unknown {
		log.Warnf("%s: has entered the UNKNOWN state and will no longer receive events, this usually indicates the "+
			"process violated the eventlistener protocol", l.process)
	}
	if l.current.event != nil {
		l.requeue(now.Add(retryDelay))
	}
}

// maxShown is how many bytes of a violation of the protocol are logged.
const maxShown = 60

// explain logs what the listener wrote in this phase, what was expected, and a likely cause.
func (l *Listener) explain(phase Phase, text []byte) {
	expected := "READY and a line feed were expected"
	switch phase {
	case Ready:
		expected = "nothing was expected before the next event"
	case Busy:
		expected = fmt.Sprintf("RESULT, a length of at most %d and a line feed were expected", l.maxResult)
	}
	cause := ""
	switch {
	case l.multibyte:
		cause = "; an event had characters beyond ASCII: a listener that counts bytes needs payload_length=bytes"
	case phase != Busy:
		cause = "; standard output is for the protocol only, messages belong on standard error"
	}
	l.pool.log.Warnf("%s: wrote %s where %s%s", l.process, pyrepr.Bytes(text[:min(len(text), maxShown)]), expected, cause)
}

// handleResult has the pool's handler decide, now or when an external one has answered.
func (l *Listener) handleResult(result []byte, now time.Time) {
	p := l.pool
	switch {
	case p.external != nil:
		p.external.add(l, result, now)
	case p.Handle != nil:
		l.resolve(p.bus.callUnlocked(p.Handle, result))
	default:
		l.resolve(defaultHandler(result))
	}
}

// resolve applies the decision. An event that was not accepted stays in l.current.
func (l *Listener) resolve(decision error) {
	l.pool.logDecision(l.process, decision)
	l.phase = Acknowledged
	switch decision {
	case nil:
		l.current = entry{}
	case errRejected:
		l.pool.rejected++
	default:
		l.phase = Unknown
	}
}

// requeue makes the event that the listener was busy with the next one again. It is not sent to the same listener before
// retryAt.
func (l *Listener) requeue(retryAt time.Time) {
	e := l.current
	l.current = entry{}
	e.refusedBy, e.retryAt = l, retryAt
	l.pool.requeue(e)
}

// printable is text as log lines show it.
func printable(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	return "Undecodable: " + pyrepr.Bytes(text)
}
