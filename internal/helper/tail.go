package helper

import "sync"

// kept is how much of the output of a check is kept, in bytes.
const kept = 1 << 10

// tail keeps the end of what is written to it. It is the sink of a check.
type tail struct {
	mu  sync.Mutex
	buf []byte // up to 2 × kept
}

// Write implements pump.Sink.
func (t *tail) Write(chunk []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(chunk) > kept {
		chunk = chunk[len(chunk)-kept:]
	}
	if len(t.buf)+len(chunk) > 2*kept {
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-(kept-len(chunk)):]...)
	}
	t.buf = append(t.buf, chunk...)
}

// Backpressure implements pump.Sink. A tail accepts everything.
func (t *tail) Backpressure() <-chan struct{} { return nil }

// text returns what is kept.
func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.buf[max(0, len(t.buf)-kept):])
}
