package events

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// upgrades has every poolTest hand its bus over after each event, each piece that a listener writes, and each answer.
var upgrades bool

// covers: L12-d
// Everything that holds of pools, listeners and result handlers holds if the bus is handed over after each step.
func TestHandedOver(t *testing.T) {
	upgrades = true
	defer func() { upgrades = false }()
	for name, test := range map[string]func(*testing.T){
		"delivery": TestDelivery, "not yet running": TestNotYetRunning, "rejected": TestRejected, "serials": TestSerials,
		"ticks": TestTicks, "decisions": TestDecisions, "one at a time": TestOneAtATime, "handler exits": TestHandlerExits,
		"listener exits": TestListenerExits, "flood": TestFloodBeforeDecision, "handler's input closed": TestHandlerInputClosed,
		"extension": TestExtension,
	} {
		t.Run(name, test)
	}
}

// handed returns the state of the frozen bus as the next program reads it.
func handed(t *testing.T, b *Bus) (s State, r *handover.Reader) {
	t.Helper()
	w := handover.NewWriter("1")
	w.Put("events", b.Export())
	text, err := w.Text()
	if err != nil {
		t.Fatal(err)
	}
	if r, err = handover.Read(text, "2", false); err != nil {
		t.Fatal(err)
	}
	r.Get("events", &s)
	return s, r
}

// upgrade replaces the pool, its listeners and its handler by those of the next program.
func (pt *poolTest) upgrade() {
	pt.t.Helper()
	if !upgrades || len(pt.bus.pools) != 1 {
		return
	}
	pt.bus.Freeze()
	state, r := handed(pt.t, &pt.bus)
	enabled := map[string]Input{}
	for _, l := range pt.ls {
		enabled[l.process] = l.input
	}
	old := pt.Pool
	pt.bus.pools = nil
	pt.Pool = pt.bus.NewPool(old.PoolOptions)
	for i, l := range pt.ls {
		pt.ls[i] = pt.AddListener(l.process)
	}
	if pt.handler != nil {
		pt.handler = pt.UseExternalHandler(pt.handler.timeout)
	}
	pt.bus.Add(pt.Pool)
	pt.bus.Import(r, state, func(p *Pool, process string) Input {
		if p != pt.Pool {
			pt.t.Errorf("the input of %s in another pool is asked for", process)
		}
		if process == "" {
			return pt.in
		}
		return enabled[process]
	})
	if err := r.Complete(); err != nil {
		pt.t.Fatal(err)
	}
	if again, _ := handed(pt.t, &pt.bus); !cmp.Equal(state, again) {
		pt.t.Fatalf("the state of the next program (-before +after):\n%s", cmp.Diff(state, again))
	}
	pt.bus.Begin()
}

// covers: L12-d
// The protocol goes on wherever it is cut: a listener has written half a line, half a result, or READY before the decision.
func TestProtocolIsHandedOver(t *testing.T) {
	run := func(cuts bool) string {
		upgrades = cuts
		defer func() { upgrades = false }()
		pt := newPoolTest(t, 1, 10)
		pt.emit("a", "b", "c", "d")
		for _, answer := range []string{"READY\n", "RESULT 2\nOKREADY\n", "RESULT 4\nFAILREADY\n", "RESULT 3\nO\nKREADY\n", "RESULT x\n"} {
			pieces := []string{answer}
			if cuts {
				pieces = strings.Split(answer, "")
			}
			for _, p := range pieces {
				pt.receive(0, p)
			}
			pt.now = pt.now.Add(time.Second)
			pt.bus.Resume(pt.now)
		}
		return fmt.Sprint(len(pt.inputs[0].sent), pt.inputs[0].sent, pt.ls[0].phase, pt.queue.n, undated(pt.log.String()))
	}
	if whole, cut := run(false), run(true); whole != cut {
		t.Errorf("whole:\n%s\nhanded over after each byte:\n%s", whole, cut)
	}
}

// undated returns lines of the main log without their dates.
func undated(text string) (lines []string) {
	for line := range strings.Lines(text) {
		lines = append(lines, line[len("2006-01-02 15:04:05,000 "):])
	}
	return lines
}

// covers: L12-d
// While a bus is frozen, events and results wait; they are sent in order afterwards, without one more or less, and serials go on.
func TestFreeze(t *testing.T) {
	c := newHandlerTest(t, 2)
	c.bus.Freeze()
	c.emit("a", "b", "c")
	c.got(0)
	c.bus.Thaw()
	c.got(0, "0 0 a")
	c.got(1, "1 1 b")
	c.bus.Freeze()
	c.receive(0, "RESULT 1\nx")
	c.receive(1, "RESULT 1\ny")
	c.asked()
	for len(c.bus.Wake()) > 0 {
		<-c.bus.Wake()
	}
	c.bus.Thaw()
	c.asked("0 l0 x")
	if len(c.bus.Wake()) != 1 {
		t.Error("the loop is not woken")
	}
	c.answer("ACCEPT\n")
	c.asked("1 l1 y")
	c.receive(0, "READY\n")
	c.got(0, "2 2 c")
}

// covers: L12-d
// An event that several pools have is written once. A queue overflows at the same event as before.
func TestSharedEvents(t *testing.T) {
	pt := newPoolTest(t, 1, 3)
	options := []PoolOptions{pt.PoolOptions, {Name: "other", Identifier: "id", Events: []string{"EVENT"}, BufferSize: 2, Log: pt.PoolOptions.Log}}
	pt.bus.Add(pt.bus.NewPool(options[1]))
	pt.emit("a", "<b>\xff", "c")
	pt.bus.EmitExtension("DISK_FULL", "d€")
	pt.bus.Freeze()
	state, r := handed(t, &pt.bus)
	if len(state.Events) != 3 {
		t.Errorf("%d events, want b, c and d: %+v", len(state.Events), state.Events)
	}
	next := Bus{Serial: new(Serial)}
	slices.Reverse(options) // the order of the state counts
	for _, o := range options {
		p := next.NewPool(o)
		if o.Name == "pool" {
			p.AddListener("l0")
		}
		next.Add(p)
	}
	in := &fakeInput{}
	next.Import(r, state, func(*Pool, string) Input { return in })
	if err := r.Complete(); err != nil {
		t.Fatal(err)
	}
	if next.pools[0].Name != "pool" || next.pools[0].queue.at(1).event != next.pools[1].queue.at(0).event {
		t.Errorf("another order, or an event is doubled")
	}
	pt.log.Reset()
	next.Emit(api.RemoteCommunication, Remote("t", "e"))
	pt.logged("ERRO pool pool event buffer overflowed, discarding event 1", "ERRO pool other event buffer overflowed, discarding event 2")
	next.Begin()
	l := next.pools[0].listeners[0]
	for range 4 {
		l.Receive([]byte("READY\n"), pt.now)
		l.Receive([]byte("RESULT 2\nOK"), pt.now)
	}
	var got []string
	for _, text := range in.sent {
		_, text, _ = strings.Cut(text, "serial:")
		got = append(got, text)
	}
	want := []string{"2 pool:pool poolserial:2 eventname:REMOTE_COMMUNICATION len:8\ntype:t\nc",
		"3 pool:pool poolserial:3 eventname:DISK_FULL len:2\nd€", "4 pool:pool poolserial:4 eventname:REMOTE_COMMUNICATION len:8\ntype:t\ne"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// covers: L12-d
// The deadlines of a retry and of a result come at their time in the next program.
func TestDeadlinesAreHandedOver(t *testing.T) {
	upgrades = true
	defer func() { upgrades = false }()
	c := newHandlerTest(t, 2)
	c.emit("a", "b")
	c.receive(0, "RESULT 1\nx")
	first := c.now.Add(5 * time.Second)
	c.now = c.now.Add(time.Second)
	c.receive(1, "RESULT 1\ny")
	if next := c.bus.Resume(c.now); !next.Equal(first) {
		t.Errorf("the deadline is %v, want %v", next, first)
	}
	c.now = first
	c.log.Reset()
	c.bus.Resume(c.now)
	if c.upgrade(); !c.handler.KillRequested() || c.handler.input != nil {
		t.Error("the program that gave no answer is not killed, or asked again")
	}
	c.handler.Exited(c.now)
	if c.upgrade(); len(c.handler.pending) != 1 || c.handler.results != 1 {
		t.Errorf("%d results wait", len(c.handler.pending))
	}
	retry := newPoolTest(t, 1, 10)
	retry.receive(0, "READY\n")
	retry.emit("a")
	retry.got(0, "0 0 a")
	retry.receive(0, "RESULT 4\nFAILREADY\n")
	if next := retry.bus.Resume(retry.now); !next.Equal(retry.now.Add(retryDelay)) {
		t.Errorf("the retry is due at %v", next)
	}
}

// covers: L12-d
// Ticks that fell due in between come, each once.
func TestTicksAreHandedOver(t *testing.T) {
	pt := newPoolTest(t, 1, 10, func(o *PoolOptions) { o.Events = []string{"TICK"} })
	var k, next Ticks
	k.Start(time.Unix(57, 0))
	next.Start(time.Unix(63, 0))
	next.Import(k.Export())
	if next != k {
		t.Errorf("%v, want %v", next, k)
	}
	next.Import(nil)
	for range 2 {
		next.Tick(&pt.bus, time.Unix(63, 0))
	}
	if pt.queue.n != 2 {
		t.Errorf("%d events", pt.queue.n)
	}
}

// covers: L12-f
// A state that does not go with the configuration, or that this version does not know, is an error.
func TestBadState(t *testing.T) {
	busy := []ListenerState{{Process: "l0", Phase: "BUSY", Enabled: true}}
	for want, s := range map[string]State{
		"there is no pool x":                                               {Pools: []PoolState{{Name: "x"}}},
		"there is no pool pool":                                            {Pools: []PoolState{{Name: "pool"}, {Name: "pool"}}},
		"the state of pool pool is missing":                                {},
		"pool pool has no result handler":                                  {Pools: []PoolState{{Name: "pool", External: &ExternalState{}}}},
		"events of type NEW are not known":                                 {Events: []EventState{{Type: "NEW"}}, Pools: []PoolState{{Name: "pool"}}},
		"pool pool has an event that is missing":                           {Pools: []PoolState{{Name: "pool", Queue: []EntryState{{Event: 0}}}}},
		"pool pool has no listener y":                                      {Pools: []PoolState{{Name: "pool", Listeners: []ListenerState{{Process: "y", Phase: "BUSY"}}}}},
		"phase NEW of listeners is not known":                              {Pools: []PoolState{{Name: "pool", Listeners: []ListenerState{{Process: "l0", Phase: "NEW"}}}}},
		"listener or result handler l0 of pool pool has no standard input": {Pools: []PoolState{{Name: "pool", Listeners: busy}}},
	} {
		pt := newPoolTest(t, 1, 10)
		r, err := handover.Read([]byte(`{"format":1,"min":1,"rooms":{}}`), "2", true)
		if err != nil {
			t.Fatal(err)
		}
		pt.bus.Import(r, s, func(*Pool, string) Input { return nil })
		if err := r.Err(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// covers: L12-d
// Lines that were logged under the lock are written before the state is.
func TestLinesBeforeState(t *testing.T) {
	pt := newPoolTest(t, 1, 10)
	pt.log.Reset()
	pt.bus.lines = append(pt.bus.lines, line{pt.PoolOptions.Log, api.Warn, "a line"})
	pt.bus.Freeze()
	pt.logged("WARN a line")
	if len(pt.bus.lines) > 0 {
		t.Error("it is still there")
	}
}
