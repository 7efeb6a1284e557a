package output

import "unicode/utf8"

// Events is a target that makes each chunk a text, so that it can be an event: a character that is cut at the end of one
// belongs to the next, and a long chunk becomes several. Source: stdout_events_enabled.
type Events struct {
	Wanted func() bool       // asked for each chunk; if false, the chunk and what was held back are dropped
	Emit   func(text []byte) // must not keep text

	held []byte // the incomplete character at the end of the last chunk
}

// Write implements Stage.
func (e *Events) Write(chunk []byte) {
	if !e.Wanted() {
		e.held = nil
		return
	}
	if e.held != nil {
		chunk = append(e.held, chunk...)
		e.held = nil
	}
	for len(chunk) > maxText {
		n := maxText - incomplete(chunk[:maxText])
		e.Emit(chunk[:n])
		chunk = chunk[n:]
	}
	n := len(chunk) - incomplete(chunk)
	if n < len(chunk) {
		e.held = append([]byte(nil), chunk[n:]...)
	}
	if n > 0 {
		e.Emit(chunk[:n])
	}
}

// maxText is the most bytes of a text: what the original reads at once. Source: supervisor.options.readfd.
const maxText = 128 << 10

// Flush implements Stage.
func (e *Events) Flush() {
	if e.held != nil {
		e.Emit(e.held)
		e.held = nil
	}
}

// incomplete returns how many bytes at the end of data begin a character that the next bytes may complete: three at most.
func incomplete(data []byte) int {
	for n := 1; n <= min(utf8.UTFMax-1, len(data)); n++ {
		if c := data[len(data)-n]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(data[len(data)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}
