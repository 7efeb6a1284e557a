package events

import (
	"bytes"
	"strconv"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// ExternalHandler is the result handler of a pool if that is a program, result_handler_exec. It is asked about one result at a
// time, in the order in which they came, and has to answer with one line: ACCEPT, REJECT or FAIL. However it fails to,
// the result fails, and the listener that gave it is out of service as after a failure of any handler. One program for
// the pool, and not one for each result: starting one costs more than everything else that an event needs. One result
// at a time: of a program that ends, hangs or talks nonsense it is then known which result that was about.
type ExternalHandler struct {
	pool    *Pool
	timeout time.Duration   // for each answer, and for how long a result waits for a child that can be asked
	input   Input           // nil: it has no child that can be asked
	pending []pendingResult // the first one was asked if asked is set
	asked   bool
	held    []byte    // the beginning of its answer
	broken  bool      // the child must be killed
	told    time.Time // the deadline that the loop knows of; zero: none
	message []byte    // room for the question
}

// pendingResult is a result that was not judged yet.
type pendingResult struct {
	process  string
	listener *Listener // nil: its process ended meanwhile
	event    entry
	result   []byte
	deadline time.Time
}

// longestAnswer is how many bytes an answer that makes sense has at most, with room.
const longestAnswer = 64

// UseExternalHandler makes the pool ask a program what results mean, with so much time for each. The pool was not added yet.
func (p *Pool) UseExternalHandler(timeout time.Duration) *ExternalHandler {
	p.external = &ExternalHandler{pool: p, timeout: timeout}
	return p.external
}

// Enable tells that it has a child, with this standard input.
func (j *ExternalHandler) Enable(in Input, now time.Time) {
	j.pool.bus.mu.Lock()
	defer j.pool.bus.mu.Unlock()
	j.input = in
	j.askNext(now)
}

// Exited tells that the child has ended, and all it wrote was heard. What it was asked fails; what it was not asked yet
// waits for the next child.
func (j *ExternalHandler) Exited(now time.Time) {
	j.pool.bus.mu.Lock()
	defer j.pool.bus.mu.Unlock()
	j.input, j.held, j.broken = nil, nil, false
	if j.asked {
		j.warn("ended before it answered")
		j.resolve(errFailed, now)
	}
}

// Hear takes what the program wrote. Any goroutine may call it.
func (j *ExternalHandler) Receive(chunk []byte, now time.Time) {
	j.pool.bus.mu.Lock()
	defer j.pool.bus.mu.Unlock()
	for j.input != nil && len(chunk) > 0 {
		head, rest, complete := bytes.Cut(chunk, []byte("\n"))
		j.held = append(j.held, head[:min(len(head), longestAnswer+1-len(j.held))]...)
		if !complete && len(j.held) <= longestAnswer {
			return
		}
		line := j.held
		j.held, chunk = j.held[:0], rest
		j.answer(line, now)
	}
}

// answer takes one line.
func (j *ExternalHandler) answer(line []byte, now time.Time) {
	verdict, ok := decisions[string(line)]
	switch {
	case !j.asked:
		j.warn("says '%s' without being asked", decoded(line))
		j.abandon()
	case !ok:
		j.warn("bad answer: '%s'", decoded(line))
		j.abandon()
		j.resolve(errFailed, now)
	default:
		j.resolve(verdict, now)
	}
}

var decisions = map[string]error{"ACCEPT": nil, "REJECT": errRejected, "FAIL": errFailed}

func (j *ExternalHandler) warn(format string, args ...any) {
	j.pool.log.Warnf("result handler of pool "+j.pool.Name+" "+format, args...)
}

// abandon gives up the child: nothing that it says counts any more, and the loop is told to kill it.
func (j *ExternalHandler) abandon() {
	j.input, j.held, j.broken = nil, nil, true
	j.pool.bus.wakeLoop()
}

// KillRequested is true, once, if the child must be killed.
func (j *ExternalHandler) KillRequested() bool {
	j.pool.bus.mu.Lock()
	defer j.pool.bus.mu.Unlock()
	broken := j.broken
	j.broken = false
	return broken
}

// add has a result judged.
func (j *ExternalHandler) add(l *Listener, result []byte, now time.Time) {
	l.awaitingDecision = true
	j.pending = append(j.pending, pendingResult{l.process, l, l.has, bytes.Clone(result), now.Add(j.timeout)})
	if j.told.IsZero() { // else the loop comes earlier, and sees what is left
		j.told = now.Add(j.timeout)
		j.pool.bus.wakeLoop()
	}
	j.askNext(now)
}

// askNext asks about the next result, if there is one and the program has nothing to do.
func (j *ExternalHandler) askNext(now time.Time) {
	if j.asked || j.input == nil || len(j.pending) == 0 {
		return
	}
	q := &j.pending[0]
	j.message = j.pool.appendHeader(j.message[:0], &q.event, len(q.event.event.Payload))
	j.message = append(j.message, " listener:"...)
	j.message = append(j.message, q.process...)
	j.message = append(j.message, " resultlen:"...)
	j.message = strconv.AppendInt(j.message, int64(len(q.result)), 10)
	j.message = append(j.message, '\n')
	j.message = append(j.message, q.event.event.Payload...)
	j.message = append(j.message, q.result...)
	if err := j.input.Send(j.message); err != nil {
		j.warn("cannot be asked: %v", err)
		j.abandon()
		return
	}
	if cap(j.message) > maxKept {
		j.message = nil
	}
	j.asked, q.deadline = true, now.Add(j.timeout)
}

// resolve takes the verdict about the first result, and goes on with what waited for it.
func (j *ExternalHandler) resolve(verdict error, now time.Time) {
	q := j.pending[0]
	j.pending[0] = pendingResult{}
	j.pending, j.asked = j.pending[1:], false
	if len(j.pending) == 0 {
		j.pending = nil
	}
	if l := q.listener; l != nil {
		l.awaitingDecision = false
		l.move(Busy, now, func() { l.resolve(verdict) })
		l.readProtocol(nil, now)
	} else {
		j.pool.logDecision(q.process, verdict)
		if verdict != nil {
			j.pool.requeue(q.event)
		}
	}
	j.pool.dispatch(now)
	j.askNext(now)
}

// detach takes note that the listener's process has ended while its result was being judged. Its event is the
// judgement's business now.
func (j *ExternalHandler) detach(l *Listener) {
	for i := range j.pending {
		if j.pending[i].listener == l {
			j.pending[i].listener = nil
		}
	}
}

// resume fails the results whose time is over. It returns when it is to be called next, zero for never.
func (j *ExternalHandler) resume(now time.Time) time.Time {
	for len(j.pending) > 0 && !now.Before(j.pending[0].deadline) {
		if j.asked {
			j.warn("gave no answer within %v", j.timeout)
			j.abandon()
		} else {
			j.warn("does not run")
		}
		j.resolve(errFailed, now)
	}
	j.told = time.Time{}
	if len(j.pending) > 0 {
		j.told = j.pending[0].deadline
	}
	return j.told
}

// logDecision tells what became of an event.
func (p *Pool) logDecision(process string, verdict error) {
	switch verdict {
	case nil:
		if p.log.Enabled(api.Debug) {
			p.log.Debugf("%s: event was processed", process)
		}
	case errRejected:
		p.log.Warnf("%s: event was rejected", process)
	default:
		p.log.Warnf("%s: event caused an error", process)
	}
}
