package supervisor

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
)

// change reads another configuration and does what a minimal update does about groups that stay, but members. It returns the actions,
// such as "change web (stopwaitsecs)".
func (s *fixture) change(o UpdateOptions, text string) string {
	s.t.Helper()
	o.Minimal = true
	s.Reread(readPrograms(s.t, text))
	plan := s.Plan(s.Config(), o)
	got := shown(plan)
	for _, g := range plan.Changed {
		s.ChangeGroup(g, PreparedGroup{}, s.now)
		for _, p := range g.Processes {
			switch p.Action {
			case api.UpdateRestart:
				p.Process.Update(s.now)
			case api.UpdateStart:
				p.Process.Start(s.now)
			}
		}
	}
	s.settle()
	if again := shown(s.Plan(s.Config(), o)); again != "" {
		s.t.Errorf("left: %s", again)
	}
	return got
}

func shown(plan Plan) string {
	var list []string
	for _, a := range plan.Actions() {
		text := a.Action + " " + a.Group
		if a.Process != "" {
			text += ":" + a.Process
		}
		if a.Keys != "" {
			text += " (" + a.Keys + ")"
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

// expectStale compares what a process shows as stale.
func (s *fixture) expectStale(name, want string) {
	s.t.Helper()
	p := s.p(name)
	if got := p.Stale(); got != want {
		s.t.Errorf("%s: stale %q, not %q", name, got, want)
	}
	if more := p.Info(s.now).More; want != "" && (more == nil || more.Stale != want) {
		s.t.Errorf("%s: member %+v, not %q", name, more, want)
	}
}

// equal compares two texts.
func (s *fixture) equal(what, got, want string) {
	s.t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		s.t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// TestChangeInPlace changes how programs are stopped and restarted: the next stop and the next exit follow the new values, and a stop that
// has begun the old ones.
// covers: L9-b L9-c
func TestChangeInPlace(t *testing.T) {
	s := newRunning(t, "a stopwaitsecs=10\nb stopwaitsecs=10")
	s.p("a").Stop(s.now)
	s.equal("actions", s.change(UpdateOptions{}, "a stopwaitsecs=30 autorestart=true\nb stopwaitsecs=30 autorestart=true"),
		"change a (autorestart, stopwaitsecs), change b (autorestart, stopwaitsecs)")
	s.expectStale("a", "autorestart, stopwaitsecs")
	s.expectStale("b", "")
	s.pass(11 * time.Second)
	s.equal("signals", strings.Join(s.signals, ", "), "TERM a, KILL a")
	s.ends("a")
	s.expectStale("a", "")
	s.exit("b", code(0))
	s.pass(time.Minute)
	s.is("a STOPPED, b RUNNING")
	s.p("a").Start(s.now)
	s.pass(time.Minute)
	s.signals = nil
	s.p("a").Stop(s.now)
	s.pass(29 * time.Second)
	s.equal("signals", strings.Join(s.signals, ", "), "TERM a")
	s.pass(2 * time.Second)
	s.equal("signals", strings.Join(s.signals, ", "), "TERM a, KILL a")
}

// TestChangeRestarts changes a command: what runs is restarted, what does not run has the new one, and what has failed is started.
// covers: L9-a L9-d
func TestChangeRestarts(t *testing.T) {
	const before = "a\nb\nc autostart=false\nd startretries=0"
	s := newFixture(t, before)
	s.exit("d", code(1))
	s.pass(time.Minute)
	s.is("a RUNNING, b RUNNING, c STOPPED, d FATAL")
	s.lines()
	s.took("+a, +b, +d")
	changed := "a command=/bin/ls priority=5\nb\nc autostart=false command=/bin/ls\nd startretries=0 command=/bin/ls"
	s.equal("actions", s.change(UpdateOptions{}, changed),
		"change a (priority), restart a:a (command), change c (command), change d (command), start d:d")
	s.proceed()
	s.took("TERM a, +d, -a, +a")
	s.is("a RUNNING, b RUNNING, c STOPPED, d RUNNING")
	if got := s.Groups()[0].Name(); got != "a" || s.p("a").GroupPriority != 5 {
		t.Errorf("the first group is %s", got)
	}
	for _, name := range []string{"a", "c", "d"} {
		s.equal("command", s.p(name).Config.Run.Command, "/bin/ls")
	}
	if got := s.p("a").Info(s.now).More.Reason; got != "update (command)" {
		t.Errorf("reason %q", got)
	}
}

// TestChangeLater changes a command without a restart: the process has it from its next start, however it comes about. A second change
// back to what runs leaves nothing.
// covers: L9-e
func TestChangeLater(t *testing.T) {
	s := newRunning(t, "a autorestart=true\nb")
	later := UpdateOptions{NoRestart: true}
	s.equal("actions", s.change(later, "a autorestart=true command=/bin/ls directory=/ stopwaitsecs=3\nb command=/bin/ls"),
		"change a (stopwaitsecs), later a:a (directory, command), later b:b (command)")
	s.took("")
	s.expectStale("a", "directory, command")
	s.expectStale("b", "command")
	s.equal("command of a", s.p("a").Config.Run.Command, "/bin/sh")
	s.equal("command of b", s.p("b").Config.Run.Command, "/bin/sh")
	if got := s.p("a").Config.Stop.WaitSecs; got != 3 {
		t.Errorf("stopwaitsecs %d", got)
	}
	s.exit("a", by(syscall.SIGKILL))
	s.took("+a")
	s.expectStale("a", "")
	s.equal("command of a", s.p("a").Config.Run.Command, "/bin/ls")
	s.equal("actions", s.change(UpdateOptions{}, "a autorestart=true command=/bin/ls directory=/ stopwaitsecs=3\nb"), "change b (command)")
	s.expectStale("b", "")
	s.took("")
}

// TestChangeQueue changes the command of a program of three processes: one at a time is down, and after a failure the others go on with
// the old one.
func TestChangeQueue(t *testing.T) {
	const pool = "p numprocs=3 process_name=p%(process_num)d startretries=0"
	s := newRunning(t, pool)
	s.equal("actions", s.change(UpdateOptions{}, pool+" command=/bin/ls"), "restart p:p0 (command), restart p:p1 (command), restart p:p2 (command)")
	s.took("TERM p0")
	if s.p("p0").Queued() || !s.p("p1").Queued() || !s.p("p2").Queued() {
		t.Error("wrong processes wait")
	}
	s.ends("p0")
	s.pass(2 * time.Second)
	s.took("-p0, +p0, TERM p1")
	waits := s.p("p2").Changed()
	s.ends("p1")
	s.exit("p1", code(1))
	s.pass(time.Minute)
	s.took("-p1, +p1")
	select {
	case <-waits:
	default:
		t.Error("a request that waits for p2 is not woken")
	}
	s.is("p0 RUNNING, p1 FATAL, p2 RUNNING")
	s.expectStale("p2", "command")
	if s.p("p2").Queued() {
		t.Error("p2 waits")
	}
}

// TestChangeGates changes dependencies: what runs goes on, and the next automatic start follows the new ones.
func TestChangeGates(t *testing.T) {
	s := newFixture(t, "db autostart=false\nweb depends_on=db\nlog")
	s.pass(time.Minute)
	s.is("db STOPPED, web STOPPED (db:running), log RUNNING")
	s.equal("actions", s.change(UpdateOptions{}, "db autostart=false\nweb\nlog depends_on=db dependency_loss=stop"),
		"change log (depends_on, dependency_loss), change web (depends_on)")
	s.pass(time.Minute)
	s.is("db STOPPED, web RUNNING, log RUNNING")
	s.start("db")
	s.pass(time.Minute)
	s.stop("db")
	s.proceed()
	s.is("db STOPPED, web RUNNING, log STOPPED (db:running)")
	s.equal("actions", s.change(UpdateOptions{}, "db autostart=false\nweb\nlog"), "change log (depends_on, dependency_loss)")
	s.pass(time.Minute)
	s.is("db STOPPED, log RUNNING")
	s.left()
}

// TestChangeWatches changes checks, watchdogs and hooks of what runs.
func TestChangeWatches(t *testing.T) {
	s := newRunning(t, "a watchdog=100 watchdog_signal=USR1\nb\nc watchdog=100 liveness_check_script=/bin/true")
	s.equal("actions", s.change(UpdateOptions{}, "a watchdog=300 watchdog_signal=USR2\nb watchdog=30 post_stop_hook=/bin/true\nc"),
		"change a (watchdog, watchdog_signal), change b (post_stop_hook), restart b:b (watchdog), change c (watchdog, liveness_check_script)")
	s.took("TERM b")
	s.signals = nil
	s.pass(299 * time.Second)
	s.is("a RUNNING, c RUNNING")
	s.pass(2 * time.Second)
	if !slices.Contains(s.signals, "USR2 a") {
		t.Errorf("signals: %v", s.signals)
	}
	s.is("a STOPPING, c RUNNING")
	if h := s.p("c").Info(s.now).More.Health; h != "" {
		t.Errorf("c is %s", h)
	}
}

// TestPlanOfMembers shows what an update would do about processes that come and go, about groups, and what it would replace.
func TestPlanOfMembers(t *testing.T) {
	const before = "p numprocs=2 process_name=p%(process_num)d\na\nold"
	s := newRunning(t, before)
	cfg := readPrograms(t, "p numprocs=3 process_name=p%(process_num)d numprocs_start=1 stopwaitsecs=3\na command=/bin/ls stopwaitsecs=3\nnew")
	for _, c := range []struct {
		options UpdateOptions
		want    string
	}{
		{UpdateOptions{}, "remove old, replace a (stopwaitsecs, command), replace p (stopwaitsecs, numprocs), add new"},
		{UpdateOptions{Minimal: true}, "remove old, remove p:p0, change a (stopwaitsecs), restart a:a (command), change p (stopwaitsecs), " +
			"add p:p2, add p:p3, add new"},
		{UpdateOptions{NoRestart: true, Groups: []string{"a", "none", "none"}}, "none none, change a (stopwaitsecs), later a:a (command)"},
	} {
		s.equal("plan", shown(s.Plan(cfg, c.options)), c.want)
	}
	s.took("")
	if diff := config.Compare(s.inOrder(), s.Config().Groups); len(diff.Changed)+len(diff.Added)+len(diff.Removed) > 0 {
		t.Errorf("a plan changes what is active: %+v", diff)
	}
}
