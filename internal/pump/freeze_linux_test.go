package pump

import (
	"bytes"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/handover"
)

// handed returns the state that the next program reads, and a reader of its document.
func handed[T any](t *testing.T, w *handover.Writer, s T) (next T, r *handover.Reader) {
	t.Helper()
	w.Put("room", s)
	text, err := w.Text()
	if err != nil {
		t.Fatal(err)
	}
	if r, err = handover.Read(text, "2", false); err != nil {
		t.Fatal(err)
	}
	r.Get("room", &next)
	return next, r
}

// numbered returns lines that all differ.
func numbered(n int) []byte {
	var all []byte
	for i := range n {
		text, _ := json.Marshal(i)
		all = append(append(all, text...), '\n')
	}
	return all
}

func freeze(t *testing.T, m *Pump) {
	t.Helper()
	if err := m.Freeze(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
}

// covers: L12-b
// A pump is handed over 20 times while children write as fast as they can, and thawed as often in between: every byte comes once, in
// order. One sink pauses its pipe now and then.
func TestHandOver(t *testing.T) {
	m := newPump(t)
	want := numbered(300_000)
	const pipes = 3
	var sinks [pipes]*collector
	var all [pipes]*Pipe
	var writers sync.WaitGroup
	for i := range pipes {
		r, w := pipe(t)
		sinks[i] = newCollector()
		var err error
		if all[i], err = m.Add(r, sinks[i]); err != nil {
			t.Fatal(err)
		}
		writers.Go(func() { write(t, w, want); unix.Close(w) })
	}
	for round := range 20 {
		sinks[0].wait(t, round*len(want)/20)
		accepting := make(chan struct{})
		sinks[1].mu.Lock()
		if sinks[1].accepting != nil {
			close(sinks[1].accepting)
		}
		if sinks[1].accepting = nil; round%2 == 0 {
			sinks[1].accepting = accepting
		}
		sinks[1].mu.Unlock()
		freeze(t, m)
		m.Thaw()
		freeze(t, m)
		w := handover.NewWriter("1")
		var states []*PipeState
		for i := range all {
			states = append(states, all[i].Export(w, "stdout of p"))
		}
		states, reader := handed(t, w, states)
		next := Import()
		for i, s := range states {
			if p := all[i]; p != nil {
				p.mu.Lock()
				p.closed = true // what waits for its sink ends, as it would with its program
				p.mu.Unlock()
			}
			all[i] = next.ImportPipe(reader, s, "stdout of p", sinks[i])
		}
		if err := reader.Complete(); err != nil {
			t.Fatal(err)
		}
		m.Close() // it ends without reading
		m.Thaw()
		if m = next; m.Open() != nil {
			t.Fatal("the next pump does not begin")
		}
		m.Begin()
	}
	sinks[1].mu.Lock()
	if sinks[1].accepting != nil {
		close(sinks[1].accepting)
		sinks[1].accepting = nil
	}
	sinks[1].mu.Unlock()
	for i, sink := range sinks {
		if got := sink.wait(t, len(want)); !bytes.Equal(got, want) {
			t.Errorf("sink %d: bytes are lost, doubled or out of order", i)
		}
	}
	writers.Wait()
	m.Close()
}

// slowSink returns from Write when the test lets it.
type slowSink struct {
	collector
	entered, leave chan struct{}
}

func (s *slowSink) Write(chunk []byte) {
	s.entered <- struct{}{}
	<-s.leave
	s.collector.Write(chunk)
}

// covers: L12-b
// A sink that does not return in time leaves the pump running.
func TestFreezeInVain(t *testing.T) {
	m := newPump(t)
	r, w := pipe(t)
	s := &slowSink{*newCollector(), make(chan struct{}), make(chan struct{})}
	if _, err := m.Add(r, s); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		write(t, w, []byte("a"))
		<-s.entered
		if err := m.Freeze(time.Now()); !errors.Is(err, ErrBusy) {
			t.Fatalf("%v", err)
		}
		s.leave <- struct{}{}
		if got := s.wait(t, i+1); string(got) != "aaa"[:i+1] {
			t.Errorf("got %q", got)
		}
	}
	freeze(t, m)
	m.Thaw()
	unix.Close(w)
}

// covers: L12-e
// A frozen pump reads nothing, but pipes of children that have ended are drained. A closed pipe has no state.
func TestDrainInFreeze(t *testing.T) {
	m := newPump(t)
	r, w := pipe(t)
	sink := newCollector()
	p, err := m.Add(r, sink)
	if err != nil {
		t.Fatal(err)
	}
	freeze(t, m)
	write(t, w, []byte("last words"))
	if p.FinishNow() || len(sink.wait(t, 0)) > 0 {
		t.Error("it is read")
	}
	p.Finish()
	if got := sink.wait(t, 10); string(got) != "last words" {
		t.Errorf("got %q", got)
	}
	if p.Export(handover.NewWriter("1"), "") != nil || Import().ImportPipe(nil, nil, "", sink) != nil {
		t.Error("a closed pipe has a state")
	}
	m.Thaw()
	unix.Close(w)
}

// covers: L12-b
// An enlarged pipe stays large and counted, and becomes small when it is quiet.
func TestEnlargedPipe(t *testing.T) {
	for _, flood := range []bool{false, true} {
		r, w := pipe(t)
		if _, err := unix.FcntlInt(uintptr(r), unix.F_SETPIPE_SZ, largeSize); err != nil {
			t.Fatal(err)
		}
		writer := handover.NewWriter("1")
		s, reader := handed(t, writer, &PipeState{FD: writer.Descriptor(r, "x"), Size: largeSize, Flood: flood})
		m, sink := Import(), newCollector()
		p := m.ImportPipe(reader, s, "x", sink)
		if again := p.Export(handover.NewWriter("2"), "x"); *again != *s || m.enlarged() != largeSize-normalSize {
			t.Errorf("%+v, %d bytes are counted", again, m.enlarged())
		}
		if err := m.Open(); err != nil {
			t.Fatal(err)
		}
		m.Begin()
		for i := 1; m.enlarged() > 0; i++ {
			write(t, w, []byte{'x'}) // which has the thread look at a pipe that it watches
			sink.wait(t, i)
		}
		unix.Close(w)
		m.Close()
	}
}

// covers: L12-f
// A rehearsal makes pipes without descriptors, and touches none.
func TestRehearsal(t *testing.T) {
	r, w := pipe(t)
	defer unix.Close(r)
	defer unix.Close(w)
	writer := handover.NewWriter("1")
	writer.Put("room", PipeState{FD: writer.Descriptor(r, "x")})
	text, err := writer.Text()
	if err != nil {
		t.Fatal(err)
	}
	reader, err := handover.Read(text, "2", true)
	if err != nil {
		t.Fatal(err)
	}
	var s PipeState
	reader.Get("room", &s)
	if p := Import().ImportPipe(reader, &s, "x", newCollector()); p.fd != -1 || reader.Complete() != nil {
		t.Errorf("descriptor %d, %v", p.fd, reader.Complete())
	}
}

// halting freezes the pump when it gets output.
type halting struct {
	*collector
	m *Pump
}

func (h *halting) Write(chunk []byte) {
	h.collector.Write(chunk)
	h.m.halt.Store(&halt{make(chan struct{}), make(chan struct{})})
}

// covers: L12-a
// A freeze ends a round of reading busy pipes after the read in progress; the next round reads all that are left.
func TestFreezeInRound(t *testing.T) {
	m, p, _ := unserved(t, newCollector())
	first := newCollector()
	sinks := []*collector{first, newCollector(), newCollector()}
	var writers []int
	now := time.Minute
	m.busy.note(p, busyBytes, now)
	for i, c := range sinks {
		r, w := pipe(t)
		var sink Sink = c
		if i == 0 {
			sink = &halting{c, m}
		}
		p, err := m.Add(r, sink)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Finish(); unix.Close(w) })
		writers = append(writers, w)
		m.busy.note(p, busyBytes, now)
	}
	if len(m.busy.pipes) != 1+len(sinks) {
		t.Fatalf("%d pipes are busy", len(m.busy.pipes))
	}
	p.Finish()
	for _, w := range writers {
		write(t, w, []byte("a"))
	}
	now = m.busy.due
	m.busy.serve(m, nil, now)
	if string(first.data) != "a" || len(sinks[1].data)+len(sinks[2].data) != 0 {
		t.Errorf("the first pipe brought %q, those after the freeze %q and %q", first.data, sinks[1].data, sinks[2].data)
	}
	if len(m.busy.pipes) != len(sinks) {
		t.Errorf("%d pipes are busy after the freeze", len(m.busy.pipes))
	}
	m.halt.Store(nil)
	m.busy.serve(m, nil, now)
	if string(sinks[1].data)+string(sinks[2].data) != "aa" {
		t.Errorf("the next round brings %q and %q", sinks[1].data, sinks[2].data)
	}
}
