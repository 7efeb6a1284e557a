package supervisor

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/proc"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/statefile"
)

// job is a program that is started by a schedule, as the reader of the configuration makes it.
func job(t *testing.T, name, cron string, change ...func(p *config.Process)) *config.Group {
	t.Helper()
	return program(name, append([]func(*config.Process){func(p *config.Process) {
		p.Extra = readExtra(t, "cron=@hourly")
		p.Extra.Timing.Cron = cron
		p.Start, p.Exit.Restart = config.Start{}, config.RestartNever
	}}, change...)...)
}

func overlap(how string) func(*config.Process) {
	return func(p *config.Process) { p.Extra.Timing.Overlap = how }
}

// toSecond lets time go by until a second begins on the wall clock.
func (w *world) toSecond() {
	w.settle()
	w.now = w.now.Add(time.Second - time.Duration(w.now.Nanosecond()) - time.Millisecond)
	w.settle()
	w.started = nil
	w.lines()
}

// covers: L7-c
// TestOverlap has a job of two seconds and a half that is started every second.
func TestOverlap(t *testing.T) {
	for how, want := range map[string][]string{
		config.OverlapSkip:    {"0s", "3s"},
		config.OverlapQueue:   {"0s", "2.5s", "5s"},
		config.OverlapRestart: {"0s", "1s", "2s", "3s", "4s", "5s"},
	} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t, job(t, "a", "* * * * * *", overlap(how)))
			w.toSecond()
			begin := w.now.Add(time.Millisecond)
			var starts []string
			var begun time.Time // of the run that goes on; zero: there is none
			for w.now.Before(begin.Add(5900 * time.Millisecond)) {
				switch state := w.process("a").State(); {
				case state == api.Stopping:
					w.exit("a", by(syscall.SIGTERM))
					begun = time.Time{}
				case !begun.IsZero() && w.now.Sub(begun) >= 2500*time.Millisecond:
					begun = time.Time{}
					w.exit("a", code(0))
				default:
					w.pass(time.Millisecond)
				}
				if w.started != nil {
					begun, w.started = w.now, nil
					starts = append(starts, w.now.Sub(begin).Round(100*time.Millisecond).String())
				}
			}
			if d := cmp.Diff(want, starts); d != "" {
				t.Errorf("starts (-want +got):\n%s\n%s", d, w.log.String())
			}
		})
	}
}

// TestScheduleLog shows what is logged about a time that comes at each moment of a run, and that a request takes a start back.
func TestScheduleLog(t *testing.T) {
	w := newWorld(t, job(t, "skip", "* * * * * *"), job(t, "queue", "* * * * * *", overlap(config.OverlapQueue), priority(5)))
	w.toSecond()
	w.pass(500 * time.Millisecond)
	w.expect("INFO queue starts by its schedule", "INFO spawned: 'queue' with pid PID",
		"INFO success: queue entered RUNNING state, process has stayed up for > than 0 seconds (startsecs)",
		"INFO skip starts by its schedule", "INFO spawned: 'skip' with pid PID",
		"INFO success: skip entered RUNNING state, process has stayed up for > than 0 seconds (startsecs)")
	w.pass(2 * time.Second)
	w.expect("INFO queue will be started by its schedule when it has ended: it is RUNNING",
		"INFO skip was not started by its schedule: it is RUNNING", "INFO skip was not started by its schedule: it is RUNNING")
	w.process("queue").Stop(w.now)
	w.exit("queue", by(syscall.SIGTERM))
	w.pass(time.Millisecond)
	if s := w.process("queue").State(); s != api.Stopped {
		t.Errorf("after a stop: %v", s)
	}
	w.pass(time.Second)
	if s := w.process("queue").State(); s != api.Running {
		t.Errorf("the schedule does not go on: %v", s)
	}
}

// TestPassed sets the clock over a time: it is made up for only with cron_catchup.
func TestPassed(t *testing.T) {
	w := newWorld(t, job(t, "a", "@hourly"), job(t, "b", "@hourly", func(p *config.Process) { p.Extra.Timing.CatchUp = true }),
		program("c", func(p *config.Process) { p.Extra = readExtra(t, "restart_cron=@hourly") }))
	w.settle()
	w.pass(2 * time.Second)
	hour := w.now.Truncate(time.Hour).Add(time.Hour)
	w.lines()
	w.now = jump(w.now, hour.Add(90*time.Minute).Sub(w.now.Round(0)).Truncate(time.Second))
	w.schedules.clockSet(w.now)
	w.settle()
	got, at := strings.Join(w.lines("INFO"), "\n"), hour.Format(time.DateTime)
	for _, want := range []string{"INFO a was not started by its schedule: its time, " + at + ", has passed", "INFO b starts by its schedule, whose time was " + at,
		"INFO c was not restarted by its schedule: its time, " + at + ", has passed"} {
		if strings.Count(got, want) != 1 {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if a, b := w.process("a").State(), w.process("b").State(); a != api.Stopped || b != api.Running {
		t.Errorf("a is %v, b is %v", a, b)
	}
}

// covers: L7-f
// TestNotTwice sets the clock back after a run.
func TestNotTwice(t *testing.T) {
	at := time.Now().Add(30 * time.Minute)
	w := newWorld(t, job(t, "a", fmt.Sprintf("%d %d * * *", at.Minute(), at.Hour())))
	w.settle()
	w.pass(31 * time.Minute)
	w.exit("a", code(0))
	w.started = nil
	w.now = jump(w.now, -time.Hour)
	w.schedules.clockSet(w.now)
	w.pass(23 * time.Hour)
	if w.started != nil {
		t.Errorf("started %v", w.started)
	}
	w.pass(3 * time.Hour)
	if d := cmp.Diff([]string{"a"}, w.started); d != "" {
		t.Errorf("a day later (-want +got):\n%s", d)
	}
}

// TestScheduleAndDependencies skips a time at which a dependency is not met.
func TestScheduleAndDependencies(t *testing.T) {
	s := newFixture(t, "db autostart=false\nweb cron=@every\t1s depends_on=db")
	s.pass(1100 * time.Millisecond)
	s.expect("WARN web was not started by its schedule: waits for db:running")
	db := s.named("db")[0]
	db.Start(s.now)
	s.pass(2 * time.Second)
	if web := s.named("web")[0]; web.State() != api.Running {
		t.Errorf("web is %v", web.State())
	}
}

// covers: L7-j
// TestRestartSchedule restarts what runs, and nothing else.
func TestRestartSchedule(t *testing.T) {
	w := newWorld(t, program("a", func(p *config.Process) { p.Extra = readExtra(t, "restart_cron=@hourly") }),
		program("b", func(p *config.Process) { p.Extra = readExtra(t, "restart_cron=@hourly") }))
	w.settle()
	w.pass(2 * time.Second)
	w.process("b").Stop(w.now)
	w.exit("b", by(syscall.SIGTERM))
	w.lines()
	w.started = nil
	for w.process("a").State() == api.Running {
		w.pass(time.Second)
	}
	w.exit("a", by(syscall.SIGTERM))
	w.pass(2 * time.Second)
	if d := cmp.Diff([]string{"a"}, w.started); d != "" || w.process("b").State() != api.Stopped {
		t.Errorf("b is %v; started (-want +got):\n%s", w.process("b").State(), d)
	}
	if m := w.process("a").Info(w.now).More; m.Reason != "schedule" || m.NextStart != nil {
		t.Errorf("%+v", m)
	}
	w.expect("INFO restarting a: schedule", "WARN stopped: a (terminated by SIGTERM)", "INFO spawned: 'a' with pid PID",
		"INFO success: a entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)")
}

// covers: L7-l
// TestSchedulesSleep has a thousand programs whose next time is far: nothing wakes the loop, and one deadline serves all.
func TestSchedulesSleep(t *testing.T) {
	far := time.Now().Add(12 * time.Hour)
	extra := readExtra(t, "cron=@hourly")
	extra.Timing.Cron = fmt.Sprintf("%d %d * * *", far.Minute(), far.Hour())
	g := &config.Group{Name: "g"}
	for i := range 1000 {
		g.Processes = append(g.Processes, program(fmt.Sprintf("p%d", i), func(p *config.Process) {
			p.Extra, p.Start.Auto = extra, false
		}).Processes...)
	}
	w := newWorld(t, g)
	w.pass(time.Second)
	if wait := w.timers.Next().Sub(w.now); wallclockIsWatched(w) && wait < 11*time.Hour {
		t.Errorf("the loop wakes in %v", wait)
	}
	for _, p := range w.Processes() {
		if m := p.Info(w.now).More; m.NextStart == nil || int64(*m.NextStart) != far.Truncate(time.Minute).Unix() || m.NextStartReason != "schedule" {
			t.Fatalf("%s: %+v", p.Name(), m)
		}
	}
	w.pass(13 * time.Hour)
	if len(w.started) != 1000 {
		t.Errorf("%d of 1000 were started", len(w.started))
	}
}

// wallclockIsWatched reports whether the system reports that its clock was set.
func wallclockIsWatched(w *world) bool { return w.schedules.unwatch != nil }

// TestClockIsLookedAt has a system that does not report that its clock was set: it is looked at every minute.
func TestClockIsLookedAt(t *testing.T) {
	w := newWorld(t, job(t, "a", "@hourly"))
	w.schedule(&w.schedules.look, w.now.Add(lookInterval))
	w.settle()
	if wallclockIsWatched(w) {
		t.Fatal("the clock is watched, too")
	}
	hour := w.now.Truncate(time.Hour).Add(time.Hour)
	w.now = jump(w.now, hour.Sub(w.now.Round(0)).Truncate(time.Second))
	w.pass(lookInterval)
	if d := cmp.Diff([]string{"a"}, w.started); d != "" {
		t.Errorf("started (-want +got):\n%s", d)
	}
}

// TestSchedulesEnd shows that a shutdown and the removal of a group end schedules.
func TestSchedulesEnd(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(w *world)
	}{
		{"shutdown", func(w *world) { w.Shutdown(); w.stopGroups(w.now) }},
		{"removal", func(w *world) { w.RemoveGroup(w.Group("a")); w.RemoveGroup(w.Group("b")) }},
		{"removal of a process", func(w *world) {
			w.RemoveProcess(w.Group("a"), w.process("a"))
			w.RemoveGroup(w.Group("b"))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, job(t, "a", "* * * * *"), job(t, "b", "* * * * *"))
			w.settle()
			c.end(w)
			w.pass(time.Hour)
			if w.schedules != nil || w.started != nil {
				t.Errorf("left %v, started %v", w.schedules, w.started)
			}
		})
	}
}

// TestScheduleHandover hands over a time that has come and was not done.
func TestScheduleHandover(t *testing.T) {
	groups := []*config.Group{job(t, "a", "@hourly"), job(t, "b", "@hourly", priority(5))}
	w := newWorld(t, groups...)
	w.pass(time.Second)
	w.now = w.timers.Next()
	w.work(w.now) // b is started
	state := w.schedules.export()
	if d := cmp.Diff([]ArrivalState{{Process: "a:a"}}, state, cmp.Transformer("late", func(a ArrivalState) string { return a.Process })); d != "" {
		t.Fatalf("-want +got:\n%s", d)
	}
	other := newWorld(t, groups...)
	other.imported = &imported{named: map[string]*process.Process{"a:a": other.process("a")}}
	other.schedules.restore(state)
	other.pass(time.Second)
	if d := cmp.Diff([]string{"a"}, other.started); d != "" {
		t.Errorf("started (-want +got):\n%s", d)
	}
}

// covers: L7-g
// TestCatchUp makes a process whose time has passed while supervisord did not run.
func TestCatchUp(t *testing.T) {
	catchUp := func(p *config.Process) { p.Extra.Timing.CatchUp = true }
	for _, c := range []struct {
		name  string
		group *config.Group
		since time.Duration // from the last time that was noted; 0: none was
		want  []string
	}{
		{"passed", job(t, "a", "@hourly", catchUp), 10 * time.Hour, []string{"a"}},
		{"not passed", job(t, "a", "@yearly", catchUp), time.Second, nil},
		{"new", job(t, "a", "@hourly", catchUp), 0, nil},
		{"without the key", job(t, "a", "@hourly"), 10 * time.Hour, nil},
		{"disabled", job(t, "a", "@hourly", catchUp), 10 * time.Hour, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			change := statefile.Change{}
			if c.since > 0 {
				change.Ran = map[string]time.Time{"a": w.now.Add(-c.since)}
			}
			if c.name == "disabled" {
				change.Disable = []string{"a"}
			}
			if err := <-w.options.Kept.Apply(change); err != nil {
				t.Fatal(err)
			}
			held := make(chan struct{})
			w.clear = held
			if err := w.AddGroup(PrepareGroup(c.group)); err != nil {
				t.Fatal(err)
			}
			w.pass(time.Second)
			if w.started != nil {
				t.Errorf("started before the children of the supervisord before have ended: %v", w.started)
			}
			close(held)
			w.timer = time.NewTimer(time.Hour)
			w.receive(true)
			w.pass(time.Second)
			if d := cmp.Diff(c.want, w.started); d != "" {
				t.Errorf("started (-want +got):\n%s", d)
			}
			if ran := w.options.Kept.Data().Cron["a"]; c.name != "without the key" && w.now.Sub(ran) > time.Minute {
				t.Errorf("noted: %v", ran)
			}
		})
	}
}

// TestScheduleOfDisabled skips the times of a program that is disabled, and shows none.
func TestScheduleOfDisabled(t *testing.T) {
	w := newWorld(t, job(t, "a", "@every 1s"))
	w.pass(time.Millisecond)
	if err := <-w.options.Kept.Apply(statefile.Change{Disable: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	w.UpdateDisabled("a", "a", w.now)
	w.pass(10 * time.Second)
	if more := w.process("a").Info(w.now).More; w.started != nil || more.NextStart != nil {
		t.Errorf("started %v, %+v", w.started, more)
	}
	if err := <-w.options.Kept.Apply(statefile.Change{Enable: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	w.UpdateDisabled("a", "a", w.now)
	w.pass(2 * time.Second)
	if w.process("a").State() != api.Running {
		t.Error("the schedule does not go on")
	}
}

// TestScheduleChanges gives a process other keys while it runs.
func TestScheduleChanges(t *testing.T) {
	w := newWorld(t, job(t, "a", "0 0 1 1 *"))
	w.pass(time.Second)
	p := w.process("a")
	change := func(cron string) {
		to := job(t, "a", cron).Processes[0]
		if cron == "" {
			to.Extra = nil
		}
		p.Reconfigure(to, w.now)
	}
	change("@every 1s")
	w.pass(2 * time.Second)
	if p.State() != api.Running {
		t.Fatalf("%v", p.State())
	}
	w.exit("a", code(0))
	change("")
	w.started = nil
	w.pass(time.Hour)
	if w.started != nil || w.schedules != nil {
		t.Errorf("started %v, left %v", w.started, w.schedules)
	}
	change("@every 1s")
	w.pass(2 * time.Second)
	if p.State() != api.Running {
		t.Errorf("%v", p.State())
	}
}

// TestBounds restarts a process for its age, counts memory, and changes both while it runs.
func TestBounds(t *testing.T) {
	w := newWorld(t, program("a", func(p *config.Process) { p.Extra = readExtra(t, "maxage=1h maxmemory=100MB maxmemory_interval=10") }))
	used := int64(50 << 20)
	w.shared.Measure = func(targets []proc.Target) (map[int]int64, error) {
		if used < 0 {
			return nil, errors.New("no /proc")
		}
		return map[int]int64{targets[0].PID: used}, nil
	}
	look := func() {
		t.Helper()
		w.pass(10 * time.Second)
		select {
		case f := <-w.results:
			f(w.now)
		case <-time.After(10 * time.Second):
			t.Fatalf("no look at %v", w.timers.Next().Sub(w.now))
		}
		w.settle()
	}
	p := w.process("a")
	w.settle()
	w.pass(2 * time.Second)
	w.lines()
	look()
	used = -1
	look()
	look()
	used = 210 << 20
	look()
	w.expect("WARN the memory of a cannot be measured: no /proc", "WARN a uses 210 MB, more than maxmemory=100MB", "INFO restarting a: memory (210 MB)")
	w.exit("a", by(syscall.SIGTERM))
	w.pass(2 * time.Second)
	w.lines()
	to := *p.Config
	to.Extra = readExtra(t, "maxage=30m maxage_jitter=1m")
	p.Reconfigure(&to, w.now)
	w.pass(29 * time.Minute)
	if p.State() != api.Running {
		t.Errorf("before its age: %v", p.State())
	}
	for i := 0; p.State() == api.Running && i < 120; i++ {
		w.pass(time.Second)
	}
	w.expect("INFO restarting a: age")
	w.exit("a", by(syscall.SIGTERM))
	w.pass(2 * time.Second)
	none := to
	none.Extra = nil
	p.Reconfigure(&none, w.now)
	w.pass(24 * time.Hour)
	if p.State() != api.Running || w.timers.Next() != (time.Time{}) {
		t.Errorf("%v, a deadline %v", p.State(), w.timers.Next())
	}
}
