package notify

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/config"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// rules returns a section with the defaults, changed by edit.
func rules(edit func(*config.Notification)) []config.Notification {
	n := config.Notification{Name: "ops", Type: config.NotifyWebhook, On: []string{Fatal, Unexpected, Recovered}, Programs: []string{"*"},
		Flapping: config.Rate{N: 3, Within: 10 * time.Minute}, GroupBy: "group", GroupWait: 10 * time.Second, GroupInterval: 5 * time.Minute,
		RepeatInterval: 4 * time.Hour, Rate: config.Rate{N: 20, Within: time.Hour}, RetryFor: time.Hour}
	if edit != nil {
		edit(&n)
	}
	return []config.Notification{n}
}

// rig is a machine with a clock, whose messages are delivered as soon as they are made.
type rig struct {
	t      *testing.T
	m      *Machine
	now    time.Time
	serial int
	made   []string // messages, with the seconds since the start
	last   Notice
	dead   []Dead
}

func newRig(t *testing.T, edit func(*config.Notification)) *rig {
	m, _ := New("h", rules(edit), State{})
	return &rig{t: t, m: m, now: start}
}

func (r *rig) apply(in Input) {
	in.Number, in.Time, in.ID = r.m.Inputs+1, r.now, fmt.Sprint("x", r.m.Inputs+1, "-")
	dead, _ := r.m.Apply(in)
	r.dead = append(r.dead, dead...)
	r.deliver()
}

// deliver takes the messages that are due.
func (r *rig) deliver() {
	for {
		due, _ := r.m.Due(r.now, nil)
		if len(due["ops"]) == 0 {
			return
		}
		for _, m := range due["ops"] {
			r.last = m.Notice
			r.made = append(r.made, fmt.Sprintf("%v %s: %s", r.now.Sub(start), m.Notice.Status, strings.TrimPrefix(m.Notice.Title, "h: ")))
			r.m.Apply(Input{Number: r.m.Inputs + 1, Time: r.now, ID: "d", Result: &Result{Target: "ops", ID: m.ID, Outcome: Delivered}})
		}
	}
}

// until lets time pass, and does what is due in between.
func (r *rig) until(after time.Duration) {
	end := start.Add(after)
	for range 100_000 {
		_, next := r.m.Due(r.now, nil)
		if next.IsZero() || next.After(end) {
			r.now = end
			return
		}
		r.now = next
		r.apply(Input{})
	}
	r.t.Fatal("time stands still")
}

// event sends an event about a process g:p, or p.
func (r *rig) event(name, process string) {
	group, process, ok := strings.Cut(process, ":")
	if !ok {
		process = group
	}
	e := Event{Name: name, Server: "s", Pool: "p", Serial: r.serial, PoolSerial: r.serial, Process: process, Group: group, PID: 7, Tries: 2, Text: "why"}
	if strings.HasPrefix(name, "SUPERVISOR") {
		e.Process, e.Group = "", ""
	}
	if name == "EXPECTED" {
		e.Name, e.Expected = "PROCESS_STATE_EXITED", true
	}
	r.serial++
	r.apply(Input{Event: &e})
}

func (r *rig) want(messages ...string) {
	r.t.Helper()
	if diff := cmp.Diff(messages, r.made); diff != "" {
		r.t.Errorf("-want +got:\n%s", diff)
	}
}

const (
	exited  = "PROCESS_STATE_EXITED"
	fatal   = "PROCESS_STATE_FATAL"
	running = "PROCESS_STATE_RUNNING"
	backoff = "PROCESS_STATE_BACKOFF"
	stopped = "PROCESS_STATE_STOPPED"
)

// TestKinds has an event of each type, with each kind of incidents alone.
func TestKinds(t *testing.T) {
	for _, c := range []struct {
		kind, event string
		want        string
	}{
		{Fatal, fatal, "problem: a could not be started: FATAL"},
		{Unexpected, exited, "problem: a exited unexpectedly (pid 7)"},
		{Unexpected, "EXPECTED", ""},
		{Backoff, backoff, "problem: a exited too quickly: BACKOFF (try 2)"},
		{Stopped, stopped, "information: a was stopped"},
		{Running, running, "information: a is RUNNING"},
		{Supervisor, "SUPERVISOR_STATE_CHANGE_RUNNING", "information: supervisord has started"},
		{Supervisor, "SUPERVISOR_STATE_CHANGE_STOPPING", "information: supervisord is stopping"},
		{Supervisor, "SUPERVISOR_UPGRADED", "information: supervisord was upgraded from why"},
		{Unhealthy, "PROCESS_HEALTH_DOWN", "problem: a is unhealthy: why"},
		{Recovered, running, ""}, {Fatal, stopped, ""}, {Fatal, "TICK_5", ""}, {Fatal, "SUPERVISOR_STATE_CHANGE_STOPPING", ""},
	} {
		r := newRig(t, func(n *config.Notification) { n.On, n.GroupWait = []string{c.kind}, 0 })
		r.event(c.event, "a")
		if c.want == "" {
			r.want()
		} else {
			r.want("0s " + c.want)
		}
	}
}

// TestRecovered is reported once, after a problem that was, and after no other.
func TestRecovered(t *testing.T) {
	r := newRig(t, func(n *config.Notification) { n.On, n.GroupWait, n.GroupInterval = []string{Fatal, Recovered}, 0, 0 })
	r.event(exited, "a")
	r.event(running, "a")
	r.event(fatal, "a")
	r.event(stopped, "a")
	r.event(running, "a")
	r.event(running, "a")
	r.want("0s problem: a could not be started: FATAL", "0s recovered: a is RUNNING again")

	r = newRig(t, func(n *config.Notification) {
		n.On, n.GroupWait, n.GroupInterval = []string{Unhealthy, Recovered}, 0, 0
	})
	r.event("PROCESS_HEALTH_UP", "a")
	r.event("PROCESS_HEALTH_DOWN", "a")
	r.event("PROCESS_HEALTH_UP", "a")
	r.want("0s problem: a is unhealthy: why", "0s recovered: a is healthy again")
}

// TestPrograms has patterns of programs=.
func TestPrograms(t *testing.T) {
	for _, c := range []struct {
		patterns string
		want     string
	}{
		{"*", "a g:b g:c"}, {"g:*", "g:b g:c"}, {"!g:b", "a g:c"}, {"*,!g:*", "a"}, {"a", "a"}, {"a:a", "a"}, {"b", ""}, {"g:b,! a", "g:b"},
	} {
		m, _ := New("h", rules(func(n *config.Notification) { n.Programs = strings.Split(c.patterns, ",") }), State{})
		var got []string
		for _, name := range []string{"a", "g:b", "g:c"} {
			group, process, ok := strings.Cut(name, ":")
			if !ok {
				process = group
			}
			if m.Targets["ops"].concerns(Event{Group: group, Process: process}) {
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("programs=%s selects %v, want %s", c.patterns, got, c.want)
		}
	}
}

// TestGrouping waits for incidents that share a message.
func TestGrouping(t *testing.T) {
	for by, want := range map[string][]string{
		"program": {"10s problem: g:a exited unexpectedly (pid 7)", "10s problem: g:b exited unexpectedly (pid 7)", "10s problem: c exited unexpectedly (pid 7)",
			"5m10s problem: g:a exited unexpectedly (pid 7) (2 times)", "10m0s problem: g:d could not be started: FATAL"},
		"group": {"10s problem: g:b exited unexpectedly (pid 7), and 1 more", "10s problem: c exited unexpectedly (pid 7)",
			"5m10s problem: g:a exited unexpectedly (pid 7) (2 times)", "10m10s problem: g:d could not be started: FATAL"},
		"host": {"10s problem: c exited unexpectedly (pid 7), and 2 more", "5m10s problem: g:a exited unexpectedly (pid 7) (2 times)",
			"10m10s problem: g:d could not be started: FATAL"},
	} {
		r := newRig(t, func(n *config.Notification) { n.GroupBy = by })
		r.event(exited, "g:a")
		r.until(5 * time.Second)
		r.event(exited, "g:b")
		r.event(exited, "c")
		r.until(time.Minute)
		r.event(exited, "g:a")
		r.event(exited, "g:a")
		r.until(9*time.Minute + 50*time.Second)
		r.event(fatal, "g:d")
		r.until(20 * time.Minute)
		if by == "program" { // the three of the first message are due at 10 s and 15 s
			want[1], want[2] = want[2], want[1]
			want[1], want[2] = strings.Replace(want[1], "10s", "15s", 1), strings.Replace(want[2], "10s", "15s", 1)
		}
		if by == "group" {
			want[1] = strings.Replace(want[1], "10s", "15s", 1)
		}
		t.Log(by)
		r.want(want...)
	}
}

// TestRepeat reports a problem that persists again, and no other.
func TestRepeat(t *testing.T) {
	r := newRig(t, nil)
	r.event(fatal, "g:a")
	r.event(exited, "g:b")
	r.event(running, "g:b")
	r.event(fatal, "g:c")
	r.until(9 * time.Hour)
	r.want("10s problem: g:c could not be started: FATAL, and 3 more", "4h0m10s problem: g:c could not be started: FATAL, and 1 more",
		"8h0m10s problem: g:c could not be started: FATAL, and 1 more")
	if !r.last.Repeat || len(r.last.Incidents) != 2 {
		t.Errorf("the last message is %+v", r.last)
	}
	r.event(stopped, "g:a")
	r.apply(Input{Event: &Event{Name: "PROCESS_GROUP_REMOVED", Group: "g", Server: "s", Pool: "p", Serial: r.serial, PoolSerial: r.serial}})
	r.until(30 * time.Hour)
	if len(r.made) != 3 {
		t.Error(r.made)
	}
}

// TestFlapping reports a process that flaps once, and once more when it has stopped flapping.
func TestFlapping(t *testing.T) {
	r := newRig(t, func(n *config.Notification) { n.On, n.GroupWait, n.GroupInterval = []string{Flapping, Recovered}, 0, 0 })
	for i := range 10 {
		r.until(time.Duration(i) * time.Minute)
		r.event(exited, "a")
		r.event(running, "a")
	}
	r.until(2 * time.Hour)
	r.want("2m0s problem: a is flapping: 3 unexpected exits within 10m", "17m0s recovered: a is no longer flapping")
	if len(r.m.Targets["ops"].Processes) != 0 {
		t.Error("the process is not forgotten")
	}

	// Two exits are reported, the third makes it flap, what comes then is silent. FATAL is not.
	r = newRig(t, func(n *config.Notification) {
		n.On, n.GroupWait, n.GroupInterval, n.RepeatInterval = []string{Unexpected, Flapping, Fatal, Backoff, Recovered}, 0, 0, 0
	})
	for range 5 {
		r.event(exited, "a")
	}
	r.event(backoff, "a")
	r.event(fatal, "a")
	r.until(time.Hour)
	r.event(running, "a")
	r.want("0s problem: a exited unexpectedly (pid 7)", "0s problem: a exited unexpectedly (pid 7)",
		"0s problem: a is flapping: 3 unexpected exits within 10m", "0s problem: a could not be started: FATAL", "1h0m0s recovered: a is RUNNING again")
}

// TestRate has 1000 crashes of 50 programs in a minute.
// covers: OBS-101
func TestRate(t *testing.T) {
	for _, by := range []string{"program", "group", "host"} {
		for _, wait := range []time.Duration{0, 10 * time.Second} {
			r := newRig(t, func(n *config.Notification) {
				n.GroupBy, n.GroupWait, n.RepeatInterval = by, wait, 0
				if wait == 0 {
					n.GroupInterval = 5 * time.Second
				}
			})
			for i := range 1000 {
				r.until(time.Duration(i) * 60 * time.Millisecond)
				r.event(exited, fmt.Sprint("p", i%50))
			}
			r.until(24 * time.Hour)
			incidents := 0
			for _, i := range r.last.Incidents {
				incidents += i.Count
			}
			if len(r.made) > 20 {
				t.Errorf("%s, %v: %d messages", by, wait, len(r.made))
			}
			if by != "host" && (r.last.HeldBack == 0 || r.last.HeldBack+len(r.made)-1 < 50 || incidents+r.last.Omitted < 900) {
				t.Errorf("%s, %v: the last of %d messages stands for %d messages, %d incidents", by, wait, len(r.made), r.last.HeldBack, incidents)
			}
		}
	}
	// A flood that does not end has one message after the other, and no more than rate= says.
	r := newRig(t, func(n *config.Notification) {
		n.GroupBy, n.GroupWait, n.GroupInterval, n.Rate = "program", 0, time.Minute, config.Rate{N: 5, Within: 10 * time.Minute}
	})
	for i := range 3600 {
		r.until(time.Duration(i) * time.Second)
		r.event(exited, fmt.Sprint("p", i%30))
	}
	if len(r.made) < 8 || len(r.made) > 30 {
		t.Errorf("%d messages in an hour, with at most 5 in 10 minutes: %q", len(r.made), r.made)
	}
}

// TestLost compares serials.
func TestLost(t *testing.T) {
	for _, c := range []struct {
		before, after, want int
		first, again        bool
	}{
		{5, 6, 0, false, false}, {5, 9, 3, false, false}, {5, 0, 0, false, false}, {5, 2, 2, false, false}, {5, 5, 0, true, true}, {5, 6, 0, true, false},
		{5, 18, 12, true, false},
	} {
		m, _ := New("h", rules(func(n *config.Notification) { n.GroupWait = 0 }), State{})
		apply := func(serial int, first bool) int {
			in := m.Next(start, "x")
			in.Event, in.First = &Event{Name: exited, Server: "s", Pool: "p", PoolSerial: serial, Process: "a", Group: "a"}, first
			_, lost := m.Apply(in)
			return lost
		}
		if lost := apply(c.before, true); lost != 0 {
			t.Errorf("%d lost before the first event", lost)
		}
		made := m.Waiting()
		if lost := apply(c.after, c.first); lost != c.want {
			t.Errorf("%d after %d: %d lost, want %d", c.after, c.before, lost, c.want)
		}
		told := false
		for _, message := range m.Targets["ops"].Queue {
			told = told || strings.Contains(message.Notice.Text, LostText(c.want))
		}
		if told != (c.want > 0) || c.again && m.Waiting() != made {
			t.Errorf("%d after %d: reported: %t, %d messages", c.after, c.before, told, m.Waiting())
		}
	}
}

// TestQueue retries, obeys the receiver, keeps the order within a group, and gives up.
func TestQueue(t *testing.T) {
	m, _ := New("h", rules(func(n *config.Notification) { n.GroupWait, n.GroupInterval = 0, 0 }), State{})
	now := start
	apply := func(in Input) []Dead {
		n := m.Next(now, fmt.Sprint("x", m.Inputs, "-"))
		in.Number, in.Time, in.ID = n.Number, n.Time, n.ID
		dead, _ := m.Apply(in)
		return dead
	}
	for i, name := range []string{"a", "a", "b"} {
		apply(Input{Event: &Event{Name: fatal, Process: name, Group: name, PoolSerial: i}})
	}
	due, _ := m.Due(now, nil)
	if len(due["ops"]) != 2 || due["ops"][0].Key != "a" || due["ops"][1].Key != "b" {
		t.Fatalf("due: %+v", due["ops"])
	}
	first := due["ops"][0].ID
	if due, _ = m.Due(now, map[string]bool{first: true, due["ops"][1].ID: true}); len(due) != 0 {
		t.Errorf("due beside those that are being tried: %v", due)
	}
	if dead := apply(Input{Result: &Result{Target: "ops", ID: due0(m, "b"), Outcome: Refused, Reason: "400"}}); len(dead) != 1 || dead[0].Reason != "400" {
		t.Errorf("refused: %+v", dead)
	}
	var waits []string
	var dead []Dead
	for range 30 {
		r := Result{Target: "ops", ID: first, Outcome: Failed, Reason: "500"}
		if len(waits) == 2 {
			r.After = 2 * time.Second
		}
		if dead = apply(Input{Result: &r}); len(dead) > 0 {
			break
		}
		due, next := m.Due(now, nil)
		if len(due) != 0 {
			t.Fatalf("due too early: %v", due)
		}
		waits = append(waits, next.Sub(now).String())
		now = next
	}
	want := "1s 2s 2s 8s 16s 32s 1m4s 2m8s 4m16s 5m0s 5m0s 5m0s 5m0s 5m0s 5m0s 5m0s 5m0s 5m0s 5m0s 1m31s"
	if got := strings.Join(waits, " "); got != want {
		t.Errorf("waits %s, want %s", got, want)
	}
	if len(dead) != 1 || dead[0].Reason != "not delivered within 1h: 500" || now.Sub(start) != time.Hour {
		t.Errorf("after %v: %+v", now.Sub(start), dead)
	}
	// The next of its group is due now.
	if due, _ = m.Due(now, nil); len(due["ops"]) != 1 || due["ops"][0].ID == first {
		t.Errorf("due: %v", due)
	}
	long := Result{Target: "ops", ID: due["ops"][0].ID, Outcome: Failed, Reason: "429", After: 2 * time.Hour}
	if dead := apply(Input{Result: &long}); len(dead) != 1 {
		t.Errorf("a wait beyond retry_for: %v", dead)
	}
	for _, jitter := range []float64{-1, 0, 1} {
		if got, want := retryAfter(100, jitter), 5*time.Minute+time.Duration(jitter*60)*time.Second; got != want {
			t.Errorf("jitter %v: %v, want %v", jitter, got, want)
		}
	}
}

func due0(m *Machine, key string) string {
	for _, message := range m.Targets["ops"].Queue {
		if message.Key == key {
			return message.ID
		}
	}
	return ""
}

// TestQueueIsBounded drops the oldest of too many messages.
func TestQueueIsBounded(t *testing.T) {
	m, _ := New("h", rules(func(n *config.Notification) {
		n.GroupBy, n.GroupWait, n.GroupInterval, n.Rate = "program", 0, 0, config.Rate{N: 10_000, Within: time.Hour}
	}), State{})
	lost := 0
	for i := range maxQueue + 5 {
		in := m.Next(start, fmt.Sprint("x", i, "-"))
		in.Event = &Event{Name: fatal, Process: "p", Group: "p", PoolSerial: i}
		dead, _ := m.Apply(in)
		for _, d := range dead {
			if d.Message.ID != fmt.Sprintf("msg_x%d-1", lost) {
				t.Errorf("%d: %s is dropped", i, d.Message.ID)
			}
			lost++
			m.Drop("ops")
		}
	}
	queue := m.Targets["ops"].Queue
	if lost != 5 || len(queue) != maxQueue || !strings.HasSuffix(queue[maxQueue-1].Notice.Text, "1 messages were dropped") {
		t.Errorf("%d lost, %d wait: %s", lost, len(queue), queue[len(queue)-1].Notice.Text)
	}
}

// TestEnd sends what waits for others when supervisord stops, and not when only the listener does.
func TestEnd(t *testing.T) {
	for _, stopping := range []bool{false, true} {
		r := newRig(t, func(n *config.Notification) { n.On = []string{Fatal, Supervisor} })
		r.event(fatal, "a")
		if stopping {
			r.event("SUPERVISOR_STATE_CHANGE_STOPPING", "")
		}
		r.apply(Input{End: true})
		if stopping {
			r.want("0s information: supervisord is stopping", "0s problem: a could not be started: FATAL")
		} else {
			r.want()
		}
	}
}

// TestSectionsChange keeps what belongs to sections that are still there.
func TestSectionsChange(t *testing.T) {
	m, _ := New("h", rules(func(n *config.Notification) { n.GroupWait = 0 }), State{})
	in := m.Next(start, "x")
	in.Event = &Event{Name: fatal, Process: "a", Group: "a"}
	m.Apply(in)
	same, dead := New("h", rules(nil), m.State)
	if len(dead) != 0 || same.Waiting() != 1 {
		t.Errorf("%d wait, %v", same.Waiting(), dead)
	}
	other, dead := New("h", rules(func(n *config.Notification) { n.Name = "other" }), same.State)
	if len(dead) != 1 || dead[0].Target != "ops" || other.Waiting() != 0 {
		t.Errorf("%d wait, %v", other.Waiting(), dead)
	}
}

// FuzzReplay applies random inputs, and shows that a machine which begins with the state at any point, as JSON, ends like the one that
// goes on; that deadlines are in the future; and that messages are bounded.
func FuzzReplay(f *testing.F) {
	f.Add([]byte("\x00\x10\x21\x32\x43\x54\x65\x76\x87\x98"), uint8(4))
	f.Add([]byte("\x01\x01\x01\x01\x02\x03\xf1\xf1\xf1\xf7\xf5\xe6"), uint8(2))
	names := []string{exited, running, fatal, backoff, stopped, "PROCESS_HEALTH_DOWN", "PROCESS_HEALTH_UP", "SUPERVISOR_STATE_CHANGE_RUNNING",
		"SUPERVISOR_STATE_CHANGE_STOPPING", "PROCESS_GROUP_REMOVED", "TICK_5"}
	f.Fuzz(func(t *testing.T, script []byte, cut uint8) {
		all := func(n *config.Notification) {
			n.On = []string{Fatal, Unexpected, Backoff, Flapping, Recovered, Stopped, Running, Supervisor, Unhealthy}
			n.GroupWait, n.GroupInterval, n.Rate = time.Second, 3*time.Second, config.Rate{N: 3, Within: time.Minute}
		}
		whole, _ := New("h", rules(all), State{})
		parts, _ := New("h", rules(all), State{})
		now := start
		for i, b := range script {
			now = now.Add(time.Duration(b>>4) * time.Second)
			in := Input{Number: uint64(i + 1), Time: now, ID: fmt.Sprint("x", i, "-")}
			switch kind := int(b & 15); {
			case kind < len(names):
				in.Event = &Event{Name: names[kind], Server: "s", Pool: "p", Serial: i, PoolSerial: i, Process: fmt.Sprint("p", b>>6), Group: "g", PID: i}
			case kind == 11:
				in.End = true
			default:
				due, _ := whole.Due(now, nil)
				if len(due["ops"]) > 0 {
					outcome := []Outcome{Delivered, Failed, Refused, Failed}[kind&3]
					in.Result = &Result{Target: "ops", ID: due["ops"][0].ID, Outcome: outcome, Jitter: float64(b) / 255}
				}
			}
			if i > 0 && i%(int(cut)+1) == 0 {
				text, err := json.Marshal(parts.State)
				if err != nil {
					t.Fatal(err)
				}
				var state State
				if err := json.Unmarshal(text, &state); err != nil {
					t.Fatal(err)
				}
				parts, _ = New("h", rules(all), state)
			}
			whole.Apply(in)
			parts.Apply(in)
			parts.Apply(in) // again changes nothing
			if _, next := whole.Due(now, nil); !next.IsZero() && !next.After(now) {
				t.Fatalf("input %d: the deadline %v is not after %v", i, next, now)
			}
			for _, m := range whole.Targets["ops"].Queue {
				if len(m.Notice.Incidents) > maxIncidents {
					t.Fatalf("%d incidents", len(m.Notice.Incidents))
				}
			}
		}
		a, errA := json.Marshal(whole.State)
		b, errB := json.Marshal(parts.State)
		if errA != nil || errB != nil || string(a) != string(b) {
			t.Errorf("%v %v\n%s\n%s", errA, errB, a, b)
		}
	})
}
