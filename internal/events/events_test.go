package events

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// TestFamily writes out what each name subscribes to.
func TestFamily(t *testing.T) {
	all := func(prefix string) (list []string) {
		for ty := range api.SentEventTypes {
			if strings.HasPrefix(ty.String(), prefix) {
				list = append(list, ty.String())
			}
		}
		return list
	}
	for name, want := range map[string][]string{
		"EVENT": all(""), "PROCESS_STATE": all("PROCESS_STATE_"), "PROCESS_LOG": {"PROCESS_LOG_STDOUT", "PROCESS_LOG_STDERR"},
		"PROCESS_COMMUNICATION": {"PROCESS_COMMUNICATION_STDOUT", "PROCESS_COMMUNICATION_STDERR"},
		"REMOTE_COMMUNICATION":  {"REMOTE_COMMUNICATION"}, "TICK": {"TICK_5", "TICK_60", "TICK_3600"}, "TICK_5": {"TICK_5"},
		"SUPERVISOR_STATE_CHANGE": {"SUPERVISOR_STATE_CHANGE_RUNNING", "SUPERVISOR_STATE_CHANGE_STOPPING"},
		"PROCESS_GROUP":           {"PROCESS_GROUP_ADDED", "PROCESS_GROUP_REMOVED"},
		"PROCESS_STATE_EXITED":    {"PROCESS_STATE_EXITED"}, "NOPE": nil,
	} {
		var got []string
		for ty := range api.SentEventTypes {
			if Family(name).Has(ty) {
				got = append(got, ty.String())
			}
		}
		if Family(name).Has(Extension) != (name == api.AnyEvent) {
			t.Errorf("%s: types of plug-ins", name)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	if n := len(all("PROCESS_STATE_")); n != 8 {
		t.Errorf("%d process states", n)
	}
}

// TestPayloads writes out the text of each event.
func TestPayloads(t *testing.T) {
	move := func(from, to api.State) string {
		typ, text := Move{Process: "p", Group: "g", From: from, To: to, Tries: 12, Expected: true, PID: 71}.Payload()
		return typ.String() + " " + text
	}
	_, unexpected := Move{Process: "p", Group: "g", From: api.Running, To: api.Exited, PID: 71}.Payload()
	got := []string{
		move(api.Stopped, api.Starting), move(api.Starting, api.Backoff), move(api.Starting, api.Running),
		move(api.Running, api.Stopping), move(api.Stopping, api.Stopped), move(api.Running, api.Exited), unexpected,
		move(api.Backoff, api.Fatal), move(api.Running, api.Unknown),
		Log("p", "g", 71, api.Stdout, []byte("data\r\n")), Log("p", "g", 71, api.Stderr, []byte("ok\xff\xfe")),
		Communication("p", "g", 71, nil), Communication("p", "g", 71, []byte("it's\xff")),
		Remote("t€", "d€"), Group("g"), Tick(1201063880),
	}
	want := []string{
		"PROCESS_STATE_STARTING processname:p groupname:g from_state:STOPPED tries:12",
		"PROCESS_STATE_BACKOFF processname:p groupname:g from_state:STARTING tries:12",
		"PROCESS_STATE_RUNNING processname:p groupname:g from_state:STARTING pid:71",
		"PROCESS_STATE_STOPPING processname:p groupname:g from_state:RUNNING pid:71",
		"PROCESS_STATE_STOPPED processname:p groupname:g from_state:STOPPING pid:71",
		"PROCESS_STATE_EXITED processname:p groupname:g from_state:RUNNING expected:1 pid:71",
		"processname:p groupname:g from_state:RUNNING expected:0 pid:71",
		"PROCESS_STATE_FATAL processname:p groupname:g from_state:BACKOFF",
		"PROCESS_STATE_UNKNOWN processname:p groupname:g from_state:RUNNING",
		"processname:p groupname:g pid:71 channel:stdout\ndata\r\n",
		"processname:p groupname:g pid:71 channel:stderr\nUndecodable: b'ok\\xff\\xfe'",
		"processname:p groupname:g pid:71\n", "processname:p groupname:g pid:71\nUndecodable: b\"it's\\xff\"",
		"type:t€\nd€", "groupname:g\n", "when:1201063880",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestCharacters counts as the standard library does, wherever the text begins and ends.
func TestCharacters(t *testing.T) {
	text := strings.Repeat("aé€😀ÿ\x00", 7) + "plain ASCII text of some length"
	for i := range text {
		for j := i; j <= len(text); j++ {
			if j < len(text) && !utf8.RuneStart(text[j]) {
				continue
			}
			if got, want := characters(text[i:j]), utf8.RuneCountInString(text[i:j]); got != want {
				t.Fatalf("%q: %d, want %d", text[i:j], got, want)
			}
		}
	}
}

// fake is the input of a listener; it keeps what it is sent.
type fake struct {
	err  error
	sent []string
}

func (f *fake) Send(data []byte) error {
	if f.err == nil {
		f.sent = append(f.sent, string(data))
	}
	return f.err
}

// world is a bus with one pool and its listeners.
type world struct {
	t   *testing.T
	bus Bus
	log bytes.Buffer
	now time.Time
	*Pool
	ps []*fake
	ls []*Listener
}

func newWorld(t *testing.T, n, size int, change ...func(*PoolOptions)) *world {
	w := &world{t: t, now: time.Unix(1_000_000_000, 0)}
	o := PoolOptions{Name: "pool", Identifier: "id", Events: []string{"EVENT"}, BufferSize: size, Handle: Default,
		Log: logs.NewMain(&w.log, api.Debug)}
	for _, f := range change {
		f(&o)
	}
	w.bus.Serial = new(Serial)
	w.Pool = w.bus.NewPool(o)
	for i := range n {
		w.join(i)
	}
	w.bus.Add(w.Pool)
	return w
}

// join adds listener i.
func (w *world) join(i int) {
	w.ps = append(w.ps, &fake{})
	w.ls = append(w.ls, w.AddListener(fmt.Sprintf("l%d", i)))
	w.ls[i].Enable(w.ps[i])
}

func (w *world) hear(i int, text string) { w.ls[i].Receive([]byte(text), w.now) }

func (w *world) emit(data ...string) {
	for _, d := range data {
		w.bus.Emit(api.RemoteCommunication, Remote("t", d))
	}
}

// got is what listener i was sent since the last time, as serial, pool serial and data.
func (w *world) got(i int, want ...string) {
	w.t.Helper()
	var got []string
	for _, text := range w.ps[i].sent {
		var serial, own int
		var data string
		if _, err := fmt.Sscanf(text, "ver:3.0 server:id serial:%d pool:pool poolserial:%d "+
			"eventname:REMOTE_COMMUNICATION len:8\ntype:t\n%s", &serial, &own, &data); err != nil {
			w.t.Errorf("%q: %v", text, err)
		}
		got = append(got, fmt.Sprintf("%d %d %s", serial, own, data))
	}
	w.ps[i].sent = nil
	if d := cmp.Diff(want, got); d != "" {
		w.t.Errorf("listener %d (-want +got):\n%s", i, d)
	}
}

// logged is what was logged since the last time.
func (w *world) logged(want ...string) {
	w.t.Helper()
	var got []string
	for line := range strings.Lines(w.log.String()) {
		got = append(got, strings.TrimSuffix(line[len("2006-01-02 15:04:05,000 "):], "\n"))
	}
	w.log.Reset()
	if d := cmp.Diff(want, got); d != "" {
		w.t.Errorf("log (-want +got):\n%s", d)
	}
}

// TestDelivery takes two events through a pool of two.
func TestDelivery(t *testing.T) {
	w := newWorld(t, 2, 10)
	w.emit("a", "b")
	w.got(0)
	w.hear(1, "READY\n")
	w.got(1, "0 0 a")
	w.logged("DEBG l1: ACKNOWLEDGED -> READY", "DEBG event 0 sent to listener l1",
		"DEBG rebuffering event 1 for pool pool (buf size=0, max=10)")
	w.hear(0, "READY\n")
	w.got(0, "1 1 b")
	w.logged("DEBG l0: ACKNOWLEDGED -> READY", "DEBG event 1 sent to listener l0")
	w.hear(1, "RESULT 2\nOKREADY\n")
	w.logged("DEBG l1: event was processed", "DEBG l1: BUSY -> ACKNOWLEDGED", "DEBG l1: ACKNOWLEDGED -> READY")
	w.emit("c")
	w.got(1, "2 2 c")
	w.got(0)
}

// TestHeader writes out one message, counted in characters and in bytes.
func TestHeader(t *testing.T) {
	for count, length := range map[bool]int{false: 10, true: 14} {
		w := newWorld(t, 1, 10, func(o *PoolOptions) { o.CountBytes = count })
		w.hear(0, "READY\n")
		w.bus.Emit(api.RemoteCommunication, Remote("t€", "d€"))
		want := fmt.Sprintf("ver:3.0 server:id serial:0 pool:pool poolserial:0 eventname:REMOTE_COMMUNICATION len:%d\n"+
			"type:t€\nd€", length)
		if got := w.ps[0].sent; len(got) != 1 || got[0] != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestNotYetRunning shows that READY alone is not enough.
func TestNotYetRunning(t *testing.T) {
	w := newWorld(t, 1, 10)
	w.ls[0].Disable()
	w.hear(0, "READY\n")
	w.emit("a")
	w.got(0)
	w.ls[0].Enable(w.ps[0])
	w.got(0, "0 0 a")
}

// TestRejected shows that an event that was not accepted comes again before all others: to another listener at once, to
// the same one after a pause.
func TestRejected(t *testing.T) {
	w := newWorld(t, 1, 10)
	w.hear(0, "READY\n")
	w.emit("a", "b")
	w.got(0, "0 0 a")
	w.log.Reset()
	w.hear(0, "RESULT 4\nFAILREADY\n")
	w.got(0)
	w.logged("WARN l0: event was rejected", "DEBG l0: BUSY -> ACKNOWLEDGED",
		"DEBG rebuffering event 0 for pool pool (buf size=1, max=10)", "DEBG l0: ACKNOWLEDGED -> READY")
	<-w.bus.Wake()
	resume := w.bus.Resume(w.now)
	if d := resume.Sub(w.now); d <= 0 || d > time.Second {
		t.Errorf("comes again after %v", d)
	}
	w.now = resume
	if !w.bus.Resume(w.now).IsZero() {
		t.Error("there is nothing more to wait for")
	}
	w.got(0, "0 0 a")
	w.join(1)
	w.hear(1, "READY\n")
	w.got(1, "1 1 b")
	w.hear(1, "RESULT 2\nOKREADY\n")
	w.hear(0, "RESULT 0\nREADY\n")
	w.got(0)
	w.got(1, "0 0 a")
}

// TestOverflow shows what a full pool loses: always its oldest event.
func TestOverflow(t *testing.T) {
	w := newWorld(t, 1, 2)
	w.emit("a", "b", "c", "d")
	w.logged("ERRO pool pool event buffer overflowed, discarding event 0",
		"ERRO pool pool event buffer overflowed, discarding event 1")
	w.hear(0, "READY\n")
	w.got(0, "2 2 c")
	w.logged("DEBG l0: ACKNOWLEDGED -> READY", "DEBG event 2 sent to listener l0",
		"DEBG rebuffering event 3 for pool pool (buf size=0, max=2)")
	w.emit("e")
	w.ls[0].Exited()
	w.logged("DEBG rebuffering event 2 for pool pool (buf size=2, max=2)",
		"ERRO pool pool event buffer overflowed, discarding event 3")
	w.hear(0, "READY\n")
	w.got(0, "2 2 c")
	w.hear(0, "RESULT 2\nOKREADY\n")
	w.got(0, "4 4 e")
}

// TestBroken shows the ways to break the protocol, and that only a new child mends it.
func TestBroken(t *testing.T) {
	const out = "WARN l0: has entered the UNKNOWN state and will no longer receive events, this usually indicates the " +
		"process violated the eventlistener protocol"
	back := "DEBG rebuffering event 0 for pool pool (buf size=0, max=10)"
	for _, c := range []struct {
		busy bool
		text string
		log  []string
	}{
		{false, "hello\n", []string{"DEBG l0: ACKNOWLEDGED -> UNKNOWN", out}},
		{false, "READY\nx", []string{"DEBG l0: ACKNOWLEDGED -> READY", "DEBG l0: READY -> UNKNOWN", out}},
		{true, "garbage\n", []string{"WARN l0: bad result line: 'garbage'", "DEBG l0: BUSY -> UNKNOWN", out, back}},
		{true, "RESULT xx\n", []string{"WARN l0: bad result line: 'RESULT xx'", "DEBG l0: BUSY -> UNKNOWN", out, back}},
		{true, "RESULT -1\nOK", []string{"WARN l0: bad result line: 'RESULT -1'", "DEBG l0: BUSY -> UNKNOWN", out, back}},
		{true, "\xff\n", []string{`WARN l0: bad result line: 'Undecodable: b'\xff''`, "DEBG l0: BUSY -> UNKNOWN", out, back}},
		{true, "RESULT 2\nOK\n     ", []string{"DEBG l0: event was processed", "DEBG l0: BUSY -> ACKNOWLEDGED",
			"DEBG l0: ACKNOWLEDGED -> UNKNOWN", out}},
	} {
		w := newWorld(t, 1, 10)
		if c.busy {
			w.hear(0, "READY\n")
			w.emit("a")
		}
		w.ps[0].sent = nil
		w.log.Reset()
		w.hear(0, c.text)
		w.logged(c.log...)
		w.hear(0, "READY\n")
		w.emit("b")
		if len(w.ps[0].sent) != 0 {
			t.Errorf("%q: it was sent %q", c.text, w.ps[0].sent)
		}
		w.ls[0].Exited()
		w.hear(0, "READY\n")
		if len(w.ps[0].sent) != 1 {
			t.Errorf("%q: a new child is sent %q", c.text, w.ps[0].sent)
		}
	}
}

// TestClosedInput shows that a listener whose input is closed stays as it is, and another gets the event.
func TestClosedInput(t *testing.T) {
	w := newWorld(t, 2, 10)
	w.ps[0].err = errors.New("closed")
	w.hear(0, "READY\n")
	w.log.Reset()
	w.emit("a")
	w.logged("DEBG epipe occurred while sending event 0 to listener l0, listener state unchanged",
		"DEBG rebuffering event 0 for pool pool (buf size=0, max=10)")
	w.hear(1, "READY\n")
	w.got(1, "0 0 a")
}

// TestSerials shows that only events that somebody takes are counted, that a pool counts its own, and that the count
// goes on with the next bus.
func TestSerials(t *testing.T) {
	w := newWorld(t, 1, 10, func(o *PoolOptions) { o.Events = []string{"REMOTE_COMMUNICATION"} })
	w.hear(0, "READY\n")
	w.bus.Emit(api.Tick5, Tick(5))
	w.emit("a")
	w.got(0, "0 0 a")
	w.bus.Remove(w.Pool)
	w.emit("lost")
	if w.bus.Wants(api.RemoteCommunication) {
		t.Error("somebody still wants it")
	}
	next := newWorld(t, 1, 10)
	next.bus.Serial = w.bus.Serial
	next.hear(0, "READY\n")
	next.emit("b")
	next.got(0, "1 0 b")
}

// TestOtherPool shows that an event that one pool did not accept is none of the other's business.
func TestOtherPool(t *testing.T) {
	w := newWorld(t, 1, 10)
	other := w.bus.NewPool(PoolOptions{Name: "other", Events: []string{"EVENT"}, BufferSize: 10, Handle: Default})
	w.bus.Add(other)
	w.hear(0, "READY\n")
	w.emit("a")
	w.hear(0, "RESULT 4\nFAIL")
	if w.queue.n != 1 || other.queue.n != 1 {
		t.Errorf("%d and %d events wait", w.queue.n, other.queue.n)
	}
}

func TestTicks(t *testing.T) {
	w := newWorld(t, 1, 1000, func(o *PoolOptions) { o.Events = []string{"TICK_5", "TICK_60"} })
	var k Ticks
	at := func(secs int64) time.Time { return time.Unix(secs, 5e8) }
	k.Start(at(1201063882))
	if k.Due(&w.bus, at(1201063884)) {
		t.Error("due in the slice that it began in")
	}
	if next := k.Next(&w.bus, at(1201063882)); next.Unix() != 1201063885 || next.Nanosecond() != 0 {
		t.Errorf("next at %v", next)
	}
	var got []string
	for _, secs := range []int64{1201063885, 1201063886, 1201063890, 1201063920, 1201060000, 1201060001} {
		if due := k.Due(&w.bus, at(secs)); !due && secs%5 == 0 {
			t.Errorf("not due at %d", secs)
		}
		k.Tick(&w.bus, at(secs))
		for w.queue.n > 0 {
			e := w.queue.popFront().event
			got = append(got, e.Type.String()+" "+e.Payload)
		}
	}
	want := []string{"TICK_5 when:1201063885", "TICK_5 when:1201063890", "TICK_5 when:1201063920",
		"TICK_60 when:1201063920", "TICK_5 when:1201060000", "TICK_60 when:1201059960"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	var nobody Bus
	if k.Due(&nobody, at(0)) || !k.Next(&nobody, at(0)).IsZero() {
		t.Error("a deadline that nobody wants")
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
	w := newWorld(t, 1, 10, func(o *PoolOptions) { o.Handle = handle })
	w.hear(0, "READY\n")
	w.emit("a")
	w.log.Reset()
	w.hear(0, "RESULT 2\nOK")
	if got := w.log.String(); !strings.Contains(got, "WARN l0: event caused an error\n") || w.ls[0].phase != Unknown {
		t.Errorf("phase %v, log %s", w.ls[0].phase, got)
	}
}

// hears is what one listener says when its output comes in these pieces. What was rejected is sent again at once.
func hears(pieces ...string) []string {
	var m protocol
	var got []string
	busy := func() { // the next event is sent between two reads of the output, never within one
		if m.phase == Ready {
			m.phase = Busy
		}
	}
	for _, piece := range pieces {
		m.read([]byte(piece), func(said heard, text []byte) {
			got = append(got, fmt.Sprint(said, " ", string(text)))
			if said == result {
				m.phase = Acknowledged
			}
			busy()
		})
	}
	return append(got, m.phase.String())
}

func FuzzProtocol(f *testing.F) {
	for _, s := range []string{"READY\nRESULT 2\nOKREADY\n", "READY\nRESULT 0\nREADY\nRESULT 4\nFAIL", "READY\nRESULT x\n",
		"READ", "READY\nRESULT -1\n", "READY\n\n", "READY\n1234567 3 \nabcREADY\nRES"} {
		f.Add(s, uint(1), uint(9))
	}
	f.Fuzz(func(t *testing.T, data string, i, j uint) {
		n := uint(len(data)) + 1
		i, j = min(i%n, j%n), max(i%n, j%n)
		whole := hears(data)
		singles := make([]string, len(data))
		for k := range singles {
			singles[k] = data[k : k+1]
		}
		for _, cut := range [][]string{{data[:i], data[i:j], data[j:]}, singles} {
			if d := cmp.Diff(whole, hears(cut...)); d != "" {
				t.Errorf("%q cut as %q (-whole +cut):\n%s", data, cut, d)
			}
		}
	})
}

// TestJudgedListener shows how little is kept of what a listener says while its result is being judged: enough to see that
// it says too much.
func TestJudgedListener(t *testing.T) {
	m := protocol{phase: Busy, awaitingDecision: true}
	said, _, rest := m.next(bytes.Repeat([]byte("READY\n"), 10))
	if said != nothing || string(rest) != "READY\nR" {
		t.Errorf("%v, %q", said, rest)
	}
}

// TestQueue takes many entries around the ring.
func TestQueue(t *testing.T) {
	var q queue
	next, first := uint64(0), uint64(0)
	for round := range 3000 {
		for range round%7 + 1 {
			q.pushBack(entry{serial: next})
			next++
		}
		for range round % 6 {
			e := q.popFront()
			q.pushFront(e)
			if e = q.popFront(); e.serial != first {
				t.Fatalf("got %d, want %d", e.serial, first)
			}
			first++
		}
	}
	for ; q.n > 0; first++ {
		if e := q.popFront(); e.serial != first {
			t.Fatalf("got %d, want %d", e.serial, first)
		}
	}
	if first != next || q.ring != nil {
		t.Errorf("%d of %d came out, %d places are kept", first, next, len(q.ring))
	}
}

// BenchmarkEvent takes an event of 80 bytes from its making to the listener's answer.
func BenchmarkEvent(b *testing.B) {
	bus := Bus{Serial: new(Serial)}
	p := bus.NewPool(PoolOptions{Name: "pool", Identifier: "supervisor", Events: []string{"PROCESS_LOG"},
		BufferSize: 10, Handle: Default})
	l := p.AddListener("l")
	l.Enable(sink{})
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

type sink struct{}

func (sink) Send([]byte) error { return nil }
