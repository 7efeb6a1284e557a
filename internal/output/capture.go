package output

import "bytes"

// The tokens between which output is captured. Source: "PROCESS_COMMUNICATION Event Type".
const (
	begin = "<!--XSUPERVISOR:BEGIN-->"
	end   = "<!--XSUPERVISOR:END-->"
)

// Capture takes what stands between the two tokens out of a stream. Nothing is held back but what may be the beginning
// of a token. The zero value captures nothing longer than no byte: set Max. Source: stdout_capture_maxbytes.
type Capture struct {
	Max int // of what is captured the last Max bytes are kept

	within   bool
	held     []byte // the last bytes, which may be the beginning of a token
	captured []byte
}

// Pieces is where the parts of a stream go, in order. None may be kept.
type Pieces interface {
	Plain(data []byte)    // outside of the tokens
	Captured(data []byte) // within, piece by piece
	Complete(data []byte) // all that was captured, at the end token
}

// Write takes a chunk apart.
func (c *Capture) Write(chunk []byte, to Pieces) {
	if c.held != nil {
		chunk = append(c.held, chunk...)
		c.held = nil
	}
	for len(chunk) > 0 {
		token := begin
		if c.within {
			token = end
		}
		at := bytes.Index(chunk, []byte(token))
		if at < 0 {
			keep := beginning(chunk, token)
			c.take(chunk[:len(chunk)-keep], to)
			if keep > 0 {
				c.held = bytes.Clone(chunk[len(chunk)-keep:])
			}
			return
		}
		c.take(chunk[:at], to)
		chunk = chunk[at+len(token):]
		if c.within {
			to.Complete(c.last())
			c.captured = nil
		}
		c.within = !c.within
	}
}

// take passes on what is no token.
func (c *Capture) take(data []byte, to Pieces) {
	switch {
	case len(data) == 0:
	case !c.within:
		to.Plain(data)
	default:
		to.Captured(data)
		c.captured = append(c.captured, data...)
		if len(c.captured) > 2*c.Max {
			c.captured = append(c.captured[:0], c.last()...)
		}
	}
}

// last is what is kept of what was captured.
func (c *Capture) last() []byte { return c.captured[max(0, len(c.captured)-c.Max):] }

// beginning is how many of the last bytes of chunk may be the beginning of token.
func beginning(chunk []byte, token string) int {
	for n := min(len(token)-1, len(chunk)); n > 0; n-- {
		if string(chunk[len(chunk)-n:]) == token[:n] {
			return n
		}
	}
	return 0
}

// Flush passes on what was held back, at the end of the stream, and makes c ready for the next one. What was captured
// without an end token is dropped.
func (c *Capture) Flush(to Pieces) {
	if c.held != nil {
		c.take(c.held, to)
	}
	*c = Capture{Max: c.Max}
}

// Discard forgets what was captured so far; capturing goes on. Source: clearProcessLogs.
func (c *Capture) Discard() { c.captured = nil }
