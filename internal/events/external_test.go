package events

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// court is a world whose results a program judges.
type court struct {
	*world
	judge *ExternalHandler
	in    *fake
}

func newCourt(t *testing.T, listeners int) *court {
	w := newWorld(t, listeners, 10)
	c := &court{w, w.Pool.UseExternalHandler(5 * time.Second), &fake{}}
	c.judge.Enable(c.in, w.now)
	for i := range listeners {
		w.hear(i, "READY\n")
	}
	w.log.Reset()
	return c
}

func (c *court) says(text string) { c.judge.Receive([]byte(text), c.now) }

// asked are the questions since the last time, as serial, listener and result.
func (c *court) asked(want ...string) {
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

// TestVerdicts shows what each answer does, and that READY, said before it, counts after it.
func TestVerdicts(t *testing.T) {
	back := "DEBG rebuffering event 0 for pool pool (buf size=0, max=10)"
	for _, test := range []struct {
		says  string
		log   []string
		phase Phase
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
		for _, pieces := range [][]string{{test.says}, strings.Split(test.says, "")} {
			c := newCourt(t, 1)
			c.emit("a")
			c.log.Reset()
			c.hear(0, "RESULT 2\nOKREADY\n")
			c.asked("0 l0 OK")
			c.logged()
			for _, piece := range pieces {
				c.says(piece)
			}
			c.logged(test.log...)
			if got := c.ls[0].phase; got != test.phase {
				t.Errorf("%s: %v", test.says, got)
			}
			if broken := c.judge.KillRequested(); broken != (len(test.log) > 4) {
				t.Errorf("%s: broken is %t", test.says, broken)
			}
		}
	}
}

// TestOneAtATime shows that results are judged one after the other, in the order in which they came.
func TestOneAtATime(t *testing.T) {
	c := newCourt(t, 3)
	c.emit("a", "b", "c")
	c.hear(2, "RESULT 1\nx")
	c.hear(0, "RESULT 0\n")
	c.hear(1, "RESULT 1\nz")
	c.asked("2 l2 x")
	c.says("ACCEPT\n")
	c.asked("0 l0 ")
	c.says("ACCEPT\n")
	c.asked("1 l1 z")
	c.says("ACCEPT\n")
	c.asked()
	c.says("ACCEPT\n")
	if !c.judge.KillRequested() || c.judge.KillRequested() {
		t.Error("an answer to nothing is heard once")
	}
}

// TestJudgeDies shows that what it was asked fails, and what it was not asked waits for the next child.
func TestJudgeDies(t *testing.T) {
	c := newCourt(t, 2)
	c.emit("a", "b")
	c.hear(0, "RESULT 1\nx")
	c.hear(1, "RESULT 1\ny")
	c.log.Reset()
	c.judge.Exited(c.now)
	c.logged("WARN result handler of pool pool ended before it answered", "WARN l0: event caused an error",
		"DEBG l0: BUSY -> UNKNOWN", out, "DEBG rebuffering event 0 for pool pool (buf size=0, max=10)")
	c.asked("0 l0 x")
	c.judge.Enable(c.in, c.now)
	c.asked("1 l1 y")
	c.says("ACCEPT\n")
	if c.ls[1].phase != Acknowledged {
		t.Errorf("%v", c.ls[1].phase)
	}
}

// TestJudgeIsLate shows that the loop is told of the deadline once, and what it does then.
func TestJudgeIsLate(t *testing.T) {
	c := newCourt(t, 2)
	c.emit("a", "b")
	c.hear(0, "RESULT 1\nx")
	<-c.bus.Wake()
	late := c.now.Add(5 * time.Second)
	c.now = c.now.Add(time.Second)
	c.hear(1, "RESULT 1\ny")
	if len(c.bus.Wake()) > 0 {
		t.Error("the loop is told again")
	}
	if next := c.bus.Resume(c.now); !next.Equal(late) {
		t.Errorf("the next deadline is %v", next)
	}
	c.log.Reset()
	c.now = late
	c.bus.Resume(c.now)
	if !c.judge.KillRequested() {
		t.Error("it is not to be killed")
	}
	c.logged("WARN result handler of pool pool gave no answer within 5s", "WARN l0: event caused an error",
		"DEBG l0: BUSY -> UNKNOWN", out, "DEBG rebuffering event 0 for pool pool (buf size=0, max=10)")
	c.says("ACCEPT\n")
	if c.ls[1].phase != Busy {
		t.Error("an answer that came too late counts for the next result")
	}
	c.judge.Exited(c.now) // and no other is started
	c.now = c.now.Add(time.Second)
	c.bus.Resume(c.now)
	if c.ls[1].phase != Unknown {
		t.Errorf("it waits for ever: %v", c.ls[1].phase)
	}
	if next := c.bus.Resume(c.now); !next.IsZero() {
		t.Errorf("there is nothing to wait for until %v", next)
	}
}

// TestListenerDiesJudged shows that a listener that has given its result may end: the result is judged all the same.
func TestListenerDiesJudged(t *testing.T) {
	for verdict, left := range map[string]int{"ACCEPT": 0, "REJECT": 1, "FAIL": 1} {
		c := newCourt(t, 1)
		c.emit("a")
		c.hear(0, "RESULT 1\nx")
		c.ls[0].Exited()
		c.hear(0, "READY\n")
		c.ls[0].Disable()
		c.says(verdict + "\n")
		if c.queue.n != left || c.ls[0].phase != Ready {
			t.Errorf("%s: %d events wait, the new child is %v", verdict, c.queue.n, c.ls[0].phase)
		}
	}
}

// TestFloodWhileJudged shows that little is kept of what a listener must not say.
func TestFloodWhileJudged(t *testing.T) {
	c := newCourt(t, 1)
	c.emit("a")
	c.hear(0, "RESULT 1\nx")
	for range 100 {
		c.hear(0, strings.Repeat("y", 1<<16))
	}
	if n := len(c.ls[0].held); n > 10 {
		t.Errorf("%d bytes are kept", n)
	}
	c.says("ACCEPT\n")
	if c.ls[0].phase != Unknown {
		t.Errorf("%v", c.ls[0].phase)
	}
}

// TestJudgeIsDeaf shows that a program that cannot be asked is replaced.
func TestJudgeIsDeaf(t *testing.T) {
	c := newCourt(t, 1)
	c.in.err = errors.New("closed")
	c.emit("a")
	c.hear(0, "RESULT 1\nx")
	if !c.judge.KillRequested() {
		t.Error("it is not to be killed")
	}
	c.in.err = nil
	c.judge.Exited(c.now)
	c.judge.Enable(c.in, c.now)
	c.asked("0 l0 x")
}

// TestLongResults shows that a result of any sensible length is taken in pieces, and what is out of all bounds is not.
func TestLongResults(t *testing.T) {
	w := newWorld(t, 1, 10)
	w.hear(0, "READY\n")
	w.emit("a")
	w.hear(0, "RESULT 20000000\n")
	for range 20_000_000 / 50_000 {
		w.hear(0, strings.Repeat("x", 50_000))
	}
	if w.ls[0].phase != Acknowledged || w.queue.n != 1 {
		t.Errorf("%v, %d events wait", w.ls[0].phase, w.queue.n)
	}
	for _, flood := range []string{"RESULT 99999999999\n", strings.Repeat("y", 5000)} {
		w := newWorld(t, 1, 10)
		w.hear(0, "READY\n")
		w.emit("a")
		w.hear(0, flood)
		if w.ls[0].phase != Unknown || len(w.ls[0].held) > 0 {
			t.Errorf("%v, %d bytes are kept", w.ls[0].phase, len(w.ls[0].held))
		}
	}
}

// FuzzAnswers cuts the answers of a result handler anywhere: the same events are accepted and rejected.
func FuzzAnswers(f *testing.F) {
	for _, s := range []string{"ACCEPT\nREJECT\nFAIL\n", "ACCEPT", "accept\n", "\n\n", "ACCEPT\nx\nACCEPT\n"} {
		f.Add(s, uint(1), uint(9))
	}
	f.Fuzz(func(t *testing.T, data string, i, j uint) {
		judged := func(pieces ...string) string {
			c := newCourt(t, 1)
			c.emit("a")
			c.hear(0, "RESULT 1\nx")
			for _, piece := range pieces {
				c.says(piece)
			}
			return fmt.Sprint(c.ls[0].phase, c.queue.n, c.judge.broken, c.judge.asked, c.log.Len())
		}
		n := uint(len(data)) + 1
		i, j = min(i%n, j%n), max(i%n, j%n)
		whole := judged(data)
		if d := cmp.Diff(whole, judged(data[:i], data[i:j], data[j:])); d != "" {
			t.Errorf("%q (-whole +cut):\n%s", data, d)
		}
		if d := cmp.Diff(whole, judged(strings.Split(data, "")...)); d != "" {
			t.Errorf("%q (-whole +byte by byte):\n%s", data, d)
		}
	})
}
