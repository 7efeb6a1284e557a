package supervisor

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
)

// TestLoss ends a dependency, and starts it again.
func TestLoss(t *testing.T) {
	for _, c := range []struct {
		name, web, db  string
		gone, came     string
		log            []string
		goes, returns_ func(*fixture)
	}{
		{name: "ignore", gone: "-db", came: "+db"},
		{name: "ignore, web ends", web: "autorestart=true", gone: "-db, -web, +web", came: "+db",
			goes: func(s *fixture) { s.ends("db"); s.ends("web") }},
		{name: "stop", web: "dependency_loss=stop", gone: "-db, TERM web, -web", came: "+db, +web",
			log: []string{"INFO stopping web: dependency (db is EXITED)", "INFO web waits for db:running", "WARN web waits for db, which is EXITED"}},
		{name: "stop, web ends before", web: "dependency_loss=stop autorestart=true", gone: "-web, +web, -db, TERM web, -web", came: "+db, +web",
			goes: func(s *fixture) { s.ends("web"); s.pass(time.Second); s.ends("db") },
			log:  []string{"INFO stopping web: dependency (db is EXITED)", "INFO web waits for db:running", "WARN web waits for db, which is EXITED"}},
		{name: "stop, a request stops web", web: "dependency_loss=stop", gone: "-db, TERM web, -web", came: "+db",
			goes: func(s *fixture) { s.ends("db"); s.ends("web"); s.stop("web"); s.is("web STOPPED, db EXITED") },
			log:  []string{"INFO stopping web: dependency (db is EXITED)", "INFO web waits for db:running", "WARN web waits for db, which is EXITED"}},
		{name: "stop, a request starts web", web: "dependency_loss=stop", gone: "-db, TERM web, -web, +web", came: "+db",
			goes: func(s *fixture) { s.ends("db"); s.ends("web"); s.start("web") },
			log:  []string{"INFO stopping web: dependency (db is EXITED)", "INFO web waits for db:running", "WARN web waits for db, which is EXITED"}},
		{name: "stop, not by an expected end, but by the next start", web: "dependency_loss=stop", gone: "", came: "+db, TERM web, -web, +web",
			goes: func(s *fixture) { s.exit("db", code(0)) }},
		{name: "stop, web is STARTING", web: "dependency_loss=stop startsecs=30", gone: "-db, TERM web, -web", came: "+db, +web",
			goes: func(s *fixture) {
				s.stop("web")
				s.ends("web")
				s.start("web")
				s.trace = nil
				s.ends("db")
			},
			log: []string{"INFO stopping web: dependency (db is EXITED)", "INFO web waits for db:running", "WARN web waits for db, which is EXITED"}},
		{name: "stop, a request starts web at that moment", web: "dependency_loss=stop", gone: "-web, TERM db, +web, -db", came: "+db",
			goes: func(s *fixture) {
				s.ends("web")
				s.p("db").Stop(s.now)
				s.p("web").Start(s.now)
			}},
		{name: "restart", web: "dependency_loss=restart", gone: "-db", came: "+db, TERM web, -web, +web",
			returns_: func(s *fixture) { s.logged("INFO restarting web: dependency (db was EXITED)") }},
		{name: "restart, web ends meanwhile", web: "dependency_loss=restart autorestart=true", gone: "-db, -web", came: "+db, +web",
			goes: func(s *fixture) { s.ends("db"); s.ends("web") },
			log:  []string{"INFO web waits for db:running", "WARN web waits for db, which is EXITED"}},
		{name: "restart, web does not come up meanwhile", web: "dependency_loss=restart startsecs=30 startretries=9", gone: "-db, -web",
			came: "+db, +web", goes: func(s *fixture) {
				s.stop("web")
				s.ends("web")
				s.start("web")
				s.trace = nil
				s.ends("db")
				s.ends("web")
			},
			log: []string{"INFO web waits for db:running", "WARN web waits for db, which is EXITED"}},
		{name: "restart, a request restarts web", web: "dependency_loss=restart", gone: "-db, TERM web, -web, +web", came: "+db",
			goes: func(s *fixture) { s.ends("db"); s.restart("web") }},
		{name: "optional, started again by itself", web: "dependency_loss=stop depends_on=-db", db: "autorestart=true restartpause=5",
			gone: "-db, TERM web, -web, +db, +web", came: "",
			log: []string{"INFO stopping web: dependency (db is EXITED)", "INFO web waits for db:running"}},
		{name: "optional, gone", web: "dependency_loss=stop depends_on=-db", gone: "-db", came: "+db, TERM web, -web, +web"},
		{name: "optional, stopped by request", web: "dependency_loss=stop depends_on=-db", gone: "TERM db, -db", came: "+db, TERM web, -web, +web",
			goes: func(s *fixture) { s.stop("db") }},
		{name: "optional, restarted", web: "dependency_loss=stop depends_on=-db", gone: "TERM web, -web, TERM db, -db, +db, +web", came: "",
			goes: func(s *fixture) { s.restart("db") }, log: []string{"INFO stopping web: dependency (db is STOPPING)", "INFO web waits for db:running"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newRunning(t, "web depends_on=db "+c.web+"\ndb "+c.db)
			if c.goes == nil {
				c.goes = func(s *fixture) { s.ends("db") }
			}
			c.goes(s)
			s.proceed()
			s.pass(time.Hour)
			s.took(c.gone)
			s.logged(c.log...)
			s.start("db")
			s.proceed()
			s.took(c.came)
			if c.returns_ != nil {
				c.returns_(s)
			}
			s.left()
		})
	}
}

// TestExited starts a dependency again that has run to its end: what waited for that is not disturbed.
func TestExited(t *testing.T) {
	s := newFixture(t, "web depends_on=db:exited dependency_loss=stop\ndb startsecs=0")
	s.exit("db", code(0))
	s.pass(time.Minute)
	s.start("db")
	s.stop("db")
	s.proceed()
	s.took("+db, +web, +db, TERM db, -db")
	s.left()
}

// TestPool has a dependency of several processes: all open the gate, and it is lost when none is left.
func TestPool(t *testing.T) {
	s := newRunning(t, "web depends_on=db dependency_loss=stop autorestart=true\ndb numprocs=2 process_name=d%(process_num)d")
	s.stop("d0")
	s.proceed()
	s.took("TERM d0, -d0")
	s.ends("web")
	s.proceed()
	s.took("-web, +web")
	s.restart("d1") // the last one
	s.proceed()
	s.took("TERM web, -web, TERM d1, -d1, +d1")
	s.is("web STOPPED (db:running)")
	s.start("d0")
	s.proceed()
	s.took("+d0, +web")
	s.restart("d1")
	s.proceed()
	s.stop("d0", "d1")
	s.proceed()
	s.took("TERM d1, -d1, +d1, TERM web, -web, TERM d0, TERM d1, -d0, -d1")
	s.left()
}

// TestQueueWaits shows that the next process of a pool is recycled no earlier than the one before, which waits for its dependents, is back.
func TestQueueWaits(t *testing.T) {
	s := newRunning(t, "web depends_on=db:d0 dependency_loss=stop\ndb numprocs=2 process_name=d%(process_num)d")
	for _, name := range []string{"d0", "d1"} {
		s.Recycle(s.p(name), age, s.now)
	}
	s.settle()
	s.pass(time.Second)
	s.is("d0 RUNNING (web (stopping)), d1 RUNNING, web STOPPING")
	s.proceed()
	s.took("TERM web, -web, TERM d0, -d0, +d0, TERM d1, +web, -d1, +d1")
	if s.recycles != nil {
		t.Errorf("left %v", s.recycles)
	}
	s.left()
}

// TestBackBeforeItsTurn brings a dependency back before its dependents are stopped, which wait for others.
func TestBackBeforeItsTurn(t *testing.T) {
	s := newRunning(t, chain+" autorestart=true restartpause=1 startsecs=0")
	s.ends("db")
	s.is("proxy STOPPING, web RUNNING (proxy (stopping)), db EXITED")
	s.pass(2 * time.Second)
	s.is("proxy STOPPING, web RUNNING (proxy (stopping)), db RUNNING")
	s.proceed()
	s.took("-db, TERM proxy, +db, -proxy, TERM web, -web, +web, +proxy")
	s.left()

	s.stop("db") // it crashes meanwhile, and a request starts it
	s.ends("db")
	s.start("db")
	s.proceed()
	s.took("TERM proxy, -db, +db, -proxy, TERM web, -web, +web, +proxy")
	s.left()

	s.Recycle(s.p("db"), age, s.now) // it crashes meanwhile
	s.settle()
	s.ends("db")
	s.pass(2 * time.Second)
	s.proceed()
	s.took("TERM proxy, -db, +db, -proxy, TERM web, -web, +web, +proxy")
	s.left()
}

// TestStopOfSeveral stops what a request stops in the order of dependencies, with every dependency_loss, and no other process.
func TestStopOfSeveral(t *testing.T) {
	s := newRunning(t, "web depends_on=db\ndb depends_on=disk\ndisk\nother depends_on=db")
	s.stop("db", "web", "disk")
	s.is("web STOPPING, db RUNNING (web (stopping)), disk RUNNING (db (stopping)), other RUNNING")
	s.proceed()
	s.took("TERM web, -web, TERM db, -db, TERM disk, -disk")
	s.start("disk", "db")
	s.pass(time.Minute)
	s.stop("web", "db") // web has stopped
	s.proceed()
	s.took("+disk, +db, TERM db, -db")
	s.left()
}

// TestStopsAlready waits for a dependent that is stopping for another reason, and does not stop it again.
func TestStopsAlready(t *testing.T) {
	s := newRunning(t, "web depends_on=db dependency_loss=stop\ndb")
	s.stop("web")
	s.stop("db")
	s.is("web STOPPING, db RUNNING (web (stopping))")
	s.proceed()
	s.took("TERM web, -web, TERM db, -db")
	s.is("web STOPPED, db STOPPED")
	s.logged()
	s.left()
}

// TestUnstoppable goes on when a process cannot be stopped.
func TestUnstoppable(t *testing.T) {
	s := newRunning(t, "web depends_on=db\ndb")
	s.refuse = syscall.EPERM
	if s.BeginStop(s.named("web", "db"), s.now); s.StopInTurn(s.p("web"), s.now) == "" || s.StopInTurn(s.p("db"), s.now) != "" {
		t.Error("no problem, or a problem of db")
	}
	s.refuse = nil
	s.settle()
	s.is("web UNKNOWN, db STOPPING")
	s.ends("db")
	s.left()
}

// TestRemoved removes a dependency and adds it again.
func TestRemoved(t *testing.T) {
	for _, c := range []struct{ keys, removed, added string }{
		{"depends_on=db", "", "+db"},
		{"depends_on=db dependency_loss=stop", "TERM web, -web", "+db, +web"},
		{"depends_on=db dependency_loss=restart", "", "+db, TERM web, -web, +web"},
		{"depends_on=-db dependency_loss=stop", "", "TERM web, +db, -web, +web"},
		{"depends_on=db:exited dependency_loss=stop", "", "+db"},
	} {
		t.Run(c.keys, func(t *testing.T) {
			s := newFixture(t, "web "+c.keys+"\ndb startsecs=0")
			s.exit("db", code(0))
			s.pass(time.Minute)
			s.trace = nil
			s.lines()
			group := s.Group("db")
			s.RemoveGroup(group)
			s.settle()
			s.proceed()
			s.took(c.removed)
			want := []string{"WARN web depends on db, which was removed"}
			if c.removed != "" {
				want = append(want, "INFO stopping web: dependency (db was removed)", "INFO web waits for db:running")
			}
			s.logged(want...)
			s.add(readPrograms(t, "another").Groups[0])
			s.proceed()
			s.took("+another")
			s.logged()
			s.add(group.Config)
			s.settle()
			s.proceed()
			s.took(c.added)
			s.left()
		})
	}
}

func (s *fixture) add(g *config.Group) {
	s.t.Helper()
	if err := s.AddGroup(PrepareGroup(g)); err != nil {
		s.t.Fatal(err)
	}
}

// TestRemoveDependent removes processes that wait.
func TestRemoveDependent(t *testing.T) {
	s := newFixture(t, "[supervisord] max_starting=1\nweb depends_on=db dependency_timeout=5\ndb startsecs=9\nnext")
	group := s.Group("web")
	s.stop("web")
	if !s.depends.cancelled[s.p("web")] {
		t.Error("the first start of web is not cancelled")
	}
	if !s.RemoveGroup(group) || len(s.depends.gates) != 2 {
		t.Errorf("%d gates", len(s.depends.gates))
	}
	s.settle()
	s.add(group.Config)
	s.settle()
	s.trace = nil
	s.stop("db")
	s.ends("db")
	s.RemoveGroup(s.Group("db"))
	s.settle()
	s.pass(time.Hour)
	s.is("web FATAL, next RUNNING")
	s.took("TERM db, +next, -db")
	s.left()
	if len(s.depends.cancelled) > 0 {
		t.Errorf("%d are cancelled", len(s.depends.cancelled))
	}
}

// TestAddedLater adds a dependency of which a new reading knows: until then it is not met. A name that nothing had counts for nothing.
func TestAddedLater(t *testing.T) {
	cfg := readPrograms(t, "web depends_on=db\ndb\n")
	unknown := readPrograms(t, "a depends_on=zz")
	s := &fixture{newWorldOf(t, &config.Config{})}
	s.Reread(&config.Config{Groups: append(cfg.Groups, unknown.Groups...)})
	s.add(cfg.Groups[1])
	s.add(unknown.Groups[0])
	s.settle()
	s.took("+a")
	s.is("web STOPPED (db:running)")
	s.add(cfg.Groups[0])
	s.pass(time.Minute)
	s.took("+db, +web")
	s.left()
}

// TestDependencies shows what clients see of dependencies.
func TestDependencies(t *testing.T) {
	s := newFixture(t, `[supervisord] max_starting=99
		web depends_on=db:ready,-cache,job:exited,pool,zz,web,none,sick:healthy,well:ready,well:started
		db ready=notify startsecs=0 ready_timeout=0
		cache startretries=0
		job startsecs=0
		pool numprocs=3 process_name=p%(process_num)d autostart=false
		none numprocs=0
		sick startsecs=0 liveness_check_script=/bin/true
		well startsecs=0 readiness_check_script=/bin/true
		[group:g] programs=member,other depends_on=other
		member depends_on=pool:p0
		other`)
	s.exit("cache", code(1))
	s.exit("job", code(3))
	s.start("p1")
	list := func(name string) (got []string) {
		for _, d := range s.Dependencies(s.p(name)) {
			optional := ""
			if d.Optional {
				optional = "-"
			}
			got = append(got, fmt.Sprintf("%s%s:%s %v %s", optional, d.Name, d.Condition, d.Met, d.Text))
		}
		return got
	}
	want := []string{"db:ready false STARTING", "-cache:running true FATAL", "job:exited false EXITED unexpectedly",
		"pool:running false 1 STARTING, 2 STOPPED", "zz:running true unknown, counts for nothing",
		"web:running true a cycle, which counts for nothing", "none:running true no process",
		"sick:healthy false RUNNING, not healthy", "well:ready false RUNNING, not ready", "well:started true RUNNING"}
	if d := cmp.Diff(want, list("web")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"pool:p0:running false STOPPED", "other:running false STARTING"}, list("member")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if list("other") != nil || list("db") != nil {
		t.Error("what depends on nothing has dependencies")
	}
	s.stop("p1")
	s.ends("p1")
	s.RemoveGroup(s.Group("pool"))
	if got := list("member"); len(got) != 2 || got[0] != "pool:p0:running false removed" {
		t.Errorf("%v", got)
	}
	plain := newFixture(t, "db")
	if plain.Dependencies(plain.p("db")) != nil {
		t.Error("without keys there are dependencies")
	}
}

// TestToBeStopped shows a dependency that waits for its turn.
func TestToBeStopped(t *testing.T) {
	s := newRunning(t, chain)
	s.stop("db")
	if d := s.Dependencies(s.p("web")); len(d) != 1 || d[0].Met || d[0].Text != "RUNNING, to be stopped" {
		t.Errorf("%+v", d)
	}
}

// TestConditionWords shows why a dependency is lost.
func TestConditionWords(t *testing.T) {
	s := newFixture(t, "web depends_on=db:ready dependency_loss=stop\ndb readiness_check_script=/bin/true readiness_check_failure_threshold=1 ready=check startsecs=0 readiness_check_timeout=1000\n"+
		"web2 depends_on=db2:healthy dependency_loss=stop\ndb2 liveness_check_script=/bin/true liveness_check_failure_threshold=1 liveness_check_failure_action=none liveness_check_initial_delay=0")
	s.exit("db readiness_check", code(0))
	s.pass(time.Second)
	s.exit("db2 liveness_check", code(0))
	s.pass(10 * time.Second)
	s.lines()
	s.exit("db readiness_check", code(1))
	s.logged("WARN readiness check of db failed 1 times: exit status 1", "INFO stopping web: dependency (db is not ready)")
	s.ends("web")
	s.lines()
	s.pass(time.Minute)
	s.exit("db2 liveness_check", code(1))
	s.logged("WARN liveness check of db2 failed 1 times: exit status 1", "INFO stopping web2: dependency (db2 is not healthy)")
}

// TestShutdownEndsTurns ends the wait of a process for its turn to stop.
func TestShutdownEndsTurns(t *testing.T) {
	s := newRunning(t, chain)
	s.stop("db")
	s.Shutdown()
	s.stopGroups(s.now)
	s.is("proxy STOPPING, web RUNNING, db RUNNING")
}

// TestShutdownOfChain ends all waits, and stops dependents first, in other groups, too.
func TestShutdownOfChain(t *testing.T) {
	s := newFixture(t, `[supervisord] start_interval=0.1
		proxy depends_on=web priority=1
		web depends_on=db priority=2
		db priority=3
		[group:g] programs=x,y
		x depends_on=db priority=1
		y priority=2
		late depends_on=never dependency_timeout=1000
		never autostart=false
		delayed startdelay=1000`)
	s.pass(time.Minute)
	s.trace = nil
	s.stop("web", "db")
	s.start("never", "late")
	s.is("web STOPPING, db RUNNING (web (stopping)), late STOPPED (never:running), delayed STOPPED")
	s.took("TERM web, +never")
	s.Shutdown()
	down := func() bool { return s.stopGroups(s.now) }
	if down() {
		t.Fatal("all have stopped")
	}
	s.is("web STOPPING, db RUNNING, late STOPPED, delayed STOPPED")
	for range 20 {
		if down() {
			break
		}
		for _, p := range s.Processes() {
			if p.State() == api.Stopping {
				s.ends(p.Name())
				break
			}
		}
	}
	if !down() {
		t.Error("something runs")
	}
	s.took("TERM never, -never, TERM y, TERM x, -x, -y, TERM proxy, -proxy, -web, TERM db, -db")
	if s.depends.due() {
		t.Error("there is something to do")
	}
	for _, g := range s.depends.gates {
		if g.process.Gate().Held || g.timer != nil && !g.timer.at.IsZero() {
			t.Errorf("%s waits", g.process.Name())
		}
	}
	if !s.depends.pace.next.at.IsZero() {
		t.Error("the pace goes on")
	}
	s.p("web").Start(s.now)
}
