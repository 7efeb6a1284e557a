package events

import (
	"bytes"

	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Phase is a listener's state in the protocol. Source: events.html#event-listener-states.
type Phase int

const (
	Acknowledged Phase = iota // it has to write READY before it is sent anything
	Ready                     // it can be sent an event
	Busy                      // it has an event and has to give a result
	Unknown                   // it violated the protocol and is sent nothing until it is started again
)

// String is the name in log lines.
func (p Phase) String() string {
	return [...]string{"ACKNOWLEDGED", "READY", "BUSY", "UNKNOWN"}[p]
}

const readyToken = "READY\n"

// maxLine is the length of the longest result line, in bytes; a longer one is a protocol violation, as is a result that is
// longer than maxResult. They bound the memory that a listener can use.
const maxLine = 4 << 10

// maxResult returns the length of the longest result for an event, which some listeners return.
func maxResult(e *Event) int { return int(budget.Result.Limit) + len(e.Payload) }

// maxIdleBuffer is the largest buffer, in bytes, that is kept while it is not used.
const maxIdleBuffer = 64 << 10

// idle returns a buffer that is not used any more for the next use, without its content, or nil if it is too large.
func idle(buffer []byte) []byte {
	if cap(buffer) > maxIdleBuffer {
		return nil
	}
	return buffer[:0]
}

// protocol parses what one listener writes. The tokens do not depend on how the output is cut into chunks. The zero value
// is a listener that has just been started. The parser moves the phase to Ready and Unknown; the owner moves it to Busy
// when it sends an event and on from Busy when a result has been decided.
type protocol struct {
	phase            Phase
	maxResult        int    // the length of the longest result that is valid now
	length           int    // of the result that is being read; 0 or more only if sized
	sized            bool   // the result line has been read
	held             []byte // not parsed yet
	awaitingDecision bool   // what follows the result is not parsed before the decision
	multibyte        bool   // an event had more bytes than its len, which counts characters
}

// token is a unit of the protocol.
type token int

const (
	incomplete token = iota // more input is needed
	ready                   // the listener waits for an event
	violation               // input that is not allowed in this phase, which is the text
	badLine                 // a malformed result line, which is the text
	result                  // a result, which is the text
)

// read parses a chunk and calls handle for each token. The text is valid until handle returns.
func (m *protocol) read(chunk []byte, handle func(kind token, text []byte)) {
	in := chunk
	if len(m.held) > 0 {
		m.held = append(m.held, chunk...)
		in = m.held
	}
	for {
		kind, text, rest := m.next(in)
		in = rest
		if kind == incomplete {
			break
		}
		handle(kind, text)
	}
	switch {
	case len(in) == 0 && cap(m.held) > maxIdleBuffer:
		m.held = nil
	case len(in) == len(m.held): // nothing was parsed: it is in its place
	default:
		m.held = append(m.held[:0], in...)
	}
}

// next returns the first token of the input, its text, and the rest of the input.
func (m *protocol) next(in []byte) (kind token, text, rest []byte) {
	switch m.phase {
	case Acknowledged:
		switch {
		case len(in) < len(readyToken):
			return incomplete, nil, in
		case bytes.HasPrefix(in, []byte(readyToken)):
			m.phase = Ready
			return ready, nil, in[len(readyToken):]
		}
		m.phase = Unknown
		return violation, in, nil
	case Ready:
		if len(in) > 0 {
			m.phase = Unknown
			return violation, in, nil
		}
	case Busy:
		if m.awaitingDecision { // only READY may follow: one byte more is enough to recognize a violation
			return incomplete, nil, in[:min(len(in), len(readyToken)+1)]
		}
		return m.result(in)
	}
	return incomplete, nil, nil
}

// result parses the result line, whose first seven characters are ignored as in the original, and the result.
func (m *protocol) result(in []byte) (kind token, text, rest []byte) {
	if !m.sized {
		line, after, complete := bytes.Cut(in, []byte("\n"))
		if !complete && len(line) <= maxLine {
			return incomplete, nil, in
		}
		line = line[:min(len(line), maxLine)]
		length, ok := pyrepr.ParseInt(string(line[min(len("RESULT "), len(line)):]), 10)
		if !complete || !ok || length < 0 || length > m.maxResult {
			m.phase = Unknown
			return badLine, line, nil
		}
		m.length, m.sized, in = length, true, after
	}
	if len(in) < m.length {
		return incomplete, nil, in
	}
	m.sized = false
	return result, in[:m.length], in[m.length:]
}
