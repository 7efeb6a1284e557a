package pump

import (
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// holder is a sink that holds back everything until it is released. Its clock is that of the test.
type holder struct {
	mu       sync.Mutex
	size     int // what it says that it holds for each byte
	held     int
	since    time.Time
	released chan string
}

func (h *holder) Write(chunk []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held == 0 {
		h.since = time.Now()
	}
	h.held += len(chunk) * h.size
}

func (h *holder) Backpressure() <-chan struct{} { return nil }

func (h *holder) Held() (int, time.Time, time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.held, h.since, h.since
}

func (h *holder) let(why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held > 0 {
		h.held = 0
		h.released <- why
	}
}

func (h *holder) Release() { h.let("released") }
func (h *holder) End()     { h.let("end") }

func newHolder(size int) *holder { return &holder{size: size, released: make(chan string, 10)} }

// What a sink holds back is released after a while without more, each time anew, and at the end of the pipe.
func TestSilence(t *testing.T) {
	m := newPump(t)
	r, w := pipe(t)
	h := newHolder(1)
	if _, err := m.Add(r, h); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		write(t, w, []byte("half"))
		if got := <-h.released; got != "released" {
			t.Error(got)
		}
	}
	write(t, w, []byte("last"))
	unix.Close(w)
	if got := <-h.released; got != "end" && got != "released" {
		t.Error(got)
	}
	m.Close()
}

// The end of a pipe is the end of what is held back, at once.
func TestEndOfHeld(t *testing.T) {
	m := newPump(t)
	r, w := pipe(t)
	h := newHolder(1)
	h.since = time.Now().Add(time.Hour) // nothing is due
	h.held = 1
	p, err := m.Add(r, h)
	if err != nil {
		t.Fatal(err)
	}
	write(t, w, []byte("last"))
	p.Finish()
	if got := <-h.released; got != "end" {
		t.Error(got)
	}
	unix.Close(w)
	m.Close()
}

// When all sinks together hold back too much, the oldest is released, and no other one.
func TestTooMuchHeld(t *testing.T) {
	now := time.Now().Add(time.Hour) // nothing is due before
	w := &partials{}
	var sinks []*holder
	for i := range 5 {
		h := newHolder(1)
		h.held, h.since = maxHeld/4, now.Add(-time.Duration(i)*time.Second)
		sinks = append(sinks, h)
		w.note(&Pipe{sink: h})
		w.bound()
	}
	for i, h := range sinks {
		if released := len(h.released) > 0; released != (i == 4) {
			t.Errorf("%d was released: %t", i, released)
		}
	}
	if w.bytes != maxHeld {
		t.Errorf("%d bytes are counted", w.bytes)
	}
	w.look(now.Add(-2 * time.Second)) // that of a second before is not due for another one
	w.look(now)
	for i, h := range sinks {
		if released := len(h.released) > 0; released != (i >= 1) {
			t.Errorf("%d was released: %t", i, released)
		}
	}
	if due := now.Add(silence); !w.due.Equal(due) || len(w.pipes) != 1 {
		t.Errorf("due %v, not %v; %d pipes", w.due, due, len(w.pipes))
	}
	if got := w.timeout(-1, func() time.Time { return now }); got != 1000 {
		t.Error(got)
	}
	if got := w.timeout(5, func() time.Time { return now }); got != 5 {
		t.Error(got)
	}
	w.look(now.Add(silence))
	if got := w.timeout(-1, time.Now); got != -1 || w.bytes != 0 || w.pipes != nil {
		t.Errorf("timeout %d, %d bytes, %d pipes", got, w.bytes, len(w.pipes))
	}
}
