package supervisor

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/process"
)

// startWithout is a request to start processes that passes over one of them, as a disabled one.
func (s *fixture) startWithout(without string, names ...string) {
	s.t.Helper()
	all := append(s.named(names...), s.p(without))
	if !s.BeginStart(all) {
		s.t.Fatal("nothing depends on another")
	}
	for _, p := range all {
		if p != s.p(without) && !s.HoldStart(p) {
			p.Start(s.now)
		}
	}
	s.settle()
}

// TestRefusedStart refuses to start processes that wait already: the wait goes on as if there had been no request.
func TestRefusedStart(t *testing.T) {
	const refused = "dependencies are not met: db:running"
	for _, c := range []struct {
		name, programs string
		before         func(*fixture)
		is             string
		later          func(*fixture)
		took           string
	}{
		{"first start", "web depends_on=db\ndb autostart=false", nil, "web STOPPED (db:running)", func(s *fixture) { s.start("db") }, "+db, +web"},
		{"its timeout", "web depends_on=db dependency_timeout=60\ndb autostart=false", func(s *fixture) { s.pass(59 * time.Second) },
			"web STOPPED (db:running)", func(s *fixture) {
				s.pass(time.Second)
				s.is("web FATAL")
			}, ""},
		{"delayed", "web depends_on=db startdelay=60\ndb", func(s *fixture) {
			s.pass(30 * time.Second)
			s.stop("db")
			s.ends("db")
			s.trace = nil
		}, "web STOPPED", func(s *fixture) {
			s.pass(29 * time.Second)
			if got := s.p("web").Gate(); !got.Held || !got.NextStart.Equal(s.now.Add(2*time.Second)) {
				s.t.Errorf("%+v at %v", got, s.now)
			}
			s.pass(2 * time.Second)
			s.is("web STOPPED (db:running)")
			s.start("db")
		}, "+db, +web"},
		{"stopped", "web depends_on=db\ndb autostart=false", nil, "web STOPPED (db:running)", func(s *fixture) {
			s.stop("web")
			s.start("db")
		}, "+db"},
		{"stopped before the request", "web depends_on=db\ndb autostart=false", func(s *fixture) { s.stop("web") }, "web STOPPED",
			func(s *fixture) { s.start("db") }, "+db"},
		{"after a loss", "web depends_on=db dependency_loss=stop\ndb", func(s *fixture) {
			s.pass(time.Minute)
			s.ends("db")
			s.ends("web")
			s.pass(time.Minute)
			s.trace = nil
		}, "web STOPPED (db:running)", func(s *fixture) { s.start("db") }, "+db, +web"},
		{"others depend on it", "last depends_on=web\nweb depends_on=db\ndb autostart=false", nil, "last STOPPED (web:running), web STOPPED (db:running)",
			func(s *fixture) { s.start("db") }, "+db, +web, +last"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newFixture(t, c.programs)
			if c.before != nil {
				c.before(s)
			}
			names := []string{"web"}
			if c.name == "others depend on it" {
				names = []string{"last", "web"}
			}
			s.startWithout("db", names...)
			s.is(c.is)
			if got := s.p("web").SpawnErr(); got != refused {
				t.Errorf("%q", got)
			}
			if len(s.depends.starts) > 0 {
				t.Error("the request is not over")
			}
			c.later(s)
			s.pass(time.Hour)
			s.took(c.took)
			s.left()
		})
	}
}

// TestRefusedByOther refuses a start for which two requests wait: what depends on it is refused in both.
func TestRefusedByOther(t *testing.T) {
	s := newFixture(t, "[program-default] autostart=false\nlast depends_on=web\nweb depends_on=db\ndb startretries=0")
	s.start("web", "db")
	s.start("last", "web")
	s.is("last STOPPED (web:running), web STOPPED (db:running)")
	s.exit("db", code(1))
	s.pass(time.Hour)
	s.is("last STOPPED, web STOPPED")
	s.took("+db")
	s.left()
}

// TestSuspendedIsHandedOver has an upgrade come while a request has taken the place of a first start, and after it was refused for another.
func TestSuspendedIsHandedOver(t *testing.T) {
	const programs = "web depends_on=db dependency_timeout=60\ndb autostart=false\nlast depends_on=web"
	s := newFixture(t, programs)
	until := s.now.Add(time.Minute)
	s.start("web", "db")
	set := s.depends.starts[0]
	set.refused = []*process.Process{s.p("last")}
	next := newFixture(t, programs)
	next.imported = &imported{named: map[string]*process.Process{}}
	for _, p := range next.Processes() {
		next.imported.named[fullName(p)] = p
	}
	next.depends.restore(s.depends.export())
	got := next.depends.gates[next.p("web")].suspended
	if got.stage != waiting || !got.until.Equal(until) {
		t.Errorf("%+v, want waiting until %v", got, until)
	}
	if d := cmp.Diff([]string{"last:last"}, fullNames(next.depends.starts[0].refused)); d != "" {
		t.Error(d)
	}
}
