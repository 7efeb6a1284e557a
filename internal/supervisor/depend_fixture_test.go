package supervisor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
)

// fixture is a world of programs that depend on each other.
type fixture struct{ *world }

// readPrograms reads a configuration in which a line such as "web depends_on=db priority=1" is a program, and one that begins with a bracket
// another section.
func readPrograms(t *testing.T, text string) *config.Config {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(text) {
		header, keys, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case header == "":
			continue
		case header[0] != '[':
			header = "[program:" + header + "]\ncommand=/bin/sh\nstdout_logfile=NONE\nstderr_logfile=NONE\nautorestart=false"
		}
		b.WriteString(header + "\n" + strings.ReplaceAll(keys, " ", "\n") + "\n")
	}
	if !strings.Contains(text, "[supervisord]") {
		b.WriteString("[supervisord]\n")
	}
	file := filepath.Join(t.TempDir(), "supervisord.conf")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	options, err := config.ParseArgs("supervisord", []string{"-c", file})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(options, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// readExtra reads the optional keys of a program, as in "ready=notify hook_timeout=5".
func readExtra(t *testing.T, keys string) *config.Extra {
	t.Helper()
	return readPrograms(t, "p "+keys).Groups[0].Processes[0].Extra
}

// newFixture makes a fixture in which the first starts that can be done are done.
func newFixture(t *testing.T, text string) *fixture {
	t.Helper()
	s := &fixture{newWorldOf(t, readPrograms(t, text))}
	s.settle()
	return s
}

// newRunning makes a fixture in which everything runs.
func newRunning(t *testing.T, text string) *fixture {
	t.Helper()
	s := newFixture(t, text)
	s.pass(time.Minute)
	for _, p := range s.Processes() {
		if p.State() != api.Running {
			t.Fatalf("%s is %v", p.Name(), p.State())
		}
	}
	s.trace = nil
	s.lines()
	return s
}

// named are the processes of these names, in any group.
func (s *fixture) named(names ...string) (list []*process.Process) {
	s.t.Helper()
	for _, name := range names {
		i := slices.IndexFunc(s.Processes(), func(p *process.Process) bool { return p.Name() == name })
		if i < 0 {
			s.t.Fatalf("no process %s", name)
		}
		list = append(list, s.Processes()[i])
	}
	return list
}

func (s *fixture) p(name string) *process.Process { s.t.Helper(); return s.named(name)[0] }

// stop is a request to stop processes.
func (s *fixture) stop(names ...string) {
	s.t.Helper()
	all := s.named(names...)
	stop := func(p *process.Process) string { return p.Stop(s.now) }
	if s.BeginStop(all, s.now) {
		stop = func(p *process.Process) string { return s.StopInTurn(p, s.now) }
	}
	for _, p := range all {
		if problem := stop(p); problem != "" {
			s.t.Errorf("%s: %s", p.Name(), problem)
		}
	}
	s.settle()
}

// start is a request to start processes.
func (s *fixture) start(names ...string) {
	s.t.Helper()
	all := s.named(names...)
	ordered := s.BeginStart(all)
	for _, p := range all {
		if !(ordered && s.HoldStart(p)) && !p.Keep() {
			p.Start(s.now)
		}
	}
	s.settle()
}

// restart is a request to restart processes.
func (s *fixture) restart(names ...string) {
	s.t.Helper()
	all := s.named(names...)
	restart := func(p *process.Process) bool { return p.Restart(s.now) }
	hold := func(*process.Process) bool { return false }
	if s.BeginRestart(all, s.now) {
		restart, hold = func(p *process.Process) bool { return s.RestartInTurn(p, s.now) }, s.HoldStart
	}
	for _, p := range all {
		if !restart(p) && !hold(p) {
			p.Start(s.now)
		}
	}
	s.settle()
}

// ends has children end, by themselves or because they are being stopped.
func (s *fixture) ends(names ...string) {
	s.t.Helper()
	for _, name := range names {
		s.trace = append(s.trace, "-"+name)
		s.exit(name, by(syscall.SIGTERM))
	}
}

// proceed has the children that are being stopped end, one at a time, until nothing happens any more.
func (s *fixture) proceed() {
	s.t.Helper()
	for {
		before := len(s.trace)
		for _, p := range s.Processes() {
			if p.State() == api.Stopping && p.PID() != 0 {
				s.ends(p.Name())
				break
			}
		}
		if len(s.trace) == before {
			s.pass(2 * time.Second) // startsecs and the longest pause
		}
		if len(s.trace) == before {
			return
		}
	}
}

// took compares what was started (+), has ended (-) and was signalled since the last call.
func (s *fixture) took(want string) {
	s.t.Helper()
	if d := cmp.Diff(want, strings.Join(s.trace, ", ")); d != "" {
		s.t.Errorf("took (-want +got):\n%s", d)
	}
	s.trace = nil
}

// logged compares the lines of the main log that are about dependencies.
func (s *fixture) logged(want ...string) {
	s.t.Helper()
	var got []string
	for _, line := range s.lines("INFO", "WARN") {
		if !strings.Contains(line, "spawned") && !strings.Contains(line, "success") && !strings.Contains(line, "stopped: ") &&
			!strings.Contains(line, "exited: ") {
			got = append(got, line)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		s.t.Errorf("log (-want +got):\n%s", d)
	}
}

// is compares the states of processes and what they wait for, such as "db RUNNING, web STOPPED (db:running)".
func (s *fixture) is(want string) {
	s.t.Helper()
	var got []string
	for _, text := range strings.Split(want, ", ") {
		name, _, _ := strings.Cut(text, " ")
		p := s.p(name)
		text = name + " " + p.State().String()
		if waits := p.Gate().WaitsFor; waits != "" {
			text += " (" + strings.ReplaceAll(waits, ", ", "; ") + ")"
		}
		got = append(got, text)
	}
	if d := cmp.Diff(want, strings.Join(got, ", ")); d != "" {
		s.t.Errorf("(-want +got):\n%s", d)
	}
}

// left reports what is kept of requests that are over.
func (s *fixture) left() {
	s.t.Helper()
	d := s.depends
	if d == nil {
		return
	}
	if len(d.starts)+len(d.stops)+len(d.changed)+len(d.pace.starting) > 0 || d.due() {
		s.t.Errorf("left: %d starts, %d stops, %d gates, %d starting", len(d.starts), len(d.stops), len(d.changed), len(d.pace.starting))
	}
	for _, p := range s.Processes() {
		if g := p.Gate(); g.Stops || g.Again || g.Held || p.State() == api.Running && g.WaitsFor != "" {
			s.t.Errorf("%s: %+v", p.Name(), g)
		}
	}
}
