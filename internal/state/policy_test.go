package state

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
)

const ms = time.Millisecond

// policy returns the usual rules with a policy that differs from the default.
func policy(change func(*Policy)) Rules {
	r := usual
	r.More = &More{Policy: DefaultPolicy}
	change(&r.More.Policy)
	return r
}

// TestWait shows the waits after one, two, ... failed starts.
// covers: L5-a L5-i
func TestWait(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy Policy
		want   []time.Duration
	}{
		{"default", DefaultPolicy, []time.Duration{time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second}},
		{"increment", Policy{Increment: 100 * ms, Factor: 1}, []time.Duration{100 * ms, 200 * ms, 300 * ms}},
		{"factor", Policy{Increment: 100 * ms, Factor: 2, MaxBackoff: 500 * ms}, []time.Duration{100 * ms, 200 * ms, 400 * ms, 500 * ms, 500 * ms}},
		{"pause", Policy{Increment: 100 * ms, Factor: 1, MaxBackoff: 150 * ms, Pause: time.Second}, []time.Duration{1100 * ms, 1150 * ms, 1150 * ms}},
		{"none", Policy{Factor: 10}, []time.Duration{startSpacing, startSpacing, startSpacing}},
		{"less than the increment", Policy{Increment: time.Hour, Factor: 1, MaxBackoff: time.Second}, []time.Duration{time.Second, time.Second}},
	} {
		r := Rules{More: &More{Policy: c.policy}}
		var got []time.Duration
		for i := range c.want {
			got = append(got, r.wait(i+1, 0.25))
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
	for tries := 1; tries < 100; tries++ {
		if got := (Rules{}).wait(tries, 0); got != time.Duration(tries)*time.Second {
			t.Errorf("without a policy: %v after %d failures", got, tries)
		}
	}
}

// TestWaitIsBounded shows that no wait is longer than a day, however many starts have failed.
func TestWaitIsBounded(t *testing.T) {
	for _, p := range []Policy{{Increment: time.Second, Factor: 2}, {Increment: 1000 * time.Hour, Factor: 1},
		{Increment: time.Second, Factor: 1e300, Jitter: 1}, {Increment: time.Hour, Factor: 1, Jitter: 0.5}} {
		for _, tries := range []int{20, 1000, 1 << 30} {
			if got := p.wait(tries, 0.75); got != maxWait {
				t.Errorf("%+v: %v after %d failures", p, got, tries)
			}
		}
	}
	if got := (&Policy{Factor: 1e300, Jitter: 1}).wait(1<<30, 0.75); got != 0 {
		t.Errorf("no increment: %v", got)
	}
}

// TestJitter shows that a wait is shorter or longer by no more than the jitter, and that the longest wait stays the longest.
// covers: L5-b
func TestJitter(t *testing.T) {
	p := Policy{Increment: 100 * ms, Factor: 2, MaxBackoff: 250 * ms, Jitter: 0.5}
	for tries, want := range map[int][2]time.Duration{1: {50 * ms, 150 * ms}, 2: {100 * ms, 250 * ms}, 5: {125 * ms, 250 * ms}} {
		least, most := time.Hour, time.Duration(0)
		for i := range 1000 {
			got := p.wait(tries, float64(i)/1000)
			least, most = min(least, got), max(most, got)
		}
		if least != want[0] || most > want[1] || most < want[1]-ms {
			t.Errorf("after %d failures: from %v to %v, want %v", tries, least, most, want)
		}
	}
}

// TestPause shows that the pause comes before a restart, and is not shorter than what short runs get anyway.
// covers: L5-c L5-d L5-e
func TestPause(t *testing.T) {
	r := policy(func(p *Policy) { p.Pause = time.Second })
	now := t0.Add(time.Hour)
	paused, _ := Machine{State: api.Running, Since: t0}.Next(Event{Kind: Exit, Code: -1}, now, r)
	if paused.State != api.Exited || !paused.Wake.Equal(now.Add(time.Second)) {
		t.Fatalf("%+v", paused)
	}
	if m, act := paused.Next(Event{Kind: Stop}, now, r); m.State != api.Exited || !m.Wake.IsZero() || act != Nothing {
		t.Errorf("stop: %+v, %v", m, act)
	} else if m, act := m.Next(Event{Kind: Stop}, now, r); act != Refuse {
		t.Errorf("stop again: %+v, %v", m, act)
	}
	if m, act := paused.Next(Event{Kind: Start}, now, r); m.State != api.Starting || act != Spawn {
		t.Errorf("start: %+v, %v", m, act)
	}
	r.More.Policy.Pause = ms
	m, _ := Machine{State: api.Running, Since: now, Flapping: true}.Next(Event{Kind: Exit, Code: -1}, now, r)
	if !m.Wake.Equal(now.Add(startSpacing)) {
		t.Errorf("a short run after another: again after %v", m.Wake.Sub(now))
	}
	if m, act := m.Next(Event{Kind: Stop}, now, usual); act != Refuse {
		t.Errorf("without a policy, stop during the spacing: %+v, %v", m, act)
	}
}

// TestForever shows that a process with startretries=-1 never gives up, and one with another negative number at once.
// covers: L5-f
func TestForever(t *testing.T) {
	r := policy(func(*Policy) {})
	for retries, want := range map[int]api.State{Forever: api.Backoff, -2: api.Fatal, 0: api.Fatal} {
		r.StartRetries = retries
		m := Machine{}
		for range 20 {
			m, _ = m.Next(Event{Kind: Start}, t0, r)
			m.State = api.Starting
			m, _ = m.Next(Event{Kind: Exit, Code: 1}, t0, r)
		}
		if next, _ := m.Next(Event{Kind: Tick}, m.Wake, r); next.State == api.Fatal != (want == api.Fatal) || m.Tries != 20 {
			t.Errorf("startretries=%d: %v after %d failures", retries, next.State, m.Tries)
		}
	}
}

// TestCrashLimit shows which ends count, and that a request forgets them.
// covers: L5-g L5-h
func TestCrashLimit(t *testing.T) {
	r := policy(func(p *Policy) { p.CrashLimit, p.CrashTime = 3, 10*time.Second })
	r.StartSecs, r.RestartExpected = 0, true
	end := func(m Machine, code int, after time.Duration) Machine {
		m = Machine{State: api.Running, Since: m.Since, Crashes: m.Crashes}
		m, _ = m.Next(Event{Kind: Exit, Code: code}, t0.Add(after*time.Second), r)
		m, _ = m.Next(Event{Kind: Tick}, m.Wake, r)
		return m
	}
	type exit struct {
		code  int
		after time.Duration
	}
	for _, c := range []struct {
		exits []exit
		want  api.State
	}{
		{[]exit{{1, 0}, {1, 1}}, api.Starting},
		{[]exit{{1, 0}, {1, 1}, {-1, 2}}, api.Fatal},
		{[]exit{{1, 0}, {0, 1}, {1, 2}, {0, 3}}, api.Starting},
		{[]exit{{1, 0}, {0, 1}, {1, 2}, {1, 3}}, api.Fatal},
		{[]exit{{1, 0}, {1, 5}, {1, 10}, {1, 15}, {1, 20}}, api.Starting},
		{[]exit{{1, 0}, {1, 5}, {1, 10}, {1, 14}}, api.Fatal},
	} {
		m := Machine{Since: t0}
		for _, e := range c.exits {
			m = end(m, e.code, e.after)
		}
		if m.State != c.want {
			t.Errorf("%v: %v", c.exits, m.State)
		}
	}
	m := Machine{Since: t0}
	for i := range 100 {
		if m = end(m, 0, time.Duration(i)); m.State != api.Starting || m.Crashes != nil {
			t.Fatalf("expected exits: %+v", m)
		}
	}
	m = end(end(m, 1, 0), 1, 0)
	before := *m.Crashes
	m = end(m, 1, 0)
	if len(before.At) != 2 || m.State != api.Fatal || m.Crashes != nil {
		t.Fatalf("%v, %+v", before, m)
	}
	exited := Machine{State: api.Exited, Since: t0, Crashes: &before}
	if m, _ = exited.Next(Event{Kind: Start}, t0, r); m.State != api.Starting || m.Crashes != nil {
		t.Errorf("a request: %+v", m)
	}
}
