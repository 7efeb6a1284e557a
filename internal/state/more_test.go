package state

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/gosupervisor/supervisor/internal/api"
)

// all are rules with all features.
var all = func() Rules {
	r := usual
	r.Prepare = true
	r.More = &More{
		Stop: []Step{
			{Kind: HookStep, Wait: 60 * time.Second},
			{Kind: CommandStep, Wait: 60 * time.Second, Settle: 20 * time.Second},
			{Signal: syscall.SIGINT, Wait: 7 * time.Second},
		},
		KillWait: 4 * time.Second, NeedsReady: true, ReadyTimeout: 30 * time.Second,
		Policy: Policy{Pause: 2 * time.Second, Increment: time.Second, Factor: 1, CrashLimit: 3, CrashTime: time.Minute},
	}
	return r
}()

// moreHappenings are the events that only a program with features has.
var moreHappenings = []happening{
	{"prepared", Event{Kind: Prepared}, 5 * time.Second},
	{"not prepared", Event{Kind: Unprepared}, 5 * time.Second},
	{"ready before startsecs", Event{Kind: Ready}, 1 * time.Second},
	{"ready", Event{Kind: Ready}, 5 * time.Second},
	{"deadline, not ready", Event{Kind: Tick}, 30 * time.Second},
	{"step done", Event{Kind: StepDone, OK: true}, 5 * time.Second},
	{"step failed", Event{Kind: StepDone}, 5 * time.Second},
	{"recycle", Event{Kind: Recycle}, 5 * time.Second},
	{"restart", Event{Kind: Restart}, 5 * time.Second},
	{"loss of a dependency", Event{Kind: Recycle, Any: true}, 5 * time.Second},
	{"cancel", Event{Kind: Cancel}, 5 * time.Second},
	{"kill", Event{Kind: KillRequest}, 5 * time.Second},
	{"give up", Event{Kind: GiveUp}, 5 * time.Second},
}

// situations are the machines of the second table. What waits for a deadline got it at t0.
var situations = []struct {
	name string
	Machine
}{
	{"STOPPED", Machine{State: api.Stopped}},
	{"STOPPED, start due", Machine{State: api.Stopped, Wake: t0.Add(5 * time.Second)}},
	{"STARTING, preparing", Machine{State: api.Starting, Phase: Preparing}},
	{"STARTING", Machine{State: api.Starting, Wake: t0.Add(30 * time.Second)}},
	{"STARTING, ready", Machine{State: api.Starting, Ready: true, Wake: t0.Add(3 * time.Second)}},
	{"STARTING, late", Machine{State: api.Starting, Phase: Late, Step: 2, Wake: t0.Add(7 * time.Second)}},
	{"RUNNING", Machine{State: api.Running}},
	{"BACKOFF", Machine{State: api.Backoff, Wake: t0.Add(5 * time.Second)}},
	{"STOPPING, no child", Machine{State: api.Stopping, Phase: Preparing, Wake: t0.Add(10 * time.Second)}},
	{"STOPPING, step 0", Machine{State: api.Stopping, Step: 0, Wake: t0.Add(60 * time.Second)}},
	{"STOPPING, step 1", Machine{State: api.Stopping, Step: 1, Wake: t0.Add(60 * time.Second)}},
	{"STOPPING, step 2", Machine{State: api.Stopping, Step: 2, Wake: t0.Add(7 * time.Second)}},
	{"STOPPING, step 3", Machine{State: api.Stopping, Step: 3, Wake: t0.Add(4 * time.Second)}},
	{"STOPPING, again", Machine{State: api.Stopping, Again: true, Step: 2, Wake: t0.Add(7 * time.Second)}},
	{"EXITED, start due", Machine{State: api.Exited, Wake: t0.Add(5 * time.Second)}},
	{"FATAL", Machine{State: api.Fatal}},
	{"UNKNOWN", Machine{State: api.Unknown}},
}

// situation is the name of a machine in the second table.
func situation(m Machine) string {
	name := m.State.String()
	switch {
	case m.State == api.Starting && m.Phase == Late:
		name += fmt.Sprintf(", late, step %d", m.Step)
	case m.State == api.Starting && m.Phase == Preparing:
		name += ", preparing"
	case m.State == api.Starting && m.Ready:
		name += ", ready"
	case m.State == api.Stopping && m.Phase == Preparing:
		name += ", no child"
	case m.State == api.Stopping:
		name += fmt.Sprintf(", step %d", m.Step)
	}
	if m.Again {
		name += ", again"
	}
	return name
}

// moreTable has all situations and events of a program with all features. Short leaves out what is as in the first table, or can be
// seen from another row.
func moreTable(short bool) string {
	g := steps{format: "%-20s %-24s %-26s %-6s %-9s %s", rules: all, state: situation}
	for _, s := range situations {
		for _, h := range slices.Concat(happenings, moreHappenings) {
			if h.name == "deadline, not ready" && s.name != "STARTING" || short && h.Kind != StepDone && !isShown(s.name, h.name) {
				continue
			}
			g.add(s.Machine, s.name, h)
		}
	}
	return g.String()
}

// isShown is true for the rows of the page: new events, and in new situations the usual ones.
func isShown(situation, event string) bool {
	for _, h := range moreHappenings {
		if h.name == event {
			return true
		}
	}
	plain := situation == strings.ToUpper(situation)
	return !plain && slices.Contains([]string{"start", "exit 1", "deadline", "stop"}, event) ||
		plain && slices.Contains([]string{"start", "exit 1", "deadline"}, event) && situation != "EXITED"
}

// TestMoreTable holds the machine of a program with all features against the second table, and the page against its shorter
// form.
func TestMoreTable(t *testing.T) {
	golden(t, moreTable(false), "testdata/features.txt")
	goldenPage(t, moreTable(true), "<!-- features -->\n")
}

// TestSize shows that a machine needs no more memory than before there were features.
func TestSize(t *testing.T) {
	type before struct {
		State            api.State
		Tries, Shortages int
		Since, Wake      time.Time
		Flapping         bool
	}
	if got, most := unsafe.Sizeof(Machine{}), unsafe.Sizeof(before{})+unsafe.Sizeof(uintptr(0)); got > most {
		t.Errorf("a Machine has %d bytes, at most %d are wanted", got, most)
	}
}

// world carries out what the machine of one process says, and takes note of what must not happen.
type world struct {
	t     *testing.T
	m     Machine
	rules Rules
	now   time.Time
	child bool // there is one
	prep  bool // what Prepare asked for goes on
}

// do gives the machine an event and does what it says. It returns false if the event was refused.
func (w *world) do(e Event) bool {
	before := w.m
	next, act := w.m.Next(e, w.now, w.rules)
	if act == Refuse {
		if next != before {
			w.t.Fatalf("%+v, %+v: refused, and changed to %+v", before, e, next)
		}
		return false
	}
	w.m = next
	if e.Kind == Stop && next.Again {
		w.t.Fatalf("%+v: a stop leaves a start to come: %+v", before, next)
	}
	if e.Kind == Stop && next.State.IsStopped() && !next.Wake.IsZero() {
		w.t.Fatalf("%+v: a stop leaves a deadline: %+v", before, next)
	}
	switch act {
	case Spawn:
		if w.child || w.prep || w.rules.ShuttingDown {
			w.t.Fatalf("%+v, %+v: a spawn, with a child %v, preparing %v, shutdown %v", before, e, w.child, w.prep, w.rules.ShuttingDown)
		}
		w.child = true
	case Prepare:
		if w.child || w.prep || w.rules.ShuttingDown {
			w.t.Fatalf("%+v, %+v: prepares, with a child %v, preparing %v", before, e, w.child, w.prep)
		}
		w.prep = true
	case Term, TakeStep, Kill:
		if !w.child && w.m.Phase != Preparing {
			w.t.Fatalf("%+v, %+v: %v without a child", before, e, act)
		}
		if act == TakeStep && int(w.m.Step) >= len(w.rules.plan()) {
			w.t.Fatalf("%+v, %+v: no step %d", before, e, w.m.Step)
		}
	case Repeat:
		w.check()
		return w.do(e)
	}
	w.check()
	return true
}

// check is what holds of a machine at all times.
func (w *world) check() {
	m := w.m
	dead := m.State == api.Stopped || m.State == api.Exited || m.State == api.Fatal || m.State == api.Backoff
	switch {
	case (m.State == api.Running || m.State == api.Fatal || m.State == api.Unknown) && !m.Wake.IsZero():
		w.t.Fatalf("a deadline in %+v", m)
	case m.Phase == Preparing && m.State != api.Starting && m.State != api.Stopping,
		m.Phase == Late && m.State != api.Starting,
		m.Again && m.State != api.Stopping,
		m.Ready && m.State != api.Starting:
		w.t.Fatalf("not in this state: %+v", m)
	case m.Step < 0 || int(m.Step) > max(len(w.rules.plan()), 1):
		w.t.Fatalf("no such step: %+v", m)
	case m.State == api.Stopping && m.Wake.IsZero() && !w.endless():
		w.t.Fatalf("waits for ever: %+v", m)
	case dead && m.Phase != Up:
		w.t.Fatalf("a phase in %+v", m)
	}
}

// endless is true if the present step of the plan is the last, by its configuration.
func (w *world) endless() bool {
	plan := w.rules.plan()
	return int(w.m.Step) < len(plan) && plan[w.m.Step].Wait < 0
}

// end is the exit of the child.
func (w *world) end(code int) {
	if !w.do(Event{Kind: Exit, Code: code}) {
		w.t.Fatalf("the exit of a child is refused: %+v", w.m)
	}
	w.child = false
	if w.m.State != api.Stopped && w.m.State != api.Exited && w.m.State != api.Backoff {
		w.t.Fatalf("after an exit: %+v", w.m)
	}
}

// step lets one thing happen that can happen now.
func (w *world) step(choice byte, wait time.Duration) {
	w.now = w.now.Add(wait)
	if !w.m.Wake.IsZero() && !w.m.Wake.After(w.now) {
		w.do(Event{Kind: Tick})
		return
	}
	requests := []Kind{Start, AutoStart, Stop, KillNow, KillRequest, Recycle, Restart, Cancel, Ready, StepDone, GiveUp, Tick}
	switch n := int(choice % 32); {
	case n < len(requests):
		k := requests[n]
		if k == Tick && w.m.Wake.IsZero() {
			return
		}
		if k == Tick {
			w.now = w.m.Wake
		}
		w.do(Event{Kind: k, OK: choice >= 128, Crash: choice >= 64, Any: choice >= 192})
	case n < 16 && w.child:
		w.end(n - 12)
	case n < 18 && w.child && w.m.State == api.Starting && w.m.Phase == Up && w.m.Since.Equal(w.now):
		w.child = false
		w.do(Event{Kind: [...]Kind{SpawnFailed, NoResources}[n-16]})
	case n < 24 && w.prep:
		w.prep = false
		if !w.do(Event{Kind: [...]Kind{Prepared, Unprepared}[n%2]}) {
			w.t.Fatalf("the end of what prepares is refused: %+v", w.m)
		}
	case n == 24 && w.child:
		w.do(Event{Kind: SignalFailed})
	}
}

// drain ends the process as a shutdown does: it is asked to stop, and a child ends by SIGKILL only.
func (w *world) drain() {
	w.rules.ShuttingDown = true
	w.do(Event{Kind: Stop})
	for range 3 + len(w.rules.plan()) {
		if w.endless() || w.m.State == api.Unknown {
			break
		}
		if w.m.Wake.IsZero() || w.m.State.IsStopped() {
			break
		}
		w.now = w.m.Wake
		w.do(Event{Kind: Tick})
	}
	w.do(Event{Kind: KillNow})
	if w.prep {
		w.prep = false
		w.do(Event{Kind: Unprepared})
	}
	if w.child {
		w.end(-1)
	}
	if !w.m.State.IsStopped() {
		w.t.Fatalf("a shutdown does not end: %+v", w.m)
	}
	for range 3 {
		if !w.m.Wake.IsZero() {
			w.now = w.m.Wake
			w.do(Event{Kind: Tick})
		}
	}
	if !w.m.State.IsStopped() || !w.m.Wake.IsZero() {
		w.t.Fatalf("something follows a shutdown: %+v", w.m)
	}
}

// rulesOf are rules with the features whose bits are set.
func rulesOf(bits byte) Rules {
	r := usual
	if r.Prepare = bits&1 != 0; bits&2 != 0 {
		r.StartSecs = 0
	}
	if bits&4 != 0 {
		return r
	}
	more := *all.More
	if bits&8 != 0 {
		more.NeedsReady = false
	}
	if bits&16 != 0 {
		more.ReadyTimeout = 0
	}
	if bits&32 != 0 {
		more.Stop = append(slices.Clone(more.Stop), Step{Kind: WaitStep, Wait: -1})
	}
	if bits&64 != 0 {
		more.Stop, more.Policy = nil, DefaultPolicy
	}
	r.RestartExpected = bits&128 != 0
	r.More = &more
	return r
}

// FuzzNext gives the machine events in any order and at any time, and holds it to what must never happen: two children, a
// signal without a child, a deadline where nothing waits, a stop after which a start follows, a shutdown that does not end.
func FuzzNext(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 2))
	for bits := range 64 {
		seed := make([]byte, 400)
		for i := range seed {
			seed[i] = byte(rng.Uint32())
		}
		f.Add(byte(bits*4+bits/16), seed)
	}
	f.Fuzz(func(t *testing.T, bits byte, script []byte) {
		w := &world{t: t, rules: rulesOf(bits), now: t0}
		for i := 0; i+1 < len(script); i += 2 {
			w.step(script[i], time.Duration(script[i+1]%8)*700*time.Millisecond)
		}
		w.drain()
	})
}
