package supervisor

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// chain is three programs of which each depends on the next and is stopped with it.
const chain = `
	proxy depends_on=web dependency_loss=stop priority=1
	web depends_on=db dependency_loss=stop priority=2
	db priority=3`

// back is what follows when db of the chain is started again.
const back = ", +db, +web, +proxy"

// inOrder is the restart of a chain whose dependents are stopped first.
const inOrder = "TERM proxy, -proxy, TERM web, -web, TERM db, -db" + back

// TestWays ends a dependency in each way in which that can happen. What depends on it and has dependency_loss=stop is stopped before, but
// for a dependency that hangs, and one that ends by itself or is killed.
//
// covers: L1-recycle L1-restart
func TestWays(t *testing.T) {
	recycle := func(why api.Why) func(*fixture) {
		return func(s *fixture) { s.Recycle(s.p("db"), api.Reason{Why: why}, s.now); s.settle() }
	}
	for _, c := range []struct {
		name, took string
		do         func(*fixture)
	}{
		{"stop and start", inOrder, func(s *fixture) { s.stop("db"); s.stopped("db"); s.start("db") }},
		{"restart", inOrder, func(s *fixture) { s.restart("db") }},
		{"restart of all", inOrder, func(s *fixture) { s.restart("proxy", "web", "db") }},
		{"unhealthy", inOrder, recycle(api.WhyUnhealthy)},
		{"update", inOrder, recycle(api.WhyUpdate)},
		{"memory", inOrder, recycle(api.WhyMemory)},
		{"age", inOrder, recycle(api.WhyAge)},
		{"schedule", inOrder, recycle(api.WhySchedule)},
		{"file", inOrder, recycle(api.WhyFile)},
		{"dependency", inOrder, recycle(api.WhyDependency)},
		{"unhealthy, stop", "TERM proxy, -proxy, TERM web, -web, TERM db, -db", func(s *fixture) {
			s.stopFor(s.p("db"), api.Reason{Why: api.WhyUnhealthy}, s.now)
		}},
		{"watchdog", "TERM db, TERM proxy, -proxy, TERM web, -db, +db, -web, +web, +proxy", func(s *fixture) {
			recycle(api.WhyWatchdog)(s)
			s.ends("proxy")
			s.ends("db")
		}},
		{"kill", "KILL db, TERM proxy, -db, -proxy, TERM web, -web" + back, func(s *fixture) {
			s.p("db").Kill(s.now)
			s.settle()
			s.ends("db")
			s.proceed()
			s.start("db")
		}},
		{"crash", "-db, TERM proxy, -proxy, TERM web, -web" + back, func(s *fixture) {
			s.ends("db")
			s.proceed()
			s.start("db")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newRunning(t, chain)
			c.do(s)
			s.proceed()
			s.took(c.took)
			s.left()
		})
	}
}

// stopped has the children end that are being stopped, until a process has stopped.
func (s *fixture) stopped(name string) {
	s.t.Helper()
	for range 10 {
		for _, p := range s.Processes() {
			if p.State() == api.Stopping {
				s.ends(p.Name())
				break
			}
		}
		if s.p(name).State().IsStopped() {
			return
		}
	}
	s.t.Fatalf("%s is %v", name, s.p(name).State())
}

// TestWaitsToStop shows what clients see of a chain that stops.
func TestWaitsToStop(t *testing.T) {
	s := newRunning(t, chain)
	s.stop("db")
	s.is("proxy STOPPING, web RUNNING (proxy (stopping)), db RUNNING (web (stopping))")
	s.logged("INFO stopping proxy: dependency (web is STOPPING)")
	s.ends("proxy")
	s.is("proxy STOPPED (web:running), web STOPPING, db RUNNING (web (stopping))")
	s.ends("web")
	s.is("proxy STOPPED (web:running), web STOPPED (db:running), db STOPPING")
	s.ends("db")
	s.is("proxy STOPPED (web:running), web STOPPED (db:running), db STOPPED")
	s.left()
	s.pass(time.Hour)
	s.took("TERM proxy, -proxy, TERM web, -web, TERM db, -db")
}

// TestWithdrawn starts what waits to be stopped.
//
// covers: L1-withdrawn
func TestWithdrawn(t *testing.T) {
	s := newRunning(t, chain)
	s.stop("db")
	s.start("db")
	s.is("db RUNNING, web RUNNING, proxy STOPPING")
	if !s.p("db").Gate().Kept || s.p("web").Keep() {
		t.Error("db is not kept, or web was to be stopped")
	}
	s.proceed()
	s.took("TERM proxy, -proxy, +proxy") // its stop had begun
	s.left()
	s.stop("db") // as if nothing had happened
	if s.p("db").Gate().Kept {
		t.Error("db is kept")
	}
	s.proceed()
	s.took("TERM proxy, -proxy, TERM web, -web, TERM db, -db")
	s.left()
}

// TestWithdrawnAtOnce takes a stop back before the loop has done anything else, and shows that dependents with dependency_loss=restart
// have lost nothing.
func TestWithdrawnAtOnce(t *testing.T) {
	s := newRunning(t, chain+"\nother depends_on=db dependency_loss=restart")
	s.BeginStop(s.named("db"), s.now)
	s.StopInTurn(s.p("db"), s.now)
	s.p("db").Keep()
	s.settle()
	s.is("other RUNNING, db RUNNING, web RUNNING")
	s.proceed()
	s.took("TERM proxy, -proxy, +proxy")
	s.left()
	s.stop("db")
	s.settle()
	s.start("db")
	s.proceed()
	s.took("TERM proxy, -proxy, +proxy")
	s.restart("db")
	s.proceed()
	s.took("TERM proxy, -proxy, TERM web, -web, TERM db, -db, +db, TERM other, +web, +proxy, -other, +other")
	s.left()
}

// TestReplaced makes a request about what waits to be stopped, or restarted: the last one counts.
func TestReplaced(t *testing.T) {
	for _, c := range []struct {
		name, took, is string
		first, then    func(*fixture)
	}{
		{"stop, then restart", inOrder, "db RUNNING, web RUNNING, proxy RUNNING",
			func(s *fixture) { s.stop("db") }, func(s *fixture) { s.restart("db") }},
		{"restart, then stop", "TERM proxy, -proxy, TERM web, -web, TERM db, -db", "db STOPPED, web STOPPED (db:running), proxy STOPPED (web:running)",
			func(s *fixture) { s.restart("db") }, func(s *fixture) { s.stop("db") }},
		{"stop, then restart, then start", inOrder, "db RUNNING, web RUNNING, proxy RUNNING",
			func(s *fixture) { s.stop("db") }, func(s *fixture) { s.restart("db"); s.start("db") }},
		{"restart, then start", inOrder, "db RUNNING",
			func(s *fixture) { s.restart("db") }, func(s *fixture) { s.start("db") }},
		{"restart, then its age", inOrder, "db RUNNING",
			func(s *fixture) { s.restart("db") }, func(s *fixture) { s.Recycle(s.p("db"), age, s.now) }},
		{"stop, then its age", "TERM proxy, -proxy, TERM web, -web, TERM db, -db", "db STOPPED",
			func(s *fixture) { s.stop("db") }, func(s *fixture) { s.Recycle(s.p("db"), age, s.now) }},
		{"stop, then unhealthy", "TERM proxy, -proxy, TERM web, -web, TERM db, -db", "db STOPPED",
			func(s *fixture) { s.stop("db") }, func(s *fixture) { s.stopFor(s.p("db"), api.Reason{Why: api.WhyUnhealthy}, s.now) }},
		{"stop, then its watchdog", "TERM proxy, TERM db, -db, -proxy, TERM web, -web", "db STOPPED",
			func(s *fixture) { s.stop("db") }, func(s *fixture) { s.Recycle(s.p("db"), api.Reason{Why: api.WhyWatchdog}, s.now) }},
		{"restart, then its watchdog", "TERM proxy, TERM db, -db, +db, -proxy, TERM web, -web, +web, +proxy", "db RUNNING",
			func(s *fixture) { s.restart("db") }, func(s *fixture) { s.Recycle(s.p("db"), api.Reason{Why: api.WhyWatchdog}, s.now) }},
		{"stop of db, then of web", "TERM proxy, -proxy, TERM web, -web, TERM db, -db", "db STOPPED, web STOPPED",
			func(s *fixture) { s.stop("db") }, func(s *fixture) { s.stop("web") }},
		{"stop of web, then of db", "TERM proxy, -proxy, TERM web, -web, TERM db, -db", "db STOPPED, web STOPPED, proxy STOPPED (web:running)",
			func(s *fixture) { s.stop("web") }, func(s *fixture) { s.stop("db") }},
		{"stop of web, then of all", "TERM proxy, -proxy, TERM web, -web, TERM db, -db", "db STOPPED, web STOPPED, proxy STOPPED",
			func(s *fixture) { s.stop("web") }, func(s *fixture) { s.stop("db", "web", "proxy") }},
		{"stop, then a kill", "TERM proxy, KILL db, -db, -proxy, TERM web, -web", "db STOPPED",
			func(s *fixture) { s.stop("db") }, func(s *fixture) { s.p("db").Kill(s.now) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newRunning(t, chain)
			c.first(s)
			c.then(s)
			s.settle()
			s.proceed()
			s.took(c.took)
			s.is(c.is)
			s.left()
			if lines := s.lines("INFO"); slices.Contains(lines, "INFO restarting db: age") {
				t.Errorf("restarted for its age: %q", lines)
			}
		})
	}
}

// TestOvertaken has a process end by itself while it waits for its turn.
func TestOvertaken(t *testing.T) {
	for _, c := range []struct {
		name, keys, took, is string
		do                   func(*fixture)
	}{
		{"stop", "autorestart=true", "TERM proxy, -db, -proxy, TERM web, -web", "db EXITED, web STOPPED (db:running)",
			func(s *fixture) { s.stop("db") }},
		{"restart", "", "TERM proxy, -db, +db, -proxy, TERM web, -web, +web, +proxy", "db RUNNING, web RUNNING, proxy RUNNING",
			func(s *fixture) { s.restart("db") }},
		{"restart of one that is started again anyway", "autorestart=true", "TERM proxy, -db, +db, -proxy, TERM web, -web, +web, +proxy",
			"db RUNNING", func(s *fixture) { s.restart("db") }},
		{"age", "", "TERM proxy, -db, -proxy, TERM web, -web", "db EXITED, web STOPPED (db:running)",
			func(s *fixture) { s.Recycle(s.p("db"), age, s.now) }},
		{"age of one that is started again anyway", "autorestart=true", "TERM proxy, -db, +db, -proxy, TERM web, -web, +web, +proxy",
			"db RUNNING", func(s *fixture) { s.Recycle(s.p("db"), age, s.now) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newRunning(t, chain+" "+c.keys)
			c.do(s)
			s.settle()
			s.ends("db")
			s.proceed()
			s.took(c.took)
			s.is(c.is)
			s.left()
		})
	}
}

// TestDependentEnds has a dependent end by itself while it waits for its turn.
func TestDependentEnds(t *testing.T) {
	s := newRunning(t, chain)
	s.stop("db")
	s.ends("web")
	s.logged("INFO stopping proxy: dependency (web is STOPPING)")
	s.is("web EXITED, db STOPPING, proxy STOPPING")
	s.proceed()
	s.took("TERM proxy, -web, TERM db, -db, -proxy")
	s.left()
}

// TestOptionalTurn has an optional dependency wait for its turn to stop: it is not lost.
func TestOptionalTurn(t *testing.T) {
	s := newRunning(t, "web depends_on=-db dependency_loss=stop\nother depends_on=db\ndb")
	s.stop("db", "other")
	s.proceed()
	s.took("TERM other, -other, TERM db, -db")
	s.left()
}

// TestNotUp stops what dependents need that are on their way up: one that waits for its next try is not waited for, and a start
// without a child is ended. Neither is started before the dependency is back.
func TestNotUp(t *testing.T) {
	for _, c := range []struct {
		name, keys, took, again string
		up                      func(*fixture)
	}{
		{"BACKOFF", "startsecs=5 startretries=9", "TERM db, -db", "+db, +web", func(s *fixture) { s.exit("web", code(1)) }},
		{"STARTING", "startsecs=5", "TERM web, -web, TERM db, -db", "+db, +web", func(*fixture) {}},
		{"pre_start_hook", "pre_start_hook=/bin/true", "TERM web group, TERM db, -db", "+db, +web pre_start", func(*fixture) {}},
		{"late", "ready=notify ready_timeout=0.5 startsecs=0", "TERM web, -web, TERM db, -db", "+db, +web", func(s *fixture) { s.pass(time.Second / 2) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newFixture(t, "db\nweb depends_on=db dependency_loss=stop "+c.keys)
			s.pass(time.Second)
			c.up(s)
			if c.name != "late" {
				s.trace = nil
			} else {
				s.trace = s.trace[len(s.trace)-1:]
			}
			s.stop("db")
			if c.name == "pre_start_hook" {
				s.is("web STOPPING, db RUNNING (web (stopping))")
				s.exit("web pre_start", by(syscall.SIGTERM))
			}
			s.proceed()
			s.took(c.took)
			s.pass(time.Hour)
			s.took("")
			s.start("db")
			s.pass(time.Second)
			s.took(c.again)
			if lines := s.lines("INFO"); c.name == "BACKOFF" && slices.Contains(lines, "INFO stopping web: dependency (db is STOPPING)") {
				t.Errorf("what does not run is stopped: %q", lines)
			}
		})
	}
}

// TestWithoutDependencies makes requests where nothing depends on anything: no graph is built, and nothing waits.
func TestWithoutDependencies(t *testing.T) {
	s := newRunning(t, "a\nb")
	s.restart("a", "b")
	s.ends("a", "b")
	s.stop("a")
	s.ends("a")
	s.stopFor(s.p("b"), api.Reason{Why: api.WhyUnhealthy}, s.now)
	s.ends("b")
	s.start("a", "b")
	s.restart("a")
	if s.RestartInTurn(s.p("b"), s.now); s.StopInTurn(s.p("b"), s.now) != "" || s.HoldStart(s.p("b")) {
		t.Error("b waits")
	}
	s.took("TERM a, TERM b, -a, +a, -b, +b, TERM a, -a, TERM b, -b, +a, +b, TERM a, TERM b")
	if s.depends != nil {
		t.Error("there is a graph")
	}
}

// TestNotRecyclable makes requests to restart what does not run.
func TestNotRecyclable(t *testing.T) {
	s := newRunning(t, chain)
	s.stop("db")
	s.proceed()
	s.trace = nil
	s.restart("db")
	s.proceed()
	s.took("+db, +web, +proxy")
	s.stop("proxy")
	s.Recycle(s.p("proxy"), age, s.now)
	s.proceed()
	s.took("TERM proxy, -proxy")
	if s.HoldStart(s.p("proxy")) {
		t.Error("a start waits though no request is in progress")
	}
	s.left()
}

// TestLayoutChanges adds and removes programs while others wait.
func TestLayoutChanges(t *testing.T) {
	more := readPrograms(t, "x\ny depends_on=x")
	s := newRunning(t, chain)
	s.stop("db", "web")
	s.add(more.Groups[0])
	s.is("proxy STOPPING, web RUNNING (proxy (stopping)), db RUNNING (web (stopping))")
	s.proceed()
	s.took("TERM proxy, -proxy, TERM web, +x, -web, TERM db, -db")
	s.start("web", "db")
	s.add(more.Groups[1])
	s.is("web STOPPED (db:running), db STARTING")
	s.proceed()
	s.took("+db, +y, +web, +proxy")
	s.left()

	s.stop("db") // gates wait to be looked at when their process is removed
	s.proceed()
	s.trace = nil
	s.p("db").Start(s.now)
	s.p("proxy").Stop(s.now)
	if !s.RemoveGroup(s.Group("proxy")) {
		t.Error("proxy is not removed")
	}
	s.proceed()
	s.took("+db, +web")
	s.left()
}
