package state

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
)

var update = flag.Bool("update", false, "write the tables in testdata and docs/states.md anew")

// t0 is when every machine of the table was started; the events happen later.
var t0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

type happening struct {
	name string
	Event
	at time.Duration
}

// happenings are the events of the table, each with the moment it comes at.
var happenings = []happening{
	{"start", Event{Kind: Start}, 5 * time.Second},
	{"autostart", Event{Kind: AutoStart}, 5 * time.Second},
	{"spawn failed", Event{Kind: SpawnFailed}, 0},
	{"no resources", Event{Kind: NoResources}, 0},
	{"exit 0 before startsecs", Event{Kind: Exit, Code: 0}, 1 * time.Second},
	{"exit 0", Event{Kind: Exit, Code: 0}, 5 * time.Second},
	{"exit 1", Event{Kind: Exit, Code: 1}, 5 * time.Second},
	{"killed", Event{Kind: Exit, Code: -1}, 5 * time.Second},
	{"deadline", Event{Kind: Tick}, 5 * time.Second},
	{"stop", Event{Kind: Stop}, 5 * time.Second},
	{"kill now", Event{Kind: KillNow}, 5 * time.Second},
	{"signal failed", Event{Kind: SignalFailed}, 5 * time.Second},
}

var usual = Rules{
	StartSecs: 3 * time.Second, StartRetries: 2, ExitCodes: []int{0}, RestartUnexpected: true, StopWait: 10 * time.Second,
}

// String is the action's name in tables.
func (a Action) String() string {
	return [...]string{"-", "refuse", "spawn", "stopsignal", "SIGKILL", "exit again", "prepare", "step"}[a]
}

// steps is a table of steps, each from a machine whose Tries is 1, so that keeping and resetting differ. Since is zero for a process
// that never ran. The second part has the rows that a shutdown changes.
type steps struct {
	format           string // of a line
	rules            Rules
	state            func(Machine) string
	normal, shutdown [][]string
}

// add adds the step of a machine, which is in the named situation.
func (g *steps) add(m Machine, situation string, h happening) {
	m.Tries, m.Since = 1, t0
	if h.Kind == AutoStart {
		m.Since = time.Time{}
	}
	leaving := g.rules
	leaving.ShuttingDown = true
	before, at := []string{situation, h.name}, t0.Add(h.at)
	cells, other := g.step(m, h.Event, at, g.rules), g.step(m, h.Event, at, leaving)
	if cells[0] != "(refused)" {
		g.normal = append(g.normal, append(before, cells...))
	}
	if !slices.Equal(cells, other) {
		g.shutdown = append(g.shutdown, append(before, other...))
	}
}

func (g *steps) step(m Machine, e Event, now time.Time, r Rules) []string {
	next, act := m.Next(e, now, r)
	if act == Refuse {
		return []string{"(refused)", "", "", ""}
	}
	wake := "-"
	if !next.Wake.IsZero() {
		wake = "+" + next.Wake.Sub(now).String()
	}
	return []string{g.state(next), fmt.Sprint(next.Tries), wake, act.String()}
}

func (g *steps) String() string {
	var b strings.Builder
	lines := func(rows ...[]string) {
		for _, c := range rows {
			b.WriteString(strings.TrimRight(fmt.Sprintf(g.format, c[0], c[1], c[2], c[3], c[4], c[5]), " ") + "\n")
		}
	}
	lines([]string{"state", "event", "next", "tries", "deadline", "action"})
	lines(g.normal...)
	b.WriteString("\nduring a shutdown:\n")
	lines(g.shutdown...)
	return b.String()
}

// table has every state and every event.
func table() string {
	g := steps{format: "%-10s %-24s %-10s %-6s %-9s %s", rules: usual, state: func(m Machine) string { return m.State.String() }}
	for _, s := range api.States {
		for _, h := range happenings {
			g.add(Machine{State: s}, s.String(), h)
		}
	}
	return g.String()
}

// TestTable holds the machine against the table that readers see, in testdata and in docs.
func TestTable(t *testing.T) {
	golden(t, table(), "testdata/next.txt")
	goldenPage(t, table(), "")
}

// goldenPage compares a table with the first text block behind mark of docs/states.md.
func goldenPage(t *testing.T, table, mark string) {
	t.Helper()
	const page = "../../docs/states.md"
	doc, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	begin := strings.Index(string(doc), mark)
	before, rest, _ := strings.Cut(string(doc[max(begin, 0):]), "```text\n")
	_, after, found := strings.Cut(rest, "```\n")
	if begin < 0 || !found {
		t.Fatalf("%s has no text block for the table", page)
	}
	golden(t, string(doc[:begin])+before+"```text\n"+table+"```\n"+after, page)
}

// golden compares what a file should have with what it has.
func golden(t *testing.T, want, file string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(got), want); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}

// TestTotal shows that no state and event panic, that a refusal changes nothing, and that only states that wait for
// something have a deadline.
func TestTotal(t *testing.T) {
	for _, s := range api.States {
		for _, h := range happenings {
			m := Machine{State: s, Tries: 1, Since: t0, Wake: t0.Add(time.Minute)}
			next, act := m.Next(h.Event, t0.Add(h.at), usual)
			if act == Refuse && next != m {
				t.Errorf("%v %s: refused, yet changed to %+v", s, h.name, next)
			}
			waits := next.State == api.Starting || next.State == api.Backoff || next.State == api.Stopping ||
				next.State == api.Exited
			if act != Refuse && !waits && !next.Wake.IsZero() {
				t.Errorf("%v %s: a deadline in %v", s, h.name, next.State)
			}
		}
	}
}

// TestRetries runs a process that always dies at once: startretries=3 makes four tries, each wait a second longer.
func TestRetries(t *testing.T) {
	r := usual
	r.StartRetries = 3
	now := t0
	m, act := Machine{}.Next(Event{Kind: Start}, now, r)
	var tries []time.Duration
	for act == Spawn {
		tries = append(tries, now.Sub(t0))
		m, _ = m.Next(Event{Kind: Exit, Code: 1}, now, r)
		if m.State != api.Backoff {
			t.Fatalf("after a start that failed: %v", m.State)
		}
		now = m.Wake
		m, act = m.Next(Event{Kind: Tick}, now, r)
	}
	want := []time.Duration{0, 1 * time.Second, 3 * time.Second, 6 * time.Second}
	if d := cmp.Diff(want, tries); d != "" {
		t.Errorf("tries at (-want +got):\n%s", d)
	}
	if m.State != api.Fatal || now.Sub(t0) != 6*time.Second {
		t.Errorf("ends %v at %v, want FATAL with the last failure", m.State, now.Sub(t0))
	}
}

// TestNoResources runs a process that the system has no resources for: the tries that it has left stay the same, and the waits
// grow up to a bound. A child that ends early then counts as usual.
// covers: SEC-27
// differs: DIFF-198 does not count
func TestNoResources(t *testing.T) {
	r := usual
	now := t0
	m, _ := Machine{}.Next(Event{Kind: Start}, now, r)
	m, _ = m.Next(Event{Kind: Exit, Code: 1}, now, r)
	var act Action
	var waits []int
	for range 40 {
		now = m.Wake
		if m, act = m.Next(Event{Kind: Tick}, now, r); act != Spawn {
			t.Fatalf("after %d starts: %v in %v", len(waits), act, m.State)
		}
		if m, _ = m.Next(Event{Kind: NoResources}, now, r); m.State != api.Backoff || m.Tries != 1 {
			t.Fatalf("%+v", m)
		}
		waits = append(waits, int(m.Wake.Sub(now)/time.Second))
	}
	if waits[0] != 1 || waits[1] != 2 || waits[29] != 30 || waits[39] != 30 {
		t.Errorf("waits %v", waits)
	}
	m, _ = m.Next(Event{Kind: Tick}, m.Wake, r)
	if m, _ = m.Next(Event{Kind: Exit, Code: 1}, m.Since, r); m.Tries != 2 || m.Shortages != 0 || m.Wake.Sub(m.Since) != 2*time.Second {
		t.Errorf("a child that ended early: %+v", m)
	}
	r.ShuttingDown = true
	starting := Machine{State: api.Starting, Since: t0}
	if m, _ := starting.Next(Event{Kind: NoResources}, t0, r); m.State != api.Backoff || !m.Wake.IsZero() {
		t.Errorf("during a shutdown: %+v", m)
	}
}

// TestShortRuns shows the pace of restarts: the first at once, then 50 ms apart while runs are short, and at once again
// after a long run.
func TestShortRuns(t *testing.T) {
	r := Rules{RestartExpected: true, RestartUnexpected: true}
	now := t0
	m, _ := Machine{}.Next(Event{Kind: Start}, now, r)
	var gaps []time.Duration
	for _, ran := range []time.Duration{time.Millisecond, time.Millisecond, 60 * time.Millisecond, time.Millisecond,
		2 * time.Second, time.Millisecond, time.Millisecond} {
		m, _ = m.Next(Event{Kind: Tick}, now, r)
		now = now.Add(ran)
		m, _ = m.Next(Event{Kind: Exit}, now, r)
		gaps = append(gaps, m.Wake.Sub(now))
		now = m.Wake
		m, _ = m.Next(Event{Kind: Tick}, now, r)
	}
	ms := time.Millisecond
	if d := cmp.Diff([]time.Duration{0, 49 * ms, 0, 49 * ms, 0, 0, 49 * ms}, gaps); d != "" {
		t.Errorf("waits (-want +got):\n%s", d)
	}
}

// TestRestart shows which exits lead to a restart, for each of the three values of autorestart.
func TestRestart(t *testing.T) {
	for _, c := range []struct {
		expected, unexpected bool
		code                 int
		want                 bool
	}{
		{false, false, 0, false}, {false, false, 1, false}, {false, false, -1, false},
		{false, true, 0, false}, {false, true, 1, true}, {false, true, -1, true},
		{true, true, 0, true}, {true, true, 1, true}, {true, true, -1, true},
	} {
		r := Rules{ExitCodes: []int{0}, RestartExpected: c.expected, RestartUnexpected: c.unexpected}
		m, _ := Machine{State: api.Running, Since: t0}.Next(Event{Kind: Exit, Code: c.code}, t0.Add(time.Hour), r)
		if got := !m.Wake.IsZero(); m.State != api.Exited || got != c.want {
			t.Errorf("%+v: %v, restart %v", c, m.State, got)
		}
	}
}

// TestExitUnseen shows a child that outlived startsecs and ended before its deadline was processed: it has been RUNNING, and
// the same exit then decides as of a RUNNING process.
func TestExitUnseen(t *testing.T) {
	for _, flapping := range []bool{false, true} {
		r := Rules{RestartExpected: true, RestartUnexpected: true, StartSecs: 10 * time.Millisecond}
		now := t0.Add(20 * time.Millisecond)
		exit := Event{Kind: Exit, Code: 1}
		m := Machine{State: api.Starting, Since: t0, Tries: 2, Wake: t0.Add(r.StartSecs), Flapping: flapping}
		m, act := m.Next(exit, now, r)
		if want := (Machine{State: api.Running, Since: t0, Flapping: flapping}); m != want || act != Repeat {
			t.Fatalf("%+v, %v; want %+v and the exit again", m, act, want)
		}
		wake := now
		if flapping {
			wake = t0.Add(startSpacing)
		}
		m, act = m.Next(exit, now, r)
		if want := (Machine{State: api.Exited, Since: t0, Wake: wake, Flapping: true}); m != want || act != Nothing {
			t.Errorf("%+v, %v; want %+v", m, act, want)
		}
	}
}

// TestAutoStart shows that a process is started without a request only if it never ran.
func TestAutoStart(t *testing.T) {
	m, act := Machine{}.Next(Event{Kind: AutoStart}, t0, usual)
	if m.State != api.Starting || act != Spawn {
		t.Fatalf("%v, %v", m.State, act)
	}
	for _, s := range api.States {
		m := Machine{State: s, Since: t0}
		if next, act := m.Next(Event{Kind: AutoStart}, t0, usual); act != Refuse || next != m {
			t.Errorf("%v: %+v, %v", s, next, act)
		}
	}
}

// TestShuttingDown shows that a shutdown starts nothing, and that the last failure still gives up.
func TestShuttingDown(t *testing.T) {
	r := usual
	r.ShuttingDown = true
	last := Machine{State: api.Starting, Since: t0, Tries: r.StartRetries}
	m, _ := last.Next(Event{Kind: Exit, Code: 1}, t0, r)
	if m.State != api.Backoff || !m.Wake.Equal(t0) {
		t.Fatalf("%+v, want BACKOFF that is due at once", m)
	}
	if m, act := m.Next(Event{Kind: Tick}, t0, r); m.State != api.Fatal || act != Nothing {
		t.Errorf("%v, %v", m.State, act)
	}
	for _, s := range api.States {
		for _, h := range happenings {
			m := Machine{State: s, Tries: 1}
			if _, act := m.Next(h.Event, t0, r); act == Spawn {
				t.Errorf("%v %s: a start", s, h.name)
			}
		}
	}
}

// TestKillRepeats shows that SIGKILL is repeated, and not in a tight loop when stopwaitsecs is 0 or less.
func TestKillRepeats(t *testing.T) {
	for stopWait, want := range map[time.Duration]time.Duration{5 * time.Second: 5 * time.Second, -time.Second: time.Second} {
		m, act := Machine{State: api.Running}.Next(Event{Kind: Stop}, t0, Rules{StopWait: stopWait})
		if act != Term || !m.Wake.Equal(t0.Add(stopWait)) {
			t.Fatalf("stop: %v at %v", act, m.Wake)
		}
		m, act = m.Next(Event{Kind: Tick}, t0, Rules{StopWait: stopWait})
		if act != Kill || !m.Wake.Equal(t0.Add(want)) {
			t.Errorf("stopwaitsecs %v: %v, again after %v", stopWait, act, m.Wake.Sub(t0))
		}
	}
}
