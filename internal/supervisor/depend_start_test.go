package supervisor

import (
	"syscall"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// TestGates holds the first automatic start of web until what it depends on meets the condition.
func TestGates(t *testing.T) {
	for _, c := range []struct {
		name, programs, at0, at1, later string // what is started at once, after a second, and within the hour
		do                              func(*fixture)
	}{
		{"running", "web depends_on=db priority=1\ndb", "+db", "+web", "", nil},
		{"started", "web depends_on=db:started priority=1\ndb", "+db, +web", "", "", nil},
		{"no condition, a group", "web depends_on=g\na\nb startsecs=5\n[group:g] programs=a,b", "+a, +b", "", "+web", nil},
		{"a group without processes", "web depends_on=db\ndb numprocs=0", "+web", "", "", nil},
		{"the group of the process itself", "a priority=1\nb priority=2\n[group:g] programs=a,b depends_on=b", "+b", "+a", "", nil},
		{"two that open together, by priority", "x depends_on=db priority=2\ny depends_on=db priority=1\ndb startsecs=5", "+db", "", "+y, +x", nil},
		{"a chain", "a depends_on=b\nb depends_on=c\nc", "+c", "+b", "+a", nil},
		{"waves, others are not delayed", "a depends_on=b\nb startsecs=5\nc", "+b, +c", "", "+a", nil},
		{"a cycle", "a depends_on=b\nb depends_on=a", "+a, +b", "", "", nil},
		{"an unknown name", "a depends_on=zz", "+a", "", "", nil},
		{"autostart=false", "web depends_on=db\ndb autostart=false", "", "", "", nil},
		{"autostart=false, optional", "web depends_on=-db\ndb autostart=false", "+web", "", "", nil},
		{"autostart=false, started by request", "web depends_on=db\ndb autostart=false", "", "", "+db, +web", func(s *fixture) { s.start("db") }},
		{"stopped by request", "web depends_on=db\ndb startsecs=5", "+db", "", "TERM db, -db", func(s *fixture) { s.stop("db"); s.ends("db") }},
		{"stopped by request, optional", "web depends_on=-db\ndb startsecs=5", "+db", "", "TERM db, +web, -db", func(s *fixture) { s.stop("db"); s.ends("db") }},
		{"a request starts it", "web depends_on=db\ndb startsecs=5", "+db", "", "+web", func(s *fixture) { s.start("web") }},
		{"a request ends the wait", "web depends_on=db\ndb startsecs=5", "+db", "", "", func(s *fixture) { s.stop("web") }},
		{"what a request has stopped is not waited for if it is optional", "web depends_on=-db\ndb depends_on=x\nx startsecs=5", "+x", "",
			"+web", func(s *fixture) { s.stop("db") }},
		{"optional, waits itself because of a request", "web depends_on=-db,y\ndb depends_on=x autostart=false\n" +
			"x autostart=false startsecs=5\ny autostart=false", "", "", "+x, +y, +db, +web", func(s *fixture) {
			s.start("x", "db")
			s.start("y")
		}},
		{"startdelay", "web startdelay=2", "", "", "+web", nil},
		{"startdelay, stopped", "web startdelay=2", "", "", "", func(s *fixture) { s.stop("web") }},
		{"startdelay, started", "web startdelay=3", "", "", "+web", func(s *fixture) { s.start("web") }},
		{"startdelay after the dependency", "web depends_on=db startdelay=2\ndb", "+db", "", "+web", nil},
		{"dependency_timeout", "web depends_on=db dependency_timeout=2\ndb autostart=false", "", "", "", nil},
		{"dependency_timeout that is not over", "web depends_on=db dependency_timeout=9\ndb startsecs=5", "+db", "", "+web", nil},
		{"a failed dependency", "web depends_on=db\ndb startretries=0", "+db", "", "-db", func(s *fixture) {
			s.start("db")
			s.stop("db")
			s.ends("db")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newFixture(t, c.programs)
			if c.name == "a failed dependency" {
				s.exit("db", code(1))
				s.is("db FATAL, web STOPPED (db:running)")
				s.logged("INFO web waits for db:running", "INFO gave up: db entered FATAL state, too many start retries too quickly",
					"WARN web waits for db, which is FATAL")
				return
			}
			s.took(c.at0)
			s.pass(time.Second)
			s.took(c.at1)
			if c.do != nil {
				c.do(s)
			}
			s.pass(time.Hour)
			s.took(c.later)
			s.quiet()
		})
	}
}

// quiet is left for a fixture in which starts may still be held.
func (s *fixture) quiet() {
	s.t.Helper()
	if at := s.timers.Next(); !at.IsZero() || s.due(s.now) {
		s.t.Errorf("something is due in %v", at.Sub(s.now))
	}
}

// TestHold shows what clients and the log see of a start that is held.
func TestHold(t *testing.T) {
	s := newFixture(t, "web depends_on=db:ready,x:exited,-o dependency_timeout=2.5\nx startsecs=0\ndb autostart=false\no startsecs=0")
	s.is("web STOPPED (db:ready; x:exited)")
	s.took("+o, +x")
	s.exit("x", code(7))
	s.is("web STOPPED (db:ready; x:exited)")
	s.start("db")
	s.pass(time.Second)
	s.is("web STOPPED (x:exited)")
	s.start("x")
	s.stop("x")
	s.ends("x")
	s.pass(time.Second)
	s.logged("INFO web waits for db:ready, x:exited", "WARN web waits for x, which is EXITED")
	s.pass(time.Second)
	s.is("web FATAL")
	if got := s.p("web").SpawnErr(); got != "dependencies are not met: x:exited" {
		t.Errorf("%q", got)
	}
	s.logged("WARN web waited 2.5 seconds for x:exited and gives up")
	s.took("+db, +x, TERM x, -x")
}

// TestGone shows when the log has a warning that a dependency does not come by itself: when it has stopped, and once.
func TestGone(t *testing.T) {
	s := newFixture(t, "web depends_on=db\ndb\nother depends_on=manual\nmanual autostart=false")
	s.stop("db")
	s.logged("INFO other waits for manual:running", "INFO web waits for db:running")
	s.ends("db")
	s.logged("WARN web waits for db, which is STOPPED")
	s.start("db")
	s.exit("db", code(1))
	s.stop("db")
	s.logged()
}

// TestStartDelay shows when a delayed start comes.
func TestStartDelay(t *testing.T) {
	s := newFixture(t, "web startdelay=2")
	if got := s.p("web").Gate(); !got.Held || !got.NextStart.Equal(s.now.Add(2*time.Second)) {
		t.Errorf("%+v", got)
	}
	s.pass(1999 * time.Millisecond)
	s.took("")
	s.pass(time.Millisecond)
	s.took("+web")
	s.pass(time.Second)
	s.left()
}

// TestPace shows the limits of the pace of first starts.
func TestPace(t *testing.T) {
	s := newFixture(t, "[supervisord] start_interval=2\na\nb autostart=false\nc\nd")
	s.took("+a")
	if s.p("b").Gate().Held || !s.p("c").Gate().Held {
		t.Error("b waits for its turn, or c does not")
	}
	s.start("b") // requests are not delayed
	s.took("+b")
	s.pass(1999 * time.Millisecond)
	s.took("")
	s.stop("d")
	s.pass(time.Millisecond)
	s.took("+c")
	s.pass(time.Hour)
	s.took("")
	s.left()

	s = newFixture(t, "[supervisord] max_starting=1\na startsecs=0 priority=1\nb startsecs=0 priority=2\nc pre_start_hook=/bin/true priority=3\nd")
	s.took("+a, +b, +c pre_start")
	s.exit("c pre_start", code(0))
	s.took("+c")
	s.pass(time.Second)
	s.took("+d")

	s = newFixture(t, "[supervisord] max_starting=2\na startsecs=3\nb startsecs=1\nc startsecs=1\nd startsecs=1\ne depends_on=d")
	s.took("+a, +b")
	s.pass(time.Second)
	s.took("+c")
	s.exit("a", code(1)) // BACKOFF
	s.took("+d")
	s.pass(time.Second)
	s.took("+e, +a")
	s.pass(time.Hour)
	s.took("")
	s.left()
	if len(s.pending) > 0 {
		t.Errorf("%d wait", len(s.pending))
	}
}

// TestStartSet starts several processes by one request: each after those of them that it depends on, and on no others.
func TestStartSet(t *testing.T) {
	for _, c := range []struct {
		name, programs, took, is string
		start                    []string
		do                       func(*fixture)
	}{
		{"in order", "web depends_on=db,x\ndb", "+db, +web", "web RUNNING, db RUNNING", []string{"web", "db"}, nil},
		{"without what it depends on", "web depends_on=db\ndb", "+web", "db STOPPED", []string{"web"}, nil},
		{"one that runs already", "web depends_on=db\ndb", "+db, +web", "db RUNNING, web RUNNING", []string{"db"}, func(s *fixture) {
			s.pass(time.Second)
			s.start("web", "db")
		}},
		{"it fails", "web depends_on=db\ndb startretries=0", "+db", "web STOPPED, db FATAL", []string{"web", "db"}, func(s *fixture) {
			s.exit("db", code(1))
			s.logged("INFO gave up: db entered FATAL state, too many start retries too quickly",
				"WARN web is not started: dependencies are not met: db:running")
		}},
		{"it is stopped", "web depends_on=db\ndb", "+db, TERM db, -db", "web STOPPED, db STOPPED", []string{"web", "db"}, func(s *fixture) {
			s.stop("db")
			s.ends("db")
		}},
		{"it cannot be stopped", "web depends_on=db\ndb", "+db, TERM db, -db", "web STOPPED", []string{"web", "db"}, func(s *fixture) {
			s.refuse = syscall.EPERM
			s.p("db").Stop(s.now)
			s.settle()
			s.is("web STOPPED, db UNKNOWN")
			s.ends("db")
		}},
		{"it tries again", "web depends_on=db\ndb", "+db, +db, +web", "web RUNNING", []string{"web", "db"}, func(s *fixture) { s.exit("db", code(1)) }},
		{"after the dependency, not after the pause", "web depends_on=db autorestart=true restartpause=7200\ndb", "+web, -web, +db, +web", "web RUNNING",
			[]string{"web"}, func(s *fixture) {
				s.pass(time.Minute)
				s.ends("web")
				s.start("web", "db")
			}},
		{"the wait is stopped", "web depends_on=db\ndb", "+db", "web STOPPED, db RUNNING", []string{"web", "db"}, func(s *fixture) { s.stop("web") }},
		{"another request is faster", "web depends_on=db\ndb startsecs=9", "+db, +web", "web RUNNING, db RUNNING", []string{"web", "db"},
			func(s *fixture) { s.start("web") }},
		{"optional", "web depends_on=-db\ndb startretries=0", "+db, +web", "web RUNNING, db FATAL", []string{"web", "db"}, func(s *fixture) {
			s.exit("db", code(1))
		}},
		{"an end before the request does not count", "web depends_on=init:exited\ninit startsecs=0", "+init, +init, +web", "web RUNNING, init EXITED",
			[]string{"init"}, func(s *fixture) {
				s.exit("init", code(0))
				s.start("web", "init")
				s.is("web STOPPED (init:exited), init RUNNING")
				s.exit("init", code(0))
			}},
		{"an end that the request does not repeat counts", "web depends_on=init:exited\ninit startsecs=0", "+init, +web", "web RUNNING, init EXITED",
			[]string{"init"}, func(s *fixture) {
				s.exit("init", code(0))
				s.start("web")
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newFixture(t, "[program-default] autostart=false\n"+c.programs)
			s.start(c.start...)
			if c.name == "in order" {
				s.is("web STOPPED (db:running), db STARTING")
			}
			if c.do != nil {
				c.do(s)
			}
			s.pass(time.Hour)
			s.took(c.took)
			s.is(c.is)
			s.left()
		})
	}
}

// TestStartSetTakesOver has a request take the place of a first automatic start.
func TestStartSetTakesOver(t *testing.T) {
	s := newFixture(t, "web depends_on=db,x dependency_timeout=60\ndb autostart=false\nx autostart=false")
	s.start("web", "db")
	s.is("web STOPPED (db:running), db STARTING")
	s.pass(time.Hour)
	s.took("+db, +web")
	s.left()
	if s.p("web").State() != api.Running || !s.depends.cancelled[s.p("web")] {
		t.Error("web waits for x")
	}
}

// TestRestartSet restarts several processes by one request.
func TestRestartSet(t *testing.T) {
	for _, c := range []struct {
		name, web, took, is string
		do                  func(*fixture)
	}{
		{"ignore", "", "TERM web, -web, TERM db, -db, +db, +web", "web RUNNING, db RUNNING", nil},
		{"restart", "dependency_loss=restart", "TERM web, -web, TERM db, -db, +db, +web", "web RUNNING, db RUNNING", nil},
		{"stop", "dependency_loss=stop", "TERM web, -web, TERM db, -db, +db, +web", "web RUNNING, db RUNNING", nil},
		{"what it depends on does not run", "", "TERM db, -db, TERM web, +db, -web, +web", "web RUNNING, db RUNNING", func(s *fixture) {
			s.proceed()
			s.stop("db")
			s.ends("db")
			s.trace = []string{"TERM db", "-db"}
			s.restart("web", "db")
			s.ends("web")
			s.is("web STOPPED (db:running), db STARTING")
		}},
		{"it fails", "", "TERM web, -web, TERM db, -db, +db", "web STOPPED, db FATAL", func(s *fixture) {
			s.ends("web")
			s.ends("db")
			s.pass(0)
			s.exit("db", code(1))
			if got := s.p("web").SpawnErr(); got != "dependencies are not met: db:running" {
				s.t.Errorf("%q", got)
			}
		}},
		{"the wait is stopped", "", "TERM web, -web, TERM db, -db, +db", "web STOPPED, db RUNNING", func(s *fixture) {
			s.ends("web")
			s.is("web STOPPED (db:running), db STOPPING")
			s.stop("web")
			s.ends("db")
		}},
		{"another request is faster", "", "TERM web, -web, TERM db, +web, -db, +db", "web RUNNING, db RUNNING", func(s *fixture) {
			s.ends("web")
			s.start("web")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newRunning(t, "web depends_on=db "+c.web+"\ndb startretries=0")
			s.restart("web", "db")
			if c.do != nil {
				c.do(s)
			}
			s.proceed()
			s.took(c.took)
			s.is(c.is)
			s.left()
			if s.p("db").State() == api.Running && s.p("web").Gate().Shut {
				t.Error("web is held back")
			}
		})
	}
}

// TestRestartBeforeDependency restarts a process that does not run and, later in the same request, what it depends on: it is started once,
// when the dependency is up again.
//
// covers: L6-restart-states
func TestRestartBeforeDependency(t *testing.T) {
	for _, loss := range []string{"ignore", "stop", "restart"} {
		t.Run(loss, func(t *testing.T) {
			s := newRunning(t, "app depends_on=db dependency_loss="+loss+"\ndb\nother depends_on=db")
			s.stop("app")
			s.ends("app")
			s.took("TERM app, -app")
			s.restart("app", "other", "db")
			s.is("app STOPPED (db:running), other STOPPING (db:running), db RUNNING (other (stopping))")
			s.proceed()
			s.took("TERM other, -other, TERM db, -db, +db, +app, +other")
			s.is("app RUNNING, other RUNNING, db RUNNING")
			s.left()
		})
	}
}

// TestRestartWhileStopping restarts processes that are stopping: they are started when they have stopped, in order.
//
// covers: L6-restart-states
func TestRestartWhileStopping(t *testing.T) {
	s := newRunning(t, "app depends_on=db dependency_loss=stop\ndb")
	s.stop("db")
	s.is("app STOPPING, db RUNNING (app (stopping))")
	s.restart("app", "db")
	s.proceed()
	s.took("TERM app, -app, TERM db, -db, +db, +app")
	s.left()
	s.stop("app", "db")
	s.ends("app")
	s.is("app STOPPED, db STOPPING")
	s.restart("app", "db")
	s.is("app STOPPED (db:running), db STOPPING")
	s.proceed()
	s.took("TERM app, -app, TERM db, -db, +db, +app")
	s.left()
}

// TestKillWaiting kills a process whose first start waits: it does not come any more.
//
// covers: L6-restart-states
func TestKillWaiting(t *testing.T) {
	s := newFixture(t, "app depends_on=db\ndb autostart=false")
	s.is("app STOPPED (db:running)")
	if problem, ok := s.p("app").Kill(s.now); !ok || problem != "" {
		t.Errorf("kill: %q, %t", problem, ok)
	}
	if _, ok := s.p("app").Kill(s.now); ok {
		t.Error("a second kill finds something")
	}
	s.is("app STOPPED")
	s.start("db")
	s.pass(time.Minute)
	s.took("+db")
	s.left()
}

// TestEqualDependenciesAreShared shows that the graph has the dependencies of programs once if they are equal.
func TestEqualDependenciesAreShared(t *testing.T) {
	s := newFixture(t, "a depends_on=db\nb depends_on=db\nc depends_on=db,a\ndb")
	items := func(name string) []item { return s.depends.graphNow().Items(s.p(name)) }
	if &items("a")[0] != &items("b")[0] || &items("b")[0] == &items("c")[0] || len(items("c")) != 2 {
		t.Errorf("%v, %v, %v", items("a"), items("b"), items("c"))
	}
}
