package events

import (
	"bytes"
	"slices"
	"strconv"
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
)

// ExternalHandler is the result handler of a pool with result_handler_exec: a program that is asked about one result at a
// time, in the order in which they came, and answers each with the line ACCEPT, REJECT or FAIL. Anything else counts as
// FAIL. There is one program for the pool because starting one for each result would cost more than everything else that
// an event needs. It is asked about one result at a time so that an exit, a timeout or a bad answer fails one only. The
// loop says when the program can be asked, and kills it on request.
type ExternalHandler struct {
	pool      *Pool
	timeout   time.Duration   // for each answer, and for how long a result waits for a program that can be asked
	input     Input           // nil: no program can be asked
	pending   []pendingResult // the first one has been asked about if asked is set
	results   int             // bytes of the results in pending
	asked     bool
	held      []byte    // the beginning of the answer
	kill      bool      // the loop has to kill the program
	scheduled time.Time // the deadline that the loop knows of; zero: none
	message   []byte    // buffer for the question
}

// pendingResult is a result that awaits a decision.
type pendingResult struct {
	process  string
	listener *Listener // nil: its process has exited
	event    entry
	result   []byte
	deadline time.Time
}

// maxAnswer is how many bytes of an answer are kept, more than any valid one has.
const maxAnswer = 64

// UseExternalHandler has a program decide about the results of the pool, which has not been added to the bus yet.
func (p *Pool) UseExternalHandler(timeout time.Duration) *ExternalHandler {
	p.external = &ExternalHandler{pool: p, timeout: timeout}
	return p.external
}

// Enable lets the program be asked: it has been started, with this standard input.
func (h *ExternalHandler) Enable(in Input, now time.Time) {
	b := h.pool.bus
	b.mu.Lock()
	defer b.unlock()
	h.input = in
	h.askNext(now)
}

// Exited ends the run of the program, when all its output has been passed to Receive. The result that it was asked about
// fails; the others wait for the next run.
func (h *ExternalHandler) Exited(now time.Time) {
	b := h.pool.bus
	b.mu.Lock()
	defer b.unlock()
	h.input, h.held, h.kill = nil, nil, false
	if h.asked {
		h.warn("exited before it answered")
		h.resolve(errFailed, now)
	}
}

// Receive handles what the program wrote. Any goroutine may call it.
func (h *ExternalHandler) Receive(chunk []byte, now time.Time) {
	b := h.pool.bus
	b.mu.Lock()
	defer b.unlock()
	for h.input != nil && len(chunk) > 0 {
		head, rest, complete := bytes.Cut(chunk, []byte("\n"))
		h.held = append(h.held, head[:min(len(head), maxAnswer+1-len(h.held))]...)
		if !complete && len(h.held) <= maxAnswer {
			return
		}
		line := h.held
		h.held, chunk = h.held[:0], rest
		h.answer(line, now)
	}
}

// answer handles one line.
func (h *ExternalHandler) answer(line []byte, now time.Time) {
	decision, ok := decisions[string(line)]
	switch {
	case !h.asked:
		h.warn("wrote '%s' without being asked", printable(line))
		h.disable()
	case !ok:
		h.warn("bad answer: '%s'", printable(line))
		h.disable()
		h.resolve(errFailed, now)
	default:
		h.resolve(decision, now)
	}
}

var decisions = map[string]error{"ACCEPT": nil, "REJECT": errRejected, "FAIL": errFailed}

func (h *ExternalHandler) warn(format string, args ...any) {
	h.pool.log.Warnf("result handler of pool "+h.pool.Name+" "+format, args...)
}

// disable ignores what the program writes from now on and has the loop kill it.
func (h *ExternalHandler) disable() {
	h.input, h.held, h.kill = nil, nil, true
	h.pool.bus.wakeLoop()
}

// KillRequested reports, once, whether the loop has to kill the program.
func (h *ExternalHandler) KillRequested() bool {
	b := h.pool.bus
	b.mu.Lock()
	defer b.unlock()
	kill := h.kill
	h.kill = false
	return kill
}

// add queues a result.
func (h *ExternalHandler) add(l *Listener, result []byte, now time.Time) {
	l.awaitingDecision = true
	h.pending = append(h.pending, pendingResult{l.process, l, l.current, bytes.Clone(result), now.Add(h.timeout)})
	h.results += len(result)
	if h.scheduled.IsZero() { // else the loop comes earlier anyway
		h.scheduled = now.Add(h.timeout)
		h.pool.bus.wakeLoop()
	}
	h.askNext(now)
}

// askNext asks about the next result, if there is one and the program is idle.
func (h *ExternalHandler) askNext(now time.Time) {
	if h.asked || h.input == nil || len(h.pending) == 0 || h.pool.bus.frozen {
		return
	}
	q := &h.pending[0]
	b := h.pool.appendHeader(h.message[:0], &q.event, len(q.event.event.Payload))
	b = append(b, " listener:"...)
	b = append(b, headerName(q.process)...)
	b = append(b, " resultlen:"...)
	b = strconv.AppendInt(b, int64(len(q.result)), 10)
	b = append(b, '\n')
	b = append(b, q.event.event.Payload...)
	b = append(b, q.result...)
	h.message = b
	if err := h.input.Send(b, ""); err != nil {
		h.warn("cannot be asked: %v", err)
		h.disable()
		return
	}
	h.message = idle(b)
	h.asked, q.deadline = true, now.Add(h.timeout)
}

// resolve applies the decision about the first result, then sends and asks what waited for it.
func (h *ExternalHandler) resolve(decision error, now time.Time) {
	q := h.remove(0)
	h.asked = false
	if l := q.listener; l != nil {
		l.awaitingDecision = false
		l.resolve(decision)
		l.phaseChanged(Busy, now)
		l.advance(nil, now)
	} else {
		h.decided(q, decision)
	}
	h.pool.dispatch(now)
	h.askNext(now)
}

// remove takes a result out of those that wait.
func (h *ExternalHandler) remove(i int) pendingResult {
	q := h.pending[i]
	h.results -= len(q.result)
	h.pending = slices.Delete(h.pending, i, i+1)
	if len(h.pending) == 0 {
		h.pending = nil
	}
	return q
}

// decided applies the decision about a result without a listener.
func (h *ExternalHandler) decided(q pendingResult, decision error) {
	h.pool.logDecision(q.process, decision)
	if decision != nil {
		h.pool.requeue(q.event)
	}
}

// detach separates a pending result from its listener, whose process has exited: the event now belongs to the result. Then
// the listener can give another one with its next child, so the bytes of such results are bounded, and one beyond fails.
func (h *ExternalHandler) detach(l *Listener) {
	i := slices.IndexFunc(h.pending, func(q pendingResult) bool { return q.listener == l })
	if i < 0 {
		return
	}
	h.pending[i].listener = nil
	if h.results > int(budget.Queue.Limit) && !(h.asked && i == 0) {
		h.decided(h.remove(i), errFailed)
	}
}

// expire fails the results whose deadline has passed. It returns the next deadline, zero for none.
func (h *ExternalHandler) expire(now time.Time) time.Time {
	for len(h.pending) > 0 && !now.Before(h.pending[0].deadline) {
		if h.asked {
			h.warn("gave no answer within %v", h.timeout)
			h.disable()
		} else {
			h.warn("is not running")
		}
		h.resolve(errFailed, now)
	}
	h.scheduled = time.Time{}
	if len(h.pending) > 0 {
		h.scheduled = h.pending[0].deadline
	}
	return h.scheduled
}

// logDecision logs what became of an event.
func (p *Pool) logDecision(process string, decision error) {
	switch decision {
	case nil:
		if p.log.debugging() {
			p.log.Debugf("%s: event was processed", process)
		}
	case errRejected:
		p.log.Warnf("%s: event was rejected", process)
	default:
		p.log.Warnf("%s: event caused an error", process)
	}
}
