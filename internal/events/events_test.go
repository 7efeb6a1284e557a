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

// TestFamily lists the types that each name subscribes to.
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

// TestPayloads compares the payload of each type of event.
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

// TestCharacters compares the count with the standard library's for every substring.
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

// fakeInput is the input of a listener and records what it is sent.
type fakeInput struct {
	err  error
	sent []string
}

func (f *fakeInput) Send(data []byte) error {
	if f.err == nil {
		f.sent = append(f.sent, string(data))
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

func (pt *poolTest) receive(i int, text string) { pt.ls[i].Receive([]byte(text), pt.now) }

func (pt *poolTest) emit(data ...string) {
	for _, d := range data {
		pt.bus.Emit(api.RemoteCommunication, Remote("t", d))
	}
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

// TestOverflow shows that a full pool discards its oldest event.
func TestOverflow(t *testing.T) {
	pt := newPoolTest(t, 1, 2)
	pt.emit("a", "b", "c", "d")
	pt.logged("ERRO pool pool event buffer overflowed, discarding event 0",
		"ERRO pool pool event buffer overflowed, discarding event 1")
	pt.receive(0, "READY\n")
	pt.got(0, "2 2 c")
	pt.logged("DEBG l0: ACKNOWLEDGED -> READY", "DEBG event 2 sent to listener l0",
		"DEBG rebuffering event 3 for pool pool (buf size=0, max=2)")
	pt.emit("e")
	pt.ls[0].Exited()
	pt.logged("DEBG rebuffering event 2 for pool pool (buf size=2, max=2)",
		"ERRO pool pool event buffer overflowed, discarding event 3")
	pt.receive(0, "READY\n")
	pt.got(0, "2 2 c")
	pt.receive(0, "RESULT 2\nOKREADY\n")
	pt.got(0, "4 4 e")
}

// TestQueueBytes shows that a queue is bounded in bytes as well: its oldest events are discarded, and one that is larger than
// the bound is queued alone. A pool that may have many events may have many bytes.
// covers: SEC-19
// differs: DIFF-194 bytes are bounded
func TestQueueBytes(t *testing.T) {
	const mega = 1 << 20
	data := func(n int) string { return strings.Repeat("x", n-len("type:t\n")) }
	pt := newPoolTest(t, 1, 100)
	for i := range 20 {
		pt.emit(data(mega))
		if want := min(i+1, 16); pt.queue.n != want || pt.queue.bytes != want*mega {
			t.Fatalf("%d events, %d bytes", pt.queue.n, pt.queue.bytes)
		}
	}
	pt.logged("ERRO pool pool event buffer overflowed, discarding event 0", "ERRO pool pool event buffer overflowed, discarding event 1",
		"ERRO pool pool event buffer overflowed, discarding event 2", "ERRO pool pool event buffer overflowed, discarding event 3")
	pt.emit(data(20 * mega))
	if pt.queue.n != 1 || pt.queue.bytes != 20*mega {
		t.Errorf("%d events, %d bytes", pt.queue.n, pt.queue.bytes)
	}
	pt.receive(0, "READY\n")
	pt.emit(data(10*mega), data(mega))
	pt.log.Reset()
	pt.ls[0].Exited() // gives its event back, which is larger than the bound
	pt.logged("DEBG rebuffering event 20 for pool pool (buf size=2, max=100)",
		"ERRO pool pool event buffer overflowed, discarding event 21", "ERRO pool pool event buffer overflowed, discarding event 22")
	if pt.queue.n != 1 || pt.queue.bytes != 20*mega || pt.message != nil {
		t.Errorf("%d events, %d bytes", pt.queue.n, pt.queue.bytes)
	}
	many := newPoolTest(t, 1, 1000)
	for range 40 {
		many.emit(data(mega))
	}
	if many.queue.n != 40 {
		t.Errorf("buffer_size=1000: %d events", many.queue.n)
	}
}

// TestViolations shows the protocol violations, and that a listener that made one is sent nothing until its next child.
// covers: REP-G11
func TestViolations(t *testing.T) {
	const out = "WARN l0: has entered the UNKNOWN state and will no longer receive events, this usually indicates the " +
		"process violated the eventlistener protocol"
	const only = "; standard output is for the protocol only, messages belong on standard error"
	const length = " where RESULT, a length of at most 1048584 and a line feed were expected"
	back := "DEBG rebuffering event 0 for pool pool (buf size=0, max=10)"
	for _, c := range []struct {
		busy bool
		text string
		log  []string
	}{
		{false, "hello\n", []string{"DEBG l0: ACKNOWLEDGED -> UNKNOWN", out,
			`WARN l0: wrote b'hello\n' where READY and a line feed were expected` + only}},
		{false, "READY\nx", []string{"DEBG l0: ACKNOWLEDGED -> READY", "DEBG l0: READY -> UNKNOWN", out,
			`WARN l0: wrote b'x' where nothing was expected before the next event` + only}},
		{true, "garbage\n", []string{"WARN l0: bad result line: 'garbage'", "DEBG l0: BUSY -> UNKNOWN", out, back,
			`WARN l0: wrote b'garbage'` + length}},
		{true, "RESULT xx\n", []string{"WARN l0: bad result line: 'RESULT xx'", "DEBG l0: BUSY -> UNKNOWN", out, back,
			`WARN l0: wrote b'RESULT xx'` + length}},
		{true, "RESULT -1\nOK", []string{"WARN l0: bad result line: 'RESULT -1'", "DEBG l0: BUSY -> UNKNOWN", out, back,
			`WARN l0: wrote b'RESULT -1'` + length}},
		{true, "\xff\n", []string{`WARN l0: bad result line: 'Undecodable: b'\xff''`, "DEBG l0: BUSY -> UNKNOWN", out, back,
			`WARN l0: wrote b'\xff'` + length}},
		{true, "RESULT 2\nOK\n     ", []string{"DEBG l0: event was processed", "DEBG l0: BUSY -> ACKNOWLEDGED",
			"DEBG l0: ACKNOWLEDGED -> UNKNOWN", out,
			`WARN l0: wrote b'\n     ' where READY and a line feed were expected` + only}},
		{false, strings.Repeat("x", 1000), []string{"DEBG l0: ACKNOWLEDGED -> UNKNOWN", out,
			"WARN l0: wrote b'" + strings.Repeat("x", maxShown) + "' where READY and a line feed were expected" + only}},
	} {
		pt := newPoolTest(t, 1, 10)
		if c.busy {
			pt.receive(0, "READY\n")
			pt.emit("a")
		}
		pt.inputs[0].sent = nil
		pt.log.Reset()
		pt.receive(0, c.text)
		pt.logged(c.log...)
		pt.receive(0, "READY\n")
		pt.emit("b")
		if len(pt.inputs[0].sent) != 0 {
			t.Errorf("%q: sent %q", c.text, pt.inputs[0].sent)
		}
		pt.ls[0].Exited()
		pt.receive(0, "READY\n")
		if len(pt.inputs[0].sent) != 1 {
			t.Errorf("%q: sent to the next child: %q", c.text, pt.inputs[0].sent)
		}
	}
}

// TestByteReader shows the hint for a listener that may count bytes, which a new child loses. covers: REP-G11
func TestByteReader(t *testing.T) {
	const hint = "an event had characters beyond ASCII: a listener that counts bytes needs payload_length=bytes"
	for _, c := range []struct {
		data           string
		bytes, restart bool
		want           bool
	}{{"größe", false, false, true}, {"grosse", false, false, false}, {"größe", true, false, false}, {"größe", false, true, false}} {
		pt := newPoolTest(t, 1, 10)
		pt.CountBytes = c.bytes
		pt.receive(0, "READY\n")
		pt.emit(c.data, "plain")
		pt.receive(0, "RESULT 2\nOKREADY\n")
		if c.restart {
			pt.ls[0].Exited()
		}
		pt.receive(0, "error")
		pt.receive(0, "!\n")
		if got := strings.Contains(pt.log.String(), hint); got != c.want || pt.ls[0].phase != Unknown {
			t.Errorf("%+v: %s", c, pt.log.String())
		}
	}
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

// tokens lists the tokens of a listener whose output comes in these chunks. Each event is followed by another one.
func tokens(pieces ...string) []string {
	var m protocol
	var got []string
	busy := func() { // the next event is sent between two tokens
		if m.phase == Ready {
			m.phase = Busy
		}
	}
	for _, piece := range pieces {
		m.read([]byte(piece), func(kind token, text []byte) {
			got = append(got, fmt.Sprint(kind, " ", string(text)))
			if kind == result {
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
		whole := tokens(data)
		singles := make([]string, len(data))
		for k := range singles {
			singles[k] = data[k : k+1]
		}
		for _, cut := range [][]string{{data[:i], data[i:j], data[j:]}, singles} {
			if d := cmp.Diff(whole, tokens(cut...)); d != "" {
				t.Errorf("%q cut as %q (-whole +cut):\n%s", data, cut, d)
			}
		}
	})
}

// TestAwaitingDecision shows that little of what a listener writes is kept while its result awaits a decision: enough to
// recognize a violation.
func TestAwaitingDecision(t *testing.T) {
	m := protocol{phase: Busy, awaitingDecision: true}
	kind, _, rest := m.next(bytes.Repeat([]byte("READY\n"), 10))
	if kind != incomplete || string(rest) != "READY\nR" {
		t.Errorf("%v, %q", kind, rest)
	}
}

// TestQueue moves many entries around the ring.
func TestQueue(t *testing.T) {
	var q queue
	next, first := uint64(0), uint64(0)
	for round := range 3000 {
		for range round%7 + 1 {
			q.pushBack(entry{event: new(Event), serial: next})
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
		t.Errorf("%d of %d entries were returned, the ring has %d", first, next, len(q.ring))
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

func (discard) Send([]byte) error { return nil }
