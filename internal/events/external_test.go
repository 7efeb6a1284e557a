package events

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/budget"
)

// handlerTest is a poolTest with an external handler.
type handlerTest struct {
	*poolTest
}

func newHandlerTest(t *testing.T, listeners int) *handlerTest {
	pt := newPoolTest(t, listeners, 10)
	pt.handler, pt.in = pt.Pool.UseExternalHandler(5*time.Second), &fakeInput{}
	c := &handlerTest{pt}
	c.handler.Enable(c.in, pt.now)
	for i := range listeners {
		pt.receive(i, "READY\n")
	}
	pt.log.Reset()
	return c
}

func (c *handlerTest) answer(text string) {
	c.handler.Receive([]byte(text), c.now)
	c.upgrade()
}

// asked compares the questions since the last call, as serial, listener and result.
func (c *handlerTest) asked(want ...string) {
	c.t.Helper()
	var got []string
	for _, text := range c.in.sent {
		var serial, n int
		var data, listener string
		if _, err := fmt.Sscanf(text, "ver:3.0 server:id serial:%d pool:pool poolserial:%d eventname:REMOTE_COMMUNICATION "+
			"len:8 listener:%s resultlen:%d\ntype:t\n%s", &serial, &serial, &listener, &n, &data); err != nil {
			c.t.Errorf("%q: %v", text, err)
		}
		if len(data) != 1+n {
			c.t.Errorf("%q: the length is wrong", text)
		}
		got = append(got, fmt.Sprintf("%d %s %s", serial, listener, data[1:]))
	}
	c.in.sent = nil
	if d := cmp.Diff(want, got); d != "" {
		c.t.Errorf("asked (-want +got):\n%s", d)
	}
}

const out = "WARN l0: has entered the UNKNOWN state and will no longer receive events, this usually indicates the " +
	"process violated the eventlistener protocol"

// TestDecisions shows the effect of each answer, and that a READY that came before it is handled after it.
func TestDecisions(t *testing.T) {
	back := "DEBG rebuffering event 0 for pool pool (buf size=0, max=10)"
	for _, test := range []struct {
		answer string
		log    []string
		phase  Phase
	}{
		{"ACCEPT\n", []string{"DEBG l0: event was processed", "DEBG l0: BUSY -> ACKNOWLEDGED",
			"DEBG l0: ACKNOWLEDGED -> READY"}, Ready},
		{"REJECT\n", []string{"WARN l0: event was rejected", "DEBG l0: BUSY -> ACKNOWLEDGED", back,
			"DEBG l0: ACKNOWLEDGED -> READY"}, Ready},
		{"FAIL\n", []string{"WARN l0: event caused an error", "DEBG l0: BUSY -> UNKNOWN", out, back}, Unknown},
		{"OK\n", []string{"WARN result handler of pool pool bad answer: 'OK'", "WARN l0: event caused an error",
			"DEBG l0: BUSY -> UNKNOWN", out, back}, Unknown},
		{strings.Repeat("x", 1000), []string{
			"WARN result handler of pool pool bad answer: '" + strings.Repeat("x", 65) + "'", "WARN l0: event caused an error", "DEBG l0: BUSY -> UNKNOWN", out, back}, Unknown},
	} {
		for _, pieces := range [][]string{{test.answer}, strings.Split(test.answer, "")} {
			c := newHandlerTest(t, 1)
			c.emit("a")
			c.log.Reset()
			c.receive(0, "RESULT 2\nOKREADY\n")
			c.asked("0 l0 OK")
			c.logged()
			for _, piece := range pieces {
				c.answer(piece)
			}
			c.logged(test.log...)
			if got := c.ls[0].phase; got != test.phase {
				t.Errorf("%s: %v", test.answer, got)
			}
			if kill := c.handler.KillRequested(); kill != (len(test.log) > 4) {
				t.Errorf("%s: kill requested: %t", test.answer, kill)
			}
		}
	}
}

// TestOneAtATime shows that results are decided one after the other, in the order in which they came.
func TestOneAtATime(t *testing.T) {
	c := newHandlerTest(t, 3)
	c.emit("a", "b", "c")
	c.receive(2, "RESULT 1\nx")
	c.receive(0, "RESULT 0\n")
	c.receive(1, "RESULT 1\nz")
	c.asked("2 l2 x")
	c.answer("ACCEPT\n")
	c.asked("0 l0 ")
	c.answer("ACCEPT\n")
	c.asked("1 l1 z")
	c.answer("ACCEPT\n")
	c.asked()
	c.answer("ACCEPT\n")
	if !c.handler.KillRequested() || c.handler.KillRequested() {
		t.Error("an answer without a question: the kill is requested once")
	}
}

// TestHandlerExits shows that the result that was asked about fails, and the next one waits for the next child.
func TestHandlerExits(t *testing.T) {
	c := newHandlerTest(t, 2)
	c.emit("a", "b")
	c.receive(0, "RESULT 1\nx")
	c.receive(1, "RESULT 1\ny")
	c.log.Reset()
	c.handler.Exited(c.now)
	c.logged("WARN result handler of pool pool exited before it answered", "WARN l0: event caused an error",
		"DEBG l0: BUSY -> UNKNOWN", out, "DEBG rebuffering event 0 for pool pool (buf size=0, max=10)")
	c.asked("0 l0 x")
	c.handler.Enable(c.in, c.now)
	c.asked("1 l1 y")
	c.answer("ACCEPT\n")
	if c.ls[1].phase != Acknowledged {
		t.Errorf("%v", c.ls[1].phase)
	}
}

// TestHandlerTimeout shows that the loop is woken once for the deadline, and what Resume does then.
func TestHandlerTimeout(t *testing.T) {
	c := newHandlerTest(t, 2)
	c.emit("a", "b")
	c.receive(0, "RESULT 1\nx")
	<-c.bus.Wake()
	late := c.now.Add(5 * time.Second)
	c.now = c.now.Add(time.Second)
	c.receive(1, "RESULT 1\ny")
	if len(c.bus.Wake()) > 0 {
		t.Error("the loop is woken again")
	}
	if next := c.bus.Resume(c.now); !next.Equal(late) {
		t.Errorf("the next deadline is %v", next)
	}
	c.log.Reset()
	c.now = late
	c.bus.Resume(c.now)
	if !c.handler.KillRequested() {
		t.Error("no kill requested")
	}
	c.logged("WARN result handler of pool pool gave no answer within 5s", "WARN l0: event caused an error",
		"DEBG l0: BUSY -> UNKNOWN", out, "DEBG rebuffering event 0 for pool pool (buf size=0, max=10)")
	c.answer("ACCEPT\n")
	if c.ls[1].phase != Busy {
		t.Error("a late answer was applied to the next result")
	}
	c.handler.Exited(c.now) // and is not started again
	c.now = c.now.Add(time.Second)
	c.bus.Resume(c.now)
	if c.ls[1].phase != Unknown {
		t.Errorf("the result does not expire: %v", c.ls[1].phase)
	}
	if next := c.bus.Resume(c.now); !next.IsZero() {
		t.Errorf("a deadline without a result: %v", next)
	}
}

// TestListenerExits shows that the result of a listener that has exited meanwhile is decided all the same.
func TestListenerExits(t *testing.T) {
	for decision, left := range map[string]int{"ACCEPT": 0, "REJECT": 1, "FAIL": 1} {
		c := newHandlerTest(t, 1)
		c.emit("a")
		c.receive(0, "RESULT 1\nx")
		c.ls[0].Exited()
		c.receive(0, "READY\n")
		c.ls[0].Disable()
		c.answer(decision + "\n")
		if c.queue.n != left || c.ls[0].phase != Ready {
			t.Errorf("%s: %d events are queued, the new child is %v", decision, c.queue.n, c.ls[0].phase)
		}
	}
}

// TestFloodBeforeDecision shows that a listener that floods while its result awaits a decision uses no memory.
func TestFloodBeforeDecision(t *testing.T) {
	c := newHandlerTest(t, 1)
	c.emit("a")
	c.receive(0, "RESULT 1\nx")
	for range 100 {
		c.receive(0, strings.Repeat("y", 1<<16))
	}
	if n := len(c.ls[0].held); n > 10 {
		t.Errorf("%d bytes are kept", n)
	}
	c.answer("ACCEPT\n")
	if c.ls[0].phase != Unknown {
		t.Errorf("%v", c.ls[0].phase)
	}
}

// TestHandlerInputClosed shows that a program that cannot be asked is killed, and the next one is asked.
func TestHandlerInputClosed(t *testing.T) {
	c := newHandlerTest(t, 1)
	c.in.err = errors.New("closed")
	c.emit("a")
	c.receive(0, "RESULT 1\nx")
	if !c.handler.KillRequested() {
		t.Error("no kill requested")
	}
	c.in.err = nil
	c.handler.Exited(c.now)
	c.handler.Enable(c.in, c.now)
	c.asked("0 l0 x")
}

// TestLongResults shows that a result may come in chunks, be longer than its event, and that one beyond the bounds is a
// violation for which no memory is used.
// covers: SEC-18
// differs: DIFF-148 lines and results are bounded
func TestLongResults(t *testing.T) {
	for _, c := range []struct {
		event  string
		result int
	}{{"a", 1_000_000}, {strings.Repeat("long", 1<<20), 5_000_000}} {
		pt := newPoolTest(t, 1, 10)
		pt.receive(0, "READY\n")
		pt.emit(c.event)
		pt.receive(0, fmt.Sprintf("RESULT %d\n", c.result))
		for range c.result / 50_000 {
			pt.receive(0, strings.Repeat("x", 50_000))
		}
		if pt.ls[0].phase != Acknowledged || pt.queue.n != 1 {
			t.Errorf("%v, %d events are queued", pt.ls[0].phase, pt.queue.n)
		}
	}
	for _, flood := range []string{"RESULT 99999999999\n", "RESULT 1048585\nx", strings.Repeat("y", 5000)} {
		pt := newPoolTest(t, 1, 10)
		pt.receive(0, "READY\n")
		pt.emit("a")
		pt.receive(0, flood)
		if pt.ls[0].phase != Unknown || len(pt.ls[0].held) > 0 {
			t.Errorf("%v, %d bytes are kept", pt.ls[0].phase, len(pt.ls[0].held))
		}
	}
}

// TestManyResults shows that the results of listeners that have exited are bounded: those beyond fail, and their events are
// sent again.
// covers: SEC-18
func TestManyResults(t *testing.T) {
	c := newHandlerTest(t, 1)
	answer := "RESULT 1000000\n" + strings.Repeat("x", 1_000_000)
	for range 30 {
		c.emit("a")
		c.receive(0, answer)
		c.ls[0].Exited()
		c.ls[0].Enable(c.inputs[0])
		c.receive(0, "READY\n")
	}
	held := 0
	for _, p := range c.handler.pending {
		held += len(p.result)
	}
	if limit := int(budget.Queue.Limit); held > limit || held < limit-2_000_000 || c.ls[0].phase != Busy {
		t.Errorf("%d bytes are held, the listener is %v", held, c.ls[0].phase)
	}
	if failed := strings.Count(c.log.String(), "WARN l0: event caused an error"); len(c.handler.pending)+failed != 30 {
		t.Errorf("%d results wait, %d failed", len(c.handler.pending), failed)
	}
	for range 16 {
		c.answer("ACCEPT\n")
	}
	if len(c.handler.pending) != 0 || c.handler.results != 0 {
		t.Errorf("%d results wait, %d bytes", len(c.handler.pending), c.handler.results)
	}
}

// TestFirstResultOfMany lets the listener of the first result exit while there are results beyond the bound: the result is kept if the
// program has been asked about it, because the answer is about no other, and fails otherwise.
// covers: SEC-18
func TestFirstResultOfMany(t *testing.T) {
	answer := "RESULT 1000000\n" + strings.Repeat("x", 1_000_000)
	for _, asked := range []bool{true, false} {
		c := newHandlerTest(t, 2)
		if !asked {
			c.handler.Exited(c.now)
		}
		c.emit("a")
		c.receive(0, "RESULT 1\nx")
		for c.handler.results <= int(budget.Queue.Limit) {
			c.ls[1].Exited()
			c.ls[1].Enable(c.inputs[1])
			c.receive(1, "READY\n")
			c.emit("b")
			c.receive(1, answer)
		}
		n := len(c.handler.pending)
		c.log.Reset()
		c.ls[0].Exited()
		if asked {
			c.logged()
			c.answer("ACCEPT\n")
			c.logged("DEBG l0: event was processed")
		} else {
			c.logged("WARN l0: event caused an error", "DEBG rebuffering event 0 for pool pool (buf size=0, max=10)")
		}
		if left := len(c.handler.pending); left != n-1 || c.ls[1].phase != Busy {
			t.Errorf("asked %v: %d of %d results wait, l1 is %v", asked, left, n, c.ls[1].phase)
		}
	}
}

// FuzzAnswers cuts the answers of a result handler anywhere: the same events are accepted and rejected.
func FuzzAnswers(f *testing.F) {
	for _, s := range []string{"ACCEPT\nREJECT\nFAIL\n", "ACCEPT", "accept\n", "\n\n", "ACCEPT\nx\nACCEPT\n"} {
		f.Add(s, uint(1), uint(9))
	}
	f.Fuzz(func(t *testing.T, data string, i, j uint) {
		decided := func(pieces ...string) string {
			c := newHandlerTest(t, 1)
			c.emit("a")
			c.receive(0, "RESULT 1\nx")
			for _, piece := range pieces {
				c.answer(piece)
			}
			return fmt.Sprint(c.ls[0].phase, c.queue.n, c.handler.kill, c.handler.asked, c.log.Len())
		}
		n := uint(len(data)) + 1
		i, j = min(i%n, j%n), max(i%n, j%n)
		whole := decided(data)
		if d := cmp.Diff(whole, decided(data[:i], data[i:j], data[j:])); d != "" {
			t.Errorf("%q (-whole +cut):\n%s", data, d)
		}
		if d := cmp.Diff(whole, decided(strings.Split(data, "")...)); d != "" {
			t.Errorf("%q (-whole +byte by byte):\n%s", data, d)
		}
	})
}
