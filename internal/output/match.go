package output

import (
	"bytes"
	"regexp"
)

// maxLine is how much of a line Match looks at, in bytes.
const maxLine = 8 << 10

// Match looks for a line that matches, and ignores everything after it. Lines are what Strip leaves of them, without their ends,
// and only their first 8 KiB. A line without an end is none. Source: ready.
type Match struct {
	Regexp *regexp.Regexp
	Found  func() // called once

	found bool
	long  bool   // line is the beginning of a longer one, and has been looked at
	strip Strip  // the place in a sequence; it has no next stage
	line  []byte // as far as it has come
}

// Write implements Stage.
func (m *Match) Write(chunk []byte) {
	if m.found {
		return
	}
	chunk = m.strip.strip(chunk)
	for len(chunk) > 0 && !m.found {
		end := bytes.IndexByte(chunk, '\n')
		if end < 0 {
			m.add(chunk)
			return
		}
		if m.add(chunk[:end]); !m.long {
			m.look()
		}
		m.line, m.long = m.line[:0], false
		chunk = chunk[end+1:]
	}
}

// add adds a part of a line, and looks at the line if it is long by then.
func (m *Match) add(part []byte) {
	if m.long {
		return
	}
	m.line = append(m.line, part[:min(len(part), maxLine-len(m.line))]...)
	if m.long = len(m.line) == maxLine; m.long {
		m.look()
	}
}

// look ends the search if the line matches.
func (m *Match) look() {
	if m.Regexp.Match(bytes.TrimSuffix(m.line, []byte{'\r'})) {
		m.found, m.line = true, nil
		m.Found()
	}
}

// Flush implements Stage.
func (m *Match) Flush() { m.line = nil }
