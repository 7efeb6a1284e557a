package events

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// fakeInput is the input of a listener and records what it is sent.
type fakeInput struct {
	err  error
	sent []string
}

func (f *fakeInput) Send(head []byte, payload string) error {
	if f.err == nil {
		f.sent = append(f.sent, string(head)+payload)
	}
	return f.err
}

// poolTest is a bus with one pool and its listeners.
type poolTest struct {
	t   *testing.T
	bus Bus
	log bytes.Buffer
	now time.Time
	*Pool
	inputs []*fakeInput
	ls     []*Listener

	handler *ExternalHandler // nil: none
	in      *fakeInput       // of the handler
}

func newPoolTest(t *testing.T, n, size int, change ...func(*PoolOptions)) *poolTest {
	pt := &poolTest{t: t, now: time.Unix(1_000_000_000, 0)}
	o := PoolOptions{Name: "pool", Identifier: "id", Events: []string{"EVENT"}, BufferSize: size,
		Log: logs.NewMain(&pt.log, api.Debug)}
	for _, f := range change {
		f(&o)
	}
	pt.bus.Serial = new(Serial)
	pt.Pool = pt.bus.NewPool(o)
	for i := range n {
		pt.addListener(i)
	}
	pt.bus.Add(pt.Pool)
	return pt
}

// addListener adds listener i.
func (pt *poolTest) addListener(i int) {
	pt.inputs = append(pt.inputs, &fakeInput{})
	pt.ls = append(pt.ls, pt.AddListener(fmt.Sprintf("l%d", i)))
	pt.ls[i].Enable(pt.inputs[i])
}

func (pt *poolTest) receive(i int, text string) {
	pt.ls[i].Receive([]byte(text), pt.now)
	pt.upgrade()
}

func (pt *poolTest) emit(data ...string) {
	for _, d := range data {
		pt.bus.Emit(api.RemoteCommunication, Remote("t", d))
	}
	pt.upgrade()
}

// got compares what listener i was sent since the last call, as serial, pool serial and data.
func (pt *poolTest) got(i int, want ...string) {
	pt.t.Helper()
	var got []string
	for _, text := range pt.inputs[i].sent {
		var serial, own int
		var data string
		if _, err := fmt.Sscanf(text, "ver:3.0 server:id serial:%d pool:pool poolserial:%d "+
			"eventname:REMOTE_COMMUNICATION len:8\ntype:t\n%s", &serial, &own, &data); err != nil {
			pt.t.Errorf("%q: %v", text, err)
		}
		got = append(got, fmt.Sprintf("%d %d %s", serial, own, data))
	}
	pt.inputs[i].sent = nil
	if d := cmp.Diff(want, got); d != "" {
		pt.t.Errorf("listener %d (-want +got):\n%s", i, d)
	}
}

// logged compares what was logged since the last call.
func (pt *poolTest) logged(want ...string) {
	pt.t.Helper()
	var got []string
	for line := range strings.Lines(pt.log.String()) {
		got = append(got, strings.TrimSuffix(line[len("2006-01-02 15:04:05,000 "):], "\n"))
	}
	pt.log.Reset()
	if d := cmp.Diff(want, got); d != "" {
		pt.t.Errorf("log (-want +got):\n%s", d)
	}
}

// TestDelivery sends events through a pool of two listeners.
func TestDelivery(t *testing.T) {
	pt := newPoolTest(t, 2, 10)
	pt.emit("a", "b")
	pt.got(0)
	pt.receive(1, "READY\n")
	pt.got(1, "0 0 a")
	pt.logged("DEBG l1: ACKNOWLEDGED -> READY", "DEBG event 0 sent to listener l1",
		"DEBG rebuffering event 1 for pool pool (buf size=0, max=10)")
	pt.receive(0, "READY\n")
	pt.got(0, "1 1 b")
	pt.logged("DEBG l0: ACKNOWLEDGED -> READY", "DEBG event 1 sent to listener l0")
	pt.receive(1, "RESULT 2\nOKREADY\n")
	pt.logged("DEBG l1: event was processed", "DEBG l1: BUSY -> ACKNOWLEDGED", "DEBG l1: ACKNOWLEDGED -> READY")
	pt.emit("c")
	pt.got(1, "2 2 c")
	pt.got(0)
}

// TestHeader compares a whole message, with the length in characters and in bytes.
func TestHeader(t *testing.T) {
	for count, length := range map[bool]int{false: 10, true: 14} {
		pt := newPoolTest(t, 1, 10, func(o *PoolOptions) { o.CountBytes = count })
		pt.receive(0, "READY\n")
		pt.bus.Emit(api.RemoteCommunication, Remote("t€", "d€"))
		want := fmt.Sprintf("ver:3.0 server:id serial:0 pool:pool poolserial:0 eventname:REMOTE_COMMUNICATION len:%d\n"+
			"type:t€\nd€", length)
		if got := pt.inputs[0].sent; len(got) != 1 || got[0] != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestNotYetRunning shows that a listener that is READY but not enabled is sent nothing.
func TestNotYetRunning(t *testing.T) {
	pt := newPoolTest(t, 1, 10)
	pt.ls[0].Disable()
	pt.receive(0, "READY\n")
	pt.emit("a")
	pt.got(0)
	pt.ls[0].Enable(pt.inputs[0])
	pt.got(0, "0 0 a")
}

// TestRejected shows that an event that was not accepted is sent again before all others: to another listener at once, to
// the same one after a delay.
func TestRejected(t *testing.T) {
	pt := newPoolTest(t, 1, 10)
	pt.receive(0, "READY\n")
	pt.emit("a", "b")
	pt.got(0, "0 0 a")
	pt.log.Reset()
	pt.receive(0, "RESULT 4\nFAILREADY\n")
	pt.got(0)
	pt.logged("WARN l0: event was rejected", "DEBG l0: BUSY -> ACKNOWLEDGED",
		"DEBG rebuffering event 0 for pool pool (buf size=1, max=10)", "DEBG l0: ACKNOWLEDGED -> READY")
	<-pt.bus.Wake()
	resume := pt.bus.Resume(pt.now)
	if d := resume.Sub(pt.now); d <= 0 || d > time.Second {
		t.Errorf("the retry is due after %v", d)
	}
	pt.now = resume
	if !pt.bus.Resume(pt.now).IsZero() {
		t.Error("another retry is due")
	}
	pt.got(0, "0 0 a")
	pt.addListener(1)
	pt.receive(1, "READY\n")
	pt.got(1, "1 1 b")
	pt.receive(1, "RESULT 2\nOKREADY\n")
	pt.receive(0, "RESULT 0\nREADY\n")
	pt.got(0)
	pt.got(1, "0 0 a")
}

// TestClosedInput shows that a listener whose input is closed keeps its state, and another one is sent the event.
func TestClosedInput(t *testing.T) {
	pt := newPoolTest(t, 2, 10)
	pt.inputs[0].err = errors.New("closed")
	pt.receive(0, "READY\n")
	pt.log.Reset()
	pt.emit("a")
	pt.logged("DEBG epipe occurred while sending event 0 to listener l0, listener state unchanged",
		"DEBG rebuffering event 0 for pool pool (buf size=0, max=10)")
	pt.receive(1, "READY\n")
	pt.got(1, "0 0 a")
}

// TestSerials shows that only accepted events are numbered, that each pool has numbers of its own, and that the next bus
// continues the numbers.
func TestSerials(t *testing.T) {
	pt := newPoolTest(t, 1, 10, func(o *PoolOptions) { o.Events = []string{"REMOTE_COMMUNICATION"} })
	pt.receive(0, "READY\n")
	pt.bus.Emit(api.Tick5, Tick(5))
	pt.emit("a")
	pt.got(0, "0 0 a")
	pt.bus.Remove(pt.Pool)
	pt.emit("lost")
	if pt.bus.Wants(api.RemoteCommunication) {
		t.Error("wanted without a pool")
	}
	next := newPoolTest(t, 1, 10)
	next.bus.Serial = pt.bus.Serial
	next.receive(0, "READY\n")
	next.emit("b")
	next.got(0, "1 0 b")
}

// TestOtherPool shows that an event that a listener did not accept is queued again in its own pool only.
func TestOtherPool(t *testing.T) {
	pt := newPoolTest(t, 1, 10)
	other := pt.bus.NewPool(PoolOptions{Name: "other", Events: []string{"EVENT"}, BufferSize: 10})
	pt.bus.Add(other)
	pt.receive(0, "READY\n")
	pt.emit("a")
	pt.receive(0, "RESULT 4\nFAIL")
	if pt.queue.n != 1 || other.queue.n != 1 {
		t.Errorf("%d and %d events are queued", pt.queue.n, other.queue.n)
	}
}

func TestTicks(t *testing.T) {
	pt := newPoolTest(t, 1, 1000, func(o *PoolOptions) { o.Events = []string{"TICK_5", "TICK_60"} })
	var k Ticks
	at := func(secs int64) time.Time { return time.Unix(secs, 5e8) }
	k.Start(at(1201063882))
	if k.Due(&pt.bus, at(1201063884)) {
		t.Error("due in the period of the start")
	}
	if next := k.Next(&pt.bus, at(1201063882)); next.Unix() != 1201063885 || next.Nanosecond() != 0 {
		t.Errorf("next at %v", next)
	}
	var got []string
	for _, secs := range []int64{1201063885, 1201063886, 1201063890, 1201063920, 1201060000, 1201060001} {
		if due := k.Due(&pt.bus, at(secs)); !due && secs%5 == 0 {
			t.Errorf("not due at %d", secs)
		}
		k.Tick(&pt.bus, at(secs))
		for pt.queue.n > 0 {
			e := pt.queue.popFront().event
			got = append(got, e.Type.String()+" "+e.Payload)
		}
	}
	want := []string{"TICK_5 when:1201063885", "TICK_5 when:1201063890", "TICK_5 when:1201063920",
		"TICK_60 when:1201063920", "TICK_5 when:1201060000", "TICK_60 when:1201059960"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	var empty Bus
	if k.Due(&empty, at(0)) || !k.Next(&empty, at(0)).IsZero() {
		t.Error("due without subscribers")
	}
}

func TestStdoutHandler(t *testing.T) {
	var out bytes.Buffer
	handle := Stdout(&out)
	if err := handle([]byte("processname:p groupname:g pid:1 channel:stderr\none\ntwo\n")); err != nil {
		t.Fatal(err)
	}
	if want := "p stderr | one\np stderr | two\np stderr | \n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	for _, bad := range []string{"OK", "processname:p\nx", "p channel:stdout\nx"} {
		if err := handle([]byte(bad)); err == nil || err == errRejected {
			t.Errorf("%q: %v", bad, err)
		}
	}
	pt := newPoolTest(t, 1, 10, func(o *PoolOptions) { o.Handle = handle })
	pt.receive(0, "READY\n")
	pt.emit("a")
	pt.log.Reset()
	pt.receive(0, "RESULT 2\nOK")
	if got := pt.log.String(); !strings.Contains(got, "WARN l0: event caused an error\n") || pt.ls[0].phase != Unknown {
		t.Errorf("phase %v, log %s", pt.ls[0].phase, got)
	}
}

// BenchmarkEvent makes an event of 80 bytes, sends it and handles the answer.
func BenchmarkEvent(b *testing.B) {
	bus := Bus{Serial: new(Serial)}
	p := bus.NewPool(PoolOptions{Name: "pool", Identifier: "supervisor", Events: []string{"PROCESS_LOG"},
		BufferSize: 10})
	l := p.AddListener("l")
	l.Enable(discard{})
	bus.Add(p)
	now := time.Now()
	l.Receive([]byte("READY\n"), now)
	line, answer := []byte(strings.Repeat("x", 79)+"\n"), []byte("RESULT 2\nOKREADY\n")
	b.ReportAllocs()
	for b.Loop() {
		bus.Emit(api.ProcessLogStdout, Log("program", "program", 12345, api.Stdout, line))
		l.Receive(answer, now)
	}
}

type discard struct{}

func (discard) Send([]byte, string) error { return nil }
