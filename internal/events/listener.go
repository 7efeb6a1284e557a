package events

import (
	"time"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Input is the standard input of a listener.
type Input interface {
	Send(data []byte) error // never waits
}

// Listener is one process of a pool, as far as events go.
type Listener struct {
	process string
	pool    *Pool
	input   Input // nil: its process is not RUNNING
	protocol
	has entry // what it is busy with; its event is nil if there is none
}

// pause is how long a listener that did not accept an event is spared it.
const pause = 100 * time.Millisecond

// Enable tells that its process is RUNNING and can be sent events.
func (l *Listener) Enable(in Input) {
	l.pool.bus.mu.Lock()
	defer l.pool.bus.mu.Unlock()
	l.input = in
	l.pool.dispatch(time.Time{})
}

// Disable tells that its process is RUNNING no more, though it may still answer.
func (l *Listener) Disable() {
	l.pool.bus.mu.Lock()
	defer l.pool.bus.mu.Unlock()
	l.input = nil
}

// Exited tells that the child has ended, and all it wrote was heard. What it was busy with goes back, unless it gave a
// result that is still being judged, and the next child begins anew.
func (l *Listener) Exited() {
	l.pool.bus.mu.Lock()
	defer l.pool.bus.mu.Unlock()
	if l.awaitingDecision {
		l.pool.external.detach(l)
		l.has = entry{}
	}
	l.protocol = protocol{}
	if l.has.event != nil {
		l.requeue(time.Time{})
	}
	l.pool.queue.clearRetry(l)
	l.pool.dispatch(time.Time{})
}

// Hear takes what the listener wrote. Any goroutine may call it.
func (l *Listener) Receive(chunk []byte, now time.Time) {
	l.pool.bus.mu.Lock()
	defer l.pool.bus.mu.Unlock()
	l.readProtocol(chunk, now)
	l.pool.dispatch(now)
}

// process_ takes what the listener wrote, after what of it was not understood yet.
func (l *Listener) readProtocol(chunk []byte, now time.Time) {
	before := l.phase
	l.read(chunk, func(said heard, text []byte) {
		l.move(before, now, func() {
			switch said {
			case badLine:
				l.pool.log.Warnf("%s: bad result line: '%s'", l.process, decoded(text))
			case result:
				l.handleResult(text, now)
			}
		})
		before = l.phase
	})
}

// move does what may change the phase, and logs the change. An event that is then nobody's goes back.
func (l *Listener) move(before Phase, now time.Time, do func()) {
	do()
	if l.phase == before {
		return
	}
	l.logPhase(before)
	if l.has.event != nil {
		l.requeue(now.Add(pause))
	}
}

func (l *Listener) logPhase(before Phase) {
	log, name := l.pool.log, l.process
	if log.Enabled(api.Debug) {
		log.Debugf("%s: %s -> %s", name, before, l.phase)
	}
	if l.phase == Unknown {
		log.Warnf("%s: has entered the UNKNOWN state and will no longer receive events, this usually indicates the "+
			"process violated the eventlistener protocol", name)
	}
}

// handleResult asks the pool's handler what the result means, now or as soon as it can tell.
func (l *Listener) handleResult(result []byte, now time.Time) {
	if l.pool.external != nil {
		l.pool.external.add(l, result, now)
		return
	}
	l.resolve(l.pool.handle(result))
}

// resolve takes the verdict. An event that was not accepted stays in l.has.
func (l *Listener) resolve(verdict error) {
	l.pool.logDecision(l.process, verdict)
	l.phase = Acknowledged
	switch verdict {
	case nil:
		l.has = entry{}
	case errRejected:
	default:
		l.phase = Unknown
	}
}

// requeue puts what the listener is busy with at the head of the queue; it is not sent it again before until.
func (l *Listener) requeue(until time.Time) {
	e := l.has
	l.has = entry{}
	e.refused, e.pause = l, until
	l.pool.requeue(e)
}

// decoded is text as log lines show it.
func decoded(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	return "Undecodable: " + pyrepr.Bytes(text)
}
