package pump

import "time"

// Holder is a sink that holds back the beginning of a line, for which the pump has it released when nothing more comes. It is asked after
// each Write.
type Holder interface {
	Sink
	// Held returns how many bytes of memory are held back, 0 for nothing, since when, and when the last byte came.
	Held() (n int, since, last time.Time)
	// Release passes on what is held back, or most of it.
	Release()
	// End passes on everything: the pipe is at its end.
	End()
}

const (
	silence = time.Second // after which what is held back is released
	maxHeld = 16 << 20    // bytes that all sinks together may hold back
)

// partials are the pipes whose sinks hold back something. Only the pump's goroutine uses them.
type partials struct {
	pipes []*Pipe
	due   time.Time // when to look at them; zero: never
	bytes int
}

// partial is what the pump knows of what the sink of a pipe holds back. Only its goroutine uses it.
type partial struct {
	held   int32 // bytes
	listed bool  // the pipe is in partials
}

// note takes what the sink of a pipe holds back. The lock of the pipe is held.
func (w *partials) note(p *Pipe) {
	n, last := 0, time.Time{}
	if h, ok := p.sink.(Holder); ok && !p.closed {
		n, _, last = h.Held()
	}
	w.bytes += n - int(p.held)
	p.held = int32(n)
	if n == 0 || p.listed {
		return
	}
	p.listed = true
	w.pipes = append(w.pipes, p)
	if w.due.IsZero() {
		w.due = last.Add(silence)
	}
}

// timeout is how long the pump may wait, in milliseconds, at most so long as it could without partials; -1: for ever.
func (w *partials) timeout(without int, now func() time.Time) int {
	if w.due.IsZero() {
		return without
	}
	ms := int(max(w.due.Sub(now())+time.Millisecond-1, 0) / time.Millisecond)
	if without >= 0 {
		ms = min(ms, without)
	}
	return ms
}

// serve releases what has been held back for long.
func (w *partials) serve() {
	if w.due.IsZero() {
		return
	}
	if now := time.Now(); !now.Before(w.due) {
		w.look(now)
	}
}

// bound releases what is too much.
func (w *partials) bound() {
	if w.bytes <= maxHeld {
		return
	}
	w.look(time.Now()) // some may have been closed
	for w.bytes > maxHeld {
		w.oldest().release(w)
	}
}

// look releases what has been held back for long, and forgets pipes that hold back nothing.
func (w *partials) look(now time.Time) {
	w.due = time.Time{}
	left := w.pipes[:0]
	for _, p := range w.pipes {
		due := p.releaseIfDue(w, now)
		if due.IsZero() {
			continue
		}
		left = append(left, p)
		if w.due.IsZero() || due.Before(w.due) {
			w.due = due
		}
	}
	clear(w.pipes[len(left):])
	if w.pipes = left; len(left) == 0 {
		w.pipes = nil
	}
}

// releaseIfDue releases what the sink holds back if it is due. It returns when to look again, zero for never.
func (p *Pipe) releaseIfDue(w *partials, now time.Time) (due time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.note(p)
	if p.held > 0 {
		_, _, last := p.sink.(Holder).Held()
		due = last.Add(silence)
		if p.paused != nil { // more may come as soon as it is read
			due = now.Add(silence)
		}
		if !due.After(now) {
			p.sink.(Holder).Release()
			due = now.Add(silence)
			w.note(p)
		}
	}
	if p.held == 0 {
		p.listed, due = false, time.Time{}
	}
	return due
}

// release releases what the sink holds back.
func (p *Pipe) release(w *partials) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h, ok := p.sink.(Holder); ok && !p.closed {
		h.Release()
	}
	w.note(p)
}

// oldest is the pipe whose sink holds back what came first.
func (w *partials) oldest() (oldest *Pipe) {
	var first time.Time
	for _, p := range w.pipes {
		p.mu.Lock()
		if h, ok := p.sink.(Holder); ok && p.held > 0 {
			if _, since, _ := h.Held(); oldest == nil || since.Before(first) {
				oldest, first = p, since
			}
		}
		p.mu.Unlock()
	}
	return oldest
}
