package events

import (
	"bytes"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Phase is where a listener stands in the protocol. Source: "Event Listener States".
type Phase int

const (
	Acknowledged Phase = iota // it has to say READY before it gets anything
	Ready                     // it can be sent an event
	Busy                      // it has an event and has to give a result
	Unknown                   // it broke the protocol and gets nothing any more
)

// String is the name in log lines.
func (p Phase) String() string {
	return [...]string{"ACKNOWLEDGED", "READY", "BUSY", "UNKNOWN"}[p]
}

const readyToken = "READY\n"

// longestLine and longestResult are the most bytes that a result line and a result may have: more than that comes from a
// program that is out of its mind, and has to be kept in memory.
const (
	longestLine   = 4 << 10
	longestResult = 64 << 20
)

// maxKept is the largest buffer, in bytes, that is kept while it is not used.
const maxKept = 64 << 10

// protocol reads what one listener writes. However its output is cut into pieces, the same is heard. The zero value is
// a listener that has just been started. Phase moves by itself to Ready and Unknown; whoever hears a result moves it
// on, and whoever sends an event sets Busy.
type protocol struct {
	phase            Phase
	length           int    // of the result that is being read; 0 or more only if sized
	sized            bool   // the result line has been read
	held             []byte // not yet understood
	awaitingDecision bool   // a result is being judged: what follows it waits
}

// heard is what a listener said.
type heard int

const (
	nothing   heard = iota // more is needed
	ready                  // it waits for an event
	violation              // it wrote what it must not
	badLine                // its result line makes no sense; the text is the line
	result                 // the text is its result
)

// read hears what the listener wrote. After each thing that it said, heed is called; the text is valid until heed
// returns.
func (m *protocol) read(chunk []byte, heed func(said heard, text []byte)) {
	in := chunk
	if len(m.held) > 0 {
		m.held = append(m.held, chunk...)
		in = m.held
	}
	for {
		said, text, rest := m.next(in)
		in = rest
		if said == nothing {
			break
		}
		heed(said, text)
	}
	switch {
	case len(in) == 0 && cap(m.held) > maxKept:
		m.held = nil
	case len(in) == len(m.held): // nothing of it was understood: it is in its place
	default:
		m.held = append(m.held[:0], in...)
	}
}

// next looks at what is there and says what it means and what follows it.
func (m *protocol) next(in []byte) (said heard, text, rest []byte) {
	switch m.phase {
	case Acknowledged:
		switch {
		case len(in) < len(readyToken):
			return nothing, nil, in
		case bytes.HasPrefix(in, []byte(readyToken)):
			m.phase = Ready
			return ready, nil, in[len(readyToken):]
		}
		m.phase = Unknown
		return violation, nil, nil
	case Ready:
		if len(in) > 0 {
			m.phase = Unknown
			return violation, nil, nil
		}
	case Busy:
		if m.awaitingDecision { // all that it may say now is READY: one byte more shows that it says more
			return nothing, nil, in[:min(len(in), len(readyToken)+1)]
		}
		return m.result(in)
	}
	return nothing, nil, nil
}

// result reads the result line, whose first seven characters are not looked at, and the result behind it.
func (m *protocol) result(in []byte) (said heard, text, rest []byte) {
	if !m.sized {
		line, after, complete := bytes.Cut(in, []byte("\n"))
		if !complete && len(line) <= longestLine {
			return nothing, nil, in
		}
		line = line[:min(len(line), longestLine)]
		length, ok := pyrepr.ParseInt(string(line[min(len("RESULT "), len(line)):]), 10)
		if !complete || !ok || length < 0 || length > longestResult {
			m.phase = Unknown
			return badLine, line, nil
		}
		m.length, m.sized, in = length, true, after
	}
	if len(in) < m.length {
		return nothing, nil, in
	}
	m.sized = false
	return result, in[:m.length], in[m.length:]
}
