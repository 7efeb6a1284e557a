package check

import (
	"fmt"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/pump"
	"github.com/gosupervisor/supervisor/internal/timers"
)

// bench has processes with checks, a clock, and commands that are numbers.
type bench struct {
	t       *testing.T
	now     time.Time
	heap    timers.Heap
	sent    chan func(time.Time)
	host    *Host
	helpers helper.Host
	runs    map[int]*helper.Run
	lastPID int
	events  []string // what happened, with the seconds since the beginning
	began   time.Time
}

func newBench(t *testing.T) *bench {
	p, err := pump.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	b := &bench{t: t, now: time.Now(), sent: make(chan func(time.Time)), runs: map[int]*helper.Run{}, lastPID: 1 << 30}
	b.began = b.now
	send := func(f func(time.Time)) bool { b.sent <- f; return true }
	b.host = NewHost(b.heap.Set, send)
	b.helpers = helper.Host{Log: logs.NewMain(nil, api.Critical), Pump: p, Schedule: b.heap.Set, Send: send,
		Start: func(child.Spec) (int, error) { b.lastPID++; return b.lastPID, nil },
		Signal: func(pid int, sig syscall.Signal, _ bool) error {
			if b.runs[pid] != nil {
				b.log("%v", sig)
			}
			return nil
		}}
	return b
}

func (b *bench) log(format string, args ...any) {
	b.events = append(b.events, fmt.Sprintf("%v ", b.now.Sub(b.began).Seconds())+fmt.Sprintf(format, args...))
}

// expect compares what happened since the last call.
func (b *bench) expect(want ...string) {
	b.t.Helper()
	if d := cmp.Diff(want, b.events); d != "" {
		b.t.Errorf("events (-want +got):\n%s", d)
	}
	b.events = nil
}

// pass lets time go by.
func (b *bench) pass(d time.Duration) {
	end := b.now.Add(d)
	for at := b.heap.Next(); !at.IsZero() && !at.After(end); at = b.heap.Next() {
		if at.After(b.now) {
			b.now = at
		}
		b.heap.Due(b.now).Tick(b.now)
	}
	b.now = end
}

// end ends the command that was started last, or the one before, and so on.
func (b *bench) end(before, status int) {
	pid := b.lastPID - before
	r := b.runs[pid]
	if r == nil {
		b.t.Fatalf("no command %d", pid)
	}
	delete(b.runs, pid)
	r.Reaped(child.Exit{PID: pid, Status: syscall.WaitStatus(status << 8)}, b.now)
	if !r.Over() { // the pump was busy with its pipe
		(<-b.sent)(b.now)
	}
}

// subject is the process of a bench.
type subject struct {
	*bench
	name string
}

func (s *subject) Owner() int { return 0 }

func (s *subject) Run(k Kind, c config.HelperCommand, limit time.Duration, done func(helper.Result, time.Time), now time.Time) *helper.Run {
	s.log("%s%v", s.name, k)
	return helper.Start(&s.helpers, helper.Program{Name: "a", Own: func(pid int, r *helper.Run) { s.runs[pid] = r }},
		helper.Spec{Check: true, Timeout: limit, Done: done, Command: c}, now)
}

func (s *subject) Checked(r Result) { s.log("%s%v: %s", s.name, r.Kind, r.Text) }

func (s *subject) Changed(k Kind, verdict Health, r Result, count int, again bool, now time.Time) {
	s.log("%s%v is %v after %d, again %v", s.name, k, verdict, count, again)
}

// monitor makes a monitor with a command for liveness, every 10 seconds with a limit of 5, unless the check is changed.
func (b *bench) monitor(name string, change ...func(c *config.HealthChecks)) *Monitor {
	c := &config.HealthChecks{Liveness: &config.HealthCheck{Script: config.CheckScript{Kind: config.CommandCheck},
		InitialDelay: time.Second, Period: 10 * time.Second, Timeout: 5 * time.Second, SuccessThreshold: 1, FailureThreshold: 2}}
	for _, f := range change {
		f(c)
	}
	return New(b.host, &subject{b, name}, *c)
}

// TestMonitor shows when checks begin, and what their results lead to.
func TestMonitor(t *testing.T) {
	b := newBench(t)
	m := b.monitor("")
	m.Start(Liveness, b.now)
	b.pass(3 * time.Second)
	b.end(0, 0)
	b.pass(8 * time.Second)
	b.end(0, 1)
	b.expect("1 liveness", "3 liveness: ", "3 liveness is healthy after 1, again false", "11 liveness", "11 liveness: exit status 1")
	b.pass(10 * time.Second)
	b.pass(5 * time.Second) // it does not end
	b.expect("21 liveness", "26 killed", "26 liveness: timed out after 5 seconds", "26 liveness is unhealthy after 2, again false")
	if health, kind, text := m.Health(); health != Unhealthy || kind != Liveness || text != "timed out after 5 seconds" {
		t.Error(health, kind, text)
	}
	b.pass(5 * time.Second) // it survives SIGKILL
	b.expect("31 liveness: previous check still runs")
	b.end(0, 9)
	b.pass(10 * time.Second)
	b.end(0, 0)
	b.expect("41 liveness", "41 liveness: ", "41 liveness is healthy after 1, again true")
}

// TestLateCheckDelaysTheNext has a check that takes longer than its period.
func TestLateCheckDelaysTheNext(t *testing.T) {
	b := newBench(t)
	m := b.monitor("", func(c *config.HealthChecks) { c.Liveness.Period = 2 * time.Second })
	m.Start(Liveness, b.now)
	b.pass(4 * time.Second)
	b.end(0, 0)
	b.pass(0)
	b.expect("1 liveness", "4 liveness: ", "4 liveness is healthy after 1, again false", "4 liveness")
}

// TestStop stops a monitor while a check is in progress: it is killed, counts for nothing, and the counters begin anew.
func TestStop(t *testing.T) {
	b := newBench(t)
	m := b.monitor("", func(c *config.HealthChecks) {
		c.Readiness = new(*c.Liveness)
		c.Readiness.InitialDelay = 0
	})
	m.Start(Liveness, b.now)
	m.Start(Readiness, b.now)
	b.pass(0)
	b.end(0, 0)
	b.pass(2 * time.Second)
	m.Stop(b.now)
	if health, _, _ := m.Health(); health != Unknown || m.Running() {
		t.Error(health, m.Running())
	}
	b.end(0, 1)
	b.pass(time.Hour)
	b.expect("0 readiness", "0 readiness: ", "0 readiness is healthy after 1, again false", "1 liveness", "2 killed")
	if b.host.commands.taken != 0 {
		t.Errorf("%d places are taken", b.host.commands.taken)
	}
}

// TestPlaces has more commands than may run at once: the others wait, their time begins when they start, and one that is
// stopped while it waits never does.
func TestPlaces(t *testing.T) {
	b := newBench(t)
	b.host.commands.Max = 2
	var monitors []*Monitor
	for i := range 5 {
		m := b.monitor(fmt.Sprintf("%d ", i))
		m.Start(Liveness, b.now)
		monitors = append(monitors, m)
		b.now = b.now.Add(time.Millisecond) // so that they begin in this order
	}
	b.now = b.began
	b.pass(2 * time.Second)
	started := func() (names string) {
		for _, e := range b.events {
			if strings.HasSuffix(e, "liveness") {
				names += strings.Fields(e)[1]
			}
		}
		b.events = nil
		return names
	}
	if got := started(); got != "01" {
		t.Errorf("started at first: %s", got)
	}
	monitors[2].Stop(b.now)
	b.end(0, 0)
	b.end(2, 0) // the first of all
	if got := started(); got != "34" {
		t.Errorf("then: %s", got)
	}
	b.pass(4900 * time.Millisecond)
	if len(b.events) > 0 {
		t.Errorf("the wait counts: %v", b.events)
	}
	b.end(0, 0)
	b.end(1, 0)
	if p := b.host.commands; p.taken != 0 || len(p.waiting) != 0 {
		t.Errorf("%d places are taken, %d wait", p.taken, len(p.waiting))
	}
}

// TestRunAll runs both checks once, which counts for nothing, and then again while the process stops.
func TestRunAll(t *testing.T) {
	b := newBench(t)
	m := b.monitor("", func(c *config.HealthChecks) { c.Readiness = new(*c.Liveness) })
	var got []string
	done := func(results []Result) {
		for _, r := range results {
			got = append(got, fmt.Sprintf("%v: %s", r.Kind, r.Text))
		}
	}
	m.RunAll(done, b.now)
	b.end(0, 0)
	b.end(0, 3)
	m.RunAll(done, b.now)
	b.end(0, 0)
	m.Stop(b.now)
	b.end(0, 0)
	want := []string{"liveness: ", "readiness: exit status 3", "liveness: ", "readiness: the process is not running any more"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("results (-want +got):\n%s", d)
	}
	b.expect("0 liveness", "0 readiness", "0 liveness", "0 readiness", "0 killed")
}

// TestProbesLeaveNothing stops probes that are in progress, of which only some have a place.
//
// covers: L3-j L3-k
func TestProbesLeaveNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for { // it accepts, and never answers
			if _, err := l.Accept(); err != nil {
				return
			}
		}
	}()
	b := newBench(t)
	goroutines := runtime.NumGoroutine()
	var monitors []*Monitor
	for range 200 {
		m := b.monitor("", func(c *config.HealthChecks) {
			c.Liveness.Script = *script(t, "http://"+l.Addr().String())
			c.Liveness.InitialDelay = 0
		})
		m.Start(Liveness, b.now)
		monitors = append(monitors, m)
	}
	b.pass(0)
	most := b.host.probes.Max
	if p := b.host.probes; p.taken != most || len(p.waiting) != 200-most {
		t.Errorf("%d in progress, %d wait", p.taken, len(p.waiting))
	}
	if n := runtime.NumGoroutine() - goroutines; n > 5*most {
		t.Errorf("%d goroutines", n)
	}
	for _, m := range monitors {
		m.Stop(b.now)
	}
	for range most {
		(<-b.sent)(b.now)
	}
	if p := b.host.probes; p.taken != 0 || len(p.waiting) != 0 {
		t.Errorf("%d in progress, %d wait", p.taken, len(p.waiting))
	}
	late := time.After(20 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for runtime.NumGoroutine() > goroutines {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), goroutines)
		}
	}
	if len(b.events) > 0 {
		t.Errorf("results of cancelled probes: %v", b.events)
	}
}
