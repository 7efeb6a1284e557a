package output

import (
	"bytes"
	"sync/atomic"
)

// The tokens between which output is captured. Source: events.html#process-communication-event-type.
const (
	beginToken = "<!--XSUPERVISOR:BEGIN-->"
	endToken   = "<!--XSUPERVISOR:END-->"
)

// Capture takes out the tokens and what stands between them. It holds back only what may be the beginning of a token.
// What was captured when the stream ends, without an end token, is dropped. Source: stdout_capture_maxbytes.
type Capture struct {
	Max      int               // how many bytes are kept of what is captured: the last ones
	Plain    Stage             // gets what stands outside of the tokens
	Captured Stage             // gets what stands between them, as it comes; nil: nothing does
	Complete func(data []byte) // gets all that was captured, at the end token; it must not keep it

	within    bool
	held      []byte // the last bytes, which may be the beginning of a token
	captured  []byte
	discarded atomic.Bool // Discard was called since the last Write
}

// Write implements Stage.
func (c *Capture) Write(chunk []byte) {
	if c.discarded.Swap(false) {
		c.captured = nil
	}
	if c.held != nil {
		chunk = append(c.held, chunk...)
		c.held = nil
	}
	for len(chunk) > 0 {
		token := beginToken
		if c.within {
			token = endToken
		}
		at := bytes.Index(chunk, []byte(token))
		if at < 0 {
			keep := beginning(chunk, token)
			c.take(chunk[:len(chunk)-keep])
			if keep > 0 {
				c.held = bytes.Clone(chunk[len(chunk)-keep:])
			}
			return
		}
		c.take(chunk[:at])
		chunk = chunk[at+len(token):]
		if c.within {
			c.Complete(c.last())
			c.captured = nil
		}
		c.within = !c.within
	}
}

// take passes on what is no token.
func (c *Capture) take(data []byte) {
	switch {
	case len(data) == 0:
	case !c.within:
		c.Plain.Write(data)
	default:
		if c.Captured != nil {
			c.Captured.Write(data)
		}
		c.captured = append(c.captured, data...)
		if len(c.captured) > 2*c.Max {
			c.captured = append(c.captured[:0], c.last()...)
		}
	}
}

// last returns what is kept of what was captured.
func (c *Capture) last() []byte { return c.captured[max(0, len(c.captured)-c.Max):] }

// beginning returns how many of the last bytes of chunk may be the beginning of token.
func beginning(chunk []byte, token string) int {
	for n := min(len(token)-1, len(chunk)); n > 0; n-- {
		if string(chunk[len(chunk)-n:]) == token[:n] {
			return n
		}
	}
	return 0
}

// Flush implements Stage.
func (c *Capture) Flush() {
	c.take(c.held)
	c.within, c.held, c.captured = false, nil, nil
	c.Plain.Flush()
	if c.Captured != nil {
		c.Captured.Flush()
	}
}

// Discard drops what was captured so far; capturing goes on. Any goroutine may call it. Source: clearProcessLogs.
func (c *Capture) Discard() { c.discarded.Store(true) }
