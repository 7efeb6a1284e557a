package supervisor

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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
	"github.com/gosupervisor/supervisor/internal/orphans"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/signame"
)

// world is a Supervisor whose children are numbers and whose clock is a field: the tests do what the loop does, a step at
// a time, so that hours of waiting take no time.
type world struct {
	*Loop
	t       *testing.T
	now     time.Time
	log     bytes.Buffer
	started []string       // in order
	signals []string       // sent, in order: "TERM a", with "group" behind it for a process group
	trace   []string       // starts ("+a") and signals, in order
	fail    error          // what a start fails with
	refuse  error          // what a signal fails with
	lastPID int            // of the children so far
	pidOf   map[string]int // of the last child of each process
}

// newWorld makes a world with these groups; nothing has been started yet.
func newWorld(t *testing.T, groups ...*config.Group) *world {
	t.Helper()
	return newWorldOf(t, &config.Config{Groups: groups})
}

// newWorldOf makes a world of a configuration, with other options if they are changed.
func newWorldOf(t *testing.T, cfg *config.Config, change ...func(*Options)) *world {
	t.Helper()
	w := &world{t: t, now: time.Now(), pidOf: map[string]int{}, lastPID: 1 << 30} // far beyond the pids that exist
	o := Options{
		Config: cfg,
		Log:    logs.NewMain(&w.log, api.Debug),
		Start: func(s child.Spec) (int, error) {
			if w.fail != nil {
				return 0, w.fail
			}
			w.lastPID++
			var name, hook string // of a helper, "NAME HOOK" takes the place of the name
			for _, kv := range s.Env {
				if v, ok := strings.CutPrefix(kv, "SUPERVISOR_PROCESS_NAME="); ok {
					name = v
				}
				if v, ok := strings.CutPrefix(kv, "SUPERVISOR_HOOK="); ok {
					hook = " " + v
				}
			}
			w.started, w.trace = append(w.started, name+hook), append(w.trace, "+"+name+hook)
			w.pidOf[name+hook] = w.lastPID
			return w.lastPID, nil
		},
		Signal: func(pid int, sig syscall.Signal, group bool) error {
			c, ok := w.children[pid]
			if !ok {
				return syscall.ESRCH
			}
			name := c.process.Name()
			text := strings.TrimPrefix(signame.Name(sig), "SIG") + " " + name
			if group {
				text += " group"
			}
			w.signals, w.trace = append(w.signals, text), append(w.trace, text)
			return w.refuse
		},
	}
	for _, f := range change {
		f(&o)
	}
	sup, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sup.loop.shared.Pump.Close)
	t.Cleanup(func() {
		if s := sup.loop.schedules; s != nil {
			s.end()
		}
	})
	w.Loop = sup.loop
	return w
}

// program is a group of one program, whose values the test changes.
func program(name string, change ...func(*config.Process)) *config.Group {
	p := &config.Process{ProcessName: name, Run: config.Run{Command: "/bin/sh", Umask: -1}, Program: &config.Program{
		Section: "program:" + name, Name: name, Priority: 999, Start: config.Start{Auto: true, Secs: 1},
		Backoff: config.Backoff{Retries: 3}, Exit: config.Exit{Restart: config.RestartUnexpected, Codes: []int{0}},
		Stop: config.Stop{Signal: syscall.SIGTERM, WaitSecs: 10},
	}}
	for _, f := range change {
		f(p)
	}
	return &config.Group{Name: name, Priority: p.Priority, Processes: []*config.Process{p}}
}

func priority(n int) func(*config.Process) { return func(p *config.Process) { p.Priority = n } }

// settle does all that is due.
func (w *world) settle() {
	for w.due(w.now) {
		w.work(w.now)
	}
}

// pass lets time go by and does what falls due, at the moment it does.
func (w *world) pass(d time.Duration) {
	end := w.now.Add(d)
	for at := w.timers.Next(); !at.IsZero() && !at.After(end); at = w.timers.Next() {
		w.now = w.now.Add(at.Sub(w.now)) // the wall clock may have been set since at was computed
		w.settle()
	}
	w.now = w.now.Add(end.Sub(w.now))
	w.settle()
}

func (w *world) process(name string) *process.Process {
	w.t.Helper()
	p := w.Find(name, name)
	if p == nil {
		w.t.Fatalf("no process %s", name)
	}
	return p
}

// exit ends a child with a wait status.
func (w *world) exit(name string, status syscall.WaitStatus) {
	w.t.Helper()
	pid := w.pidOf[name]
	c, owned := w.children[pid]
	if !owned {
		w.t.Fatalf("%s has no child %d", name, pid)
	}
	p := c.process
	w.reaped(child.Exit{PID: pid, Status: status}, w.now)
	if r, ok := c.owner.(*helper.Run); ok {
		for !r.Over() { // the pump was busy with its pipes; other results may come before
			(<-w.results)(w.now)
		}
		w.settle()
		return
	}
	if p.PID() != 0 { // the pump was busy with its pipes
		(<-w.drained).FinishExit(w.now)
	}
	w.settle()
}

// code is the wait status of an exit.
func code(n int) syscall.WaitStatus { return syscall.WaitStatus(n << 8) }

// by is the wait status of a death by signal.
func by(s syscall.Signal) syscall.WaitStatus { return syscall.WaitStatus(s) }

// lines are what was logged since the last call, without date and with PID for process ids, down to a level.
func (w *world) lines(levels ...string) []string {
	var lines []string
	for line := range strings.Lines(w.log.String()) {
		_, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ",")
		_, rest, _ = strings.Cut(rest, " ")
		if slices.Contains(levels, rest[:4]) {
			lines = append(lines, regexp.MustCompile(`10737\d+`).ReplaceAllString(rest, "PID"))
		}
	}
	w.log.Reset()
	return lines
}

func (w *world) expect(want ...string) {
	w.t.Helper()
	if d := cmp.Diff(want, w.lines("INFO", "WARN", "CRIT", "ERRO")); d != "" {
		w.t.Errorf("log (-want +got):\n%s", d)
	}
}

// TestStates starts a program, lets it exit as expected and not, and stops it.
func TestStates(t *testing.T) {
	w := newWorld(t, program("a"))
	w.settle()
	p := w.process("a")
	if s := p.State(); s != api.Starting {
		t.Fatalf("%v", s)
	}
	w.pass(time.Second)
	w.expect("INFO spawned: 'a' with pid PID",
		"INFO success: a entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)")
	w.pass(time.Minute)
	w.exit("a", code(3))
	w.expect("WARN exited: a (exit status 3; not expected)", "INFO spawned: 'a' with pid PID")
	w.pass(time.Minute)
	w.exit("a", code(0))
	w.pass(time.Hour)
	w.expect("INFO success: a entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)",
		"INFO exited: a (exit status 0; expected)")
	if s := p.State(); s != api.Exited || p.PID() != 0 {
		t.Errorf("%v, pid %d", s, p.PID())
	}
}

// TestGivesUp fails often enough to be FATAL: tries at 0, 1, 3 and 6 seconds.
func TestGivesUp(t *testing.T) {
	w := newWorld(t, program("a"))
	began := w.now
	var tries []time.Duration
	w.settle()
	for w.process("a").State() == api.Starting {
		tries = append(tries, w.now.Sub(began))
		w.exit("a", by(syscall.SIGKILL))
		if wake := w.process("a").Wake(); !wake.IsZero() {
			w.pass(wake.Sub(w.now))
		}
	}
	if d := cmp.Diff([]time.Duration{0, time.Second, 3 * time.Second, 6 * time.Second}, tries); d != "" {
		t.Errorf("tries at (-want +got):\n%s", d)
	}
	info := w.process("a").Info(w.now)
	if info.StateName != "FATAL" || info.Description != "Exited too quickly (process log may have details)" {
		t.Errorf("%+v", info)
	}
	got := w.lines("INFO", "WARN")
	if last := got[len(got)-1]; last != "INFO gave up: a entered FATAL state, too many start retries too quickly" {
		t.Errorf("%q", last)
	}
}

// TestStop shows the stop signal, SIGKILL after stopwaitsecs, and how the exit of a stopped process is logged.
func TestStop(t *testing.T) {
	w := newWorld(t, program("a"))
	w.pass(time.Minute)
	w.lines()
	p := w.process("a")
	p.Stop(w.now)
	if s := p.State(); s != api.Stopping {
		t.Fatalf("%v", s)
	}
	w.pass(10 * time.Second)
	w.exit("a", by(syscall.SIGKILL))
	want := []string{
		"DEBG killing a (pid PID) with signal SIGTERM",
		"WARN killing 'a' (PID) with SIGKILL",
		"DEBG killing a (pid PID) with signal SIGKILL",
		"WARN stopped: a (terminated by SIGKILL)",
	}
	if d := cmp.Diff([]string{"TERM a", "KILL a"}, w.signals); d != "" {
		t.Errorf("signals (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want, w.lines("DEBG", "INFO", "WARN")); d != "" {
		t.Errorf("log (-want +got):\n%s", d)
	}
	w.pass(time.Hour)
	if len(w.started) != 1 || p.State() != api.Stopped {
		t.Errorf("started %v, now %v", w.started, p.State())
	}
}

// TestSignalFails shows a child that is gone already, which needs no signal, and one that cannot be signalled.
func TestSignalFails(t *testing.T) {
	group := func(p *config.Process) {
		p.Stop.AsGroup, p.Stop.KillAsGroup, p.Stop.Signal = true, true, syscall.SIGINT
	}
	w := newWorld(t, program("gone"), program("denied", group))
	w.pass(time.Minute)
	w.lines()
	w.refuse = syscall.ESRCH
	if problem := w.process("gone").Stop(w.now); problem != "" || w.process("gone").State() != api.Stopping {
		t.Errorf("%q, %v", problem, w.process("gone").State())
	}
	w.refuse = syscall.EPERM
	p := w.process("denied")
	problem := p.Stop(w.now)
	if problem != p.SpawnErr() || !strings.HasPrefix(problem, "unknown problem killing denied (") || p.State() != api.Unknown {
		t.Errorf("%q, %q, %v", problem, p.SpawnErr(), p.State())
	}
	if p.Start(w.now) || p.State() != api.Unknown {
		t.Errorf("a process that cannot be signalled was started: %v", p.State())
	}
	if d := cmp.Diff([]string{"TERM gone", "INT denied group"}, w.signals); d != "" {
		t.Errorf("signals (-want +got):\n%s", d)
	}
	want := []string{
		"DEBG killing gone (pid PID) with signal SIGTERM",
		"DEBG unable to signal gone (pid PID), it probably just exited on its own: no such process",
		"DEBG killing denied (pid PID) process group with signal SIGINT",
		"CRIT unknown problem killing denied (PID):operation not permitted",
	}
	if d := cmp.Diff(want, w.lines("DEBG", "INFO", "WARN", "CRIT")); d != "" {
		t.Errorf("log (-want +got):\n%s", d)
	}
	w.exit("denied", by(syscall.SIGINT))
	if p.State() != api.Stopped {
		t.Errorf("after its exit: %v", p.State())
	}
}

// helperChild is the owner of a child that a process starts beside its main one.
type helperChild struct{ exits []child.Exit }

func (h *helperChild) Reaped(e child.Exit, _ time.Time) { h.exits = append(h.exits, e) }

// TestTwoChildren gives a process a second child: each exit reaches its owner once, and the process minds only its own.
func TestTwoChildren(t *testing.T) {
	w := newWorld(t, program("a"))
	w.settle()
	w.pass(time.Minute)
	w.lines()
	p, h := w.process("a"), &helperChild{}
	const pid = 1<<30 + 1000
	w.own(pid, h, p)
	recorded := map[int]string{}
	w.running(func(c orphans.Child) bool { recorded[c.PID] = c.Name; return true })
	if d := cmp.Diff(map[int]string{p.PID(): "a", pid: "a"}, recorded); d != "" {
		t.Errorf("recorded (-want +got):\n%s", d)
	}
	exit := child.Exit{PID: pid, Status: code(3)}
	w.reaped(exit, w.now)
	if len(h.exits) != 1 || h.exits[0] != exit || p.State() != api.Running {
		t.Errorf("the helper got %v, the process is %v", h.exits, p.State())
	}
	w.expect()
	w.reaped(exit, w.now)
	w.expect("INFO reaped unknown pid PID (exit status 3)")
	w.exit("a", code(0))
	if len(h.exits) != 1 || p.State() != api.Exited {
		t.Errorf("the helper got %v, the process is %v", h.exits, p.State())
	}
}

// TestStartsAndDeadlines shows that neither first starts nor deadlines hold the others up: each step of the loop takes one
// of both.
func TestStartsAndDeadlines(t *testing.T) {
	at := func(p *config.Process) { p.Start.Secs = 1 }
	w := newWorld(t, program("a", at), program("b", at), program("c", at))
	w.work(w.now)
	w.now = w.now.Add(time.Second)
	w.work(w.now)
	if d := cmp.Diff([]string{"a", "b"}, w.started); d != "" || w.process("a").State() != api.Running {
		t.Errorf("a is %v, started (-want +got):\n%s", w.process("a").State(), d)
	}
}

// TestSpawnErrors shows the words for starts that give no child, and that nothing of them stays open. Those for which the
// system had no resources are repeated beyond startretries, until it has.
// covers: SEC-27
func TestSpawnErrors(t *testing.T) {
	dir := t.TempDir()
	plain := dir + "/plain"
	if err := os.WriteFile(plain, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		command, logfile string
		fail             error
		want             string
	}{
		{"", "", nil, "command is empty"},
		{`sh -c "open`, "", nil, `can't parse command: No closing quotation`},
		{"/no/such arg", "", nil, "can't find command '/no/such'"},
		{"nosuchcommand", "", nil, "can't find command 'nosuchcommand'"},
		{dir, "", nil, "command at '" + dir + "' is a directory"},
		{plain, "", nil, "command at '" + plain + "' is not executable"},
		{"/bin/sh", dir, nil, "unknown error making dispatchers for 'a': EISDIR"},
		{"/bin/sh", dir + "/no/log", nil, "unknown error making dispatchers for 'a': ENOENT"},
		{"/bin/sh", "", syscall.EAGAIN, "Too many processes in process table to spawn 'a'"},
		{"/bin/sh", "", syscall.EMFILE, "too many open files to spawn 'a'"},
		{"/bin/sh", "", syscall.ENOMEM, "unknown error during fork for 'a': ENOMEM"},
	} {
		w := newWorld(t, program("a", func(p *config.Process) {
			p.Run.Command, p.Backoff.Retries = c.command, 0
			if c.logfile != "" {
				p.Out.Log = config.Log{Kind: config.LogFile, Path: c.logfile}
			}
		}))
		w.fail = c.fail
		before := open(t)
		w.settle()
		if !settled(func() int { return open(t) }, before) {
			t.Errorf("%s: %d descriptors, %d before", c.want, open(t), before)
		}
		want, state := []string{"INFO spawnerr: " + c.want}, "BACKOFF"
		if c.fail == nil {
			want, state = append(want, "INFO gave up: a entered FATAL state, too many start retries too quickly"), "FATAL"
		}
		w.expect(want...)
		if info := w.process("a").Info(w.now); info.SpawnErr != c.want || info.StateName != state {
			t.Errorf("%+v", info)
		}
		for range 3 {
			if c.fail != nil {
				w.now = w.process("a").Wake()
				w.settle()
				w.expect(want...)
			}
		}
		w.fail, w.now = nil, w.now.Add(time.Minute)
		w.settle()
		if started := w.process("a").PID() != 0; started != (c.fail != nil) {
			t.Errorf("%s: started %v", c.want, started)
		}
	}
}

// TestShutdownOrder stops one group at a time, the last one first, and starts nothing any more.
func TestShutdownOrder(t *testing.T) {
	failing := func(p *config.Process) { p.Start.Secs, p.Backoff.Retries = 100, 100 }
	w := newWorld(t, program("p1", priority(1)), program("p2", priority(2)), program("q", priority(2), failing),
		program("p3", priority(3)))
	w.settle()
	if d := cmp.Diff([]string{"p1", "p2", "q", "p3"}, w.started); d != "" {
		t.Fatalf("started (-want +got):\n%s", d)
	}
	w.pass(2 * time.Second)
	w.exit("q", code(1))
	w.lines()
	w.Shutdown()
	for _, next := range []string{"p3", "p2", "p1"} {
		if w.stopGroups(w.now) {
			t.Fatalf("over before %s", next)
		}
		if s := w.process(next).State(); s != api.Stopping {
			t.Fatalf("%s: %v", next, s)
		}
		w.pass(2 * time.Second)
		w.exit(next, by(syscall.SIGTERM))
	}
	if !w.stopGroups(w.now) {
		t.Fatal("not over")
	}
	if s := w.process("q").State(); s != api.Fatal {
		t.Errorf("q: %v", s)
	}
	w.expect("INFO waiting for p1, p2, q, p3 to die", "WARN stopped: p3 (terminated by SIGTERM)", "INFO waiting for p1, p2 to die",
		"WARN stopped: p2 (terminated by SIGTERM)", "INFO waiting for p1 to die", "WARN stopped: p1 (terminated by SIGTERM)")
}

// TestNoRestartInShutdown lets a program end during a shutdown before its turn.
func TestNoRestartInShutdown(t *testing.T) {
	always := func(p *config.Process) { p.Exit.Restart = config.RestartAlways }
	w := newWorld(t, program("a", priority(1), always), program("b", priority(2)))
	w.pass(time.Minute)
	w.Shutdown()
	w.stopGroups(w.now)
	w.exit("a", code(0))
	w.pass(time.Hour)
	if d := cmp.Diff([]string{"a", "b"}, w.started); d != "" {
		t.Errorf("started (-want +got):\n%s", d)
	}
}

// TestGroups adds and removes groups while others run.
func TestGroups(t *testing.T) {
	w := newWorld(t, program("b"))
	w.pass(time.Minute)
	if err := w.AddGroup(PrepareGroup(program("a"))); err != nil {
		t.Fatal(err)
	}
	w.settle()
	names := func() (names []string) {
		for _, p := range w.Processes() {
			names = append(names, p.Name())
		}
		return names
	}
	if d := cmp.Diff([]string{"a", "b"}, names()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if w.RemoveGroup(w.Group("a")) {
		t.Error("a group that runs was removed")
	}
	w.process("a").Stop(w.now)
	w.exit("a", by(syscall.SIGTERM))
	if !w.RemoveGroup(w.Group("a")) || w.Group("a") != nil || fmt.Sprint(names()) != "[b]" {
		t.Error("a stopped group was not removed")
	}
}

// TestRemovedBeforeStart removes a group whose first start is still to come.
func TestRemovedBeforeStart(t *testing.T) {
	w := newWorld(t, program("a"))
	if !w.RemoveGroup(w.Group("a")) {
		t.Fatal("not removed")
	}
	w.settle()
	if len(w.started) != 0 {
		t.Errorf("started %v", w.started)
	}
}

// TestAutoLog makes a log of its own for a program, and goes on without one where it cannot be made.
func TestAutoLog(t *testing.T) {
	for dir, problem := range map[string]bool{t.TempDir(): false, t.TempDir() + "/missing": true} {
		w := newWorld(t)
		w.shared.AutoLogDir, w.shared.Identifier = dir, "supervisor"
		err := w.AddGroup(PrepareGroup(program("a", func(p *config.Process) { p.Out.Log.Kind = config.LogAuto })))
		if err != nil {
			t.Fatal(err)
		}
		if logged := strings.Contains(w.log.String(), "CRIT stdout of a is not logged: "); logged != problem {
			t.Errorf("%s: %s", dir, w.log.String())
		}
		if made, _ := filepath.Glob(dir + "/a-stdout---supervisor-*.log"); (len(made) == 1) == problem {
			t.Errorf("%s: %q", dir, made)
		}
	}
}

// TestReserve leaves some descriptors to those who ask what is wrong, unless there are too few or too many to count.
func TestReserve(t *testing.T) {
	for limit, want := range map[uint64]int{0: 0, 127: 0, 128: 95, 1024: 991, 1 << 30: 1<<30 - 33, 1<<30 + 1: 0, 1 << 63: 0} {
		if got := maxFDFor(limit); got != want {
			t.Errorf("of %d descriptors a pipe may have up to %d, not %d", limit, got, want)
		}
	}
}
