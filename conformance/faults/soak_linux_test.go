package faults

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// soak is a run of the test: a daemon, the model, and the operations so far.
type soak struct {
	*daemon
	rng      *rand.Rand
	programs []*soakProgram
	starts   int // starts of supervisord, with restarts
	renames  int
	upgrades int
	endings  int         // of daemons that ended with a process
	waiting  []net.Conn  // connections to a program that is stopped
	socket   uint64      // the inode of its socket
	modified []time.Time // when files were changed, lately
	done     []string    // the last operations, for messages
}

func newSoak(f *fault, seed uint64) *soak {
	s := &soak{rng: rand.New(rand.NewPCG(seed, 1)), starts: 1, programs: soakPrograms()}
	s.daemon = f.prepare(setup{own: "minfds=1000\nstatefile={D}/state",
		config: "[supervisorctl]\nserverurl=unix://{D}/s.sock\n[socket:web]\nlisten=unix://{D}/web.sock\n"})
	if err := os.Mkdir(s.path("watched"), 0o777); err != nil {
		s.stop("%v", err)
	}
	s.rewrite()
	s.launch(setup{})
	if !poll(func() bool { return s.answers() || !s.runs() }) || !s.runs() {
		s.stop("supervisord does not come up: %s", s.tail())
	}
	s.restarted()
	return s
}

// restarted updates the model at a start of the daemon.
func (s *soak) restarted() {
	pool := s.named("pool_0").pool
	pool.resize(pool.read())
	for _, p := range s.programs {
		if !p.absent {
			p.added()
		}
	}
}

// rewrite writes the configuration, with more sections at its end.
func (s *soak) rewrite(more ...string) {
	text := string(s.read("sd.conf"))
	base, _, _ := strings.Cut(text, "[program:")
	var b strings.Builder
	b.WriteString(base)
	for _, p := range s.programs {
		switch {
		case p.pool != nil && p.number == 0:
			b.WriteString(p.pool.section(s.dir))
		case p.pool == nil && !p.absent:
			b.WriteString(p.section(s.dir))
		}
	}
	b.WriteString(strings.Join(more, "\n"))
	if err := os.WriteFile(s.path("sd.conf"), []byte(b.String()), 0o644); err != nil {
		s.stop("%v", err)
	}
}

func (s *soak) did(format string, args ...any) {
	s.done = append(s.done, fmt.Sprintf(format, args...))
	s.done = s.done[max(0, len(s.done)-20):]
}

// any returns a program of the configuration and its state. It waits for a limited one to be where the model expects it: whether a
// request forgets its crashes depends on the state.
func (s *soak) any() (p *soakProgram, now soakInfo) {
	for p == nil || p.absent {
		p = s.programs[s.rng.IntN(len(s.programs))]
	}
	if p.kind == soakLimited {
		s.check()
	}
	return p, s.infos()[p.name]
}

// memberText matches a member of a struct.
var memberText = regexp.MustCompile(`(?s)<name>(\w+)</name>\s*<value><(?:string|int|boolean)>(.*?)</`)

// structs returns the structs of a response by the member name.
func structs(body string) map[string]map[string]string {
	all := map[string]map[string]string{}
	for _, text := range strings.Split(body, "<struct>")[1:] {
		members := map[string]string{}
		for _, m := range memberText.FindAllStringSubmatch(text, -1) {
			members[m[1]] = m[2]
		}
		all[members["name"]] = members
	}
	return all
}

// infos returns what clients see of all processes.
func (s *soak) infos() map[string]soakInfo {
	s.Helper()
	all := map[string]soakInfo{}
	for name, m := range structs(s.must("getAllProcessInfo")) {
		pid, _ := strconv.Atoi(m["pid"])
		exit, _ := strconv.Atoi(m["exitstatus"])
		all[name] = soakInfo{m["statename"], pid, exit}
	}
	return all
}

// check waits until every program is in a state that the model allows.
func (s *soak) check() {
	s.Helper()
	var bad string
	if !poll(func() bool {
		bad = ""
		now := s.infos()
		for _, p := range s.programs {
			switch _, found := now[p.name]; {
			case p.absent && found:
				bad = fmt.Sprintf("%s is not configured, and is %+v", p.name, now[p.name])
			case !p.absent && !s.allowed(p, now):
				bad = fmt.Sprintf("%s is to run: %v (disabled: %v), and is %+v", p.name, p.on, p.disabled, now[p.name])
			}
			delete(now, p.name)
		}
		if len(now) > 0 {
			bad = fmt.Sprintf("there are also %v", now)
		}
		return bad == ""
	}) {
		s.stop("%s after\n%s\n%s", bad, strings.Join(s.done, "\n"), s.tail())
	}
}

// settle enables and stops all programs and measures the daemon, once it has no more than most descriptors: it may need a moment to notice that
// clients have disconnected. 0 is any number.
func (s *soak) settle(most int) vitals {
	for _, p := range s.programs { // files of a disabled one are not watched
		switch job := p.kind == soakJob; {
		case job && !p.disabled: // memory is returned when nothing has been started for a moment
			s.must("disableProcess", p.spec(), true)
		case !job && p.disabled:
			s.must("enableProcess", p.spec())
		}
		p.disabled = p.kind == soakJob
	}
	bounded := s.named("bounded") // which starts by the shim, whose pipe stays open from the first such start on
	if _, err := s.call("startProcess", bounded.name, true); s.faultOf(err) != "" && s.faultOf(err) != "ALREADY_STARTED" {
		s.wrong("the start of %s: %v", bounded.name, err)
	}
	s.must("stopAllProcesses")
	s.must("killAllProcesses") // what is between two runs cannot be stopped
	for _, p := range s.programs {
		p.on, p.maybe = false, false
	}
	s.check()
	if !poll(func() bool { return len(s.processes()) == 1 }) { // hooks end later
		s.stop("%d processes run beside supervisord after\n%s\n%s\n%s", len(s.processes())-1, commandLines(s.processes()),
			strings.Join(s.done, "\n"), s.tail())
	}
	s.http.CloseIdleConnections()
	v := s.measure()
	poll(func() bool {
		next := s.measure()
		same := next == v
		v = next
		return same && (most == 0 || v.descriptors <= most)
	})
	return v
}

// audit checks the lines of every run of the writers. A run that was killed must have its first lines without a gap, any other all
// lines that it reported.
func (s *soak) audit() (runs, lines int) {
	counts := map[string]int{}
	for _, pattern := range []string{"rotated.log*", "renamed.log*"} {
		names, _ := filepath.Glob(s.path(pattern))
		for _, name := range names {
			for line := range bytes.Lines(s.read(filepath.Base(name))) {
				run, _, _ := bytes.Cut(line, []byte(" "))
				counts[string(run)]++
				lines++
			}
		}
	}
	for total := range strings.Lines(string(s.read("totals"))) {
		run, text, _ := strings.Cut(strings.TrimSpace(total), " ")
		if want, _ := strconv.Atoi(text); counts[run] != want {
			s.wrong("of %d lines of run %s %d are found", want, run, counts[run])
		}
		runs++
	}
	return runs, lines
}

// soakLines are lines of the main log whose numbers show that a run had something of everything.
var soakLines = []struct{ what, line string }{
	{"restarts by checks", "restarting checked: unhealthy"},
	{"by watchdogs", "restarting notified: watchdog"},
	{"by dependencies", "restarting renewed: dependency"},
	{"stops by dependencies", "stopping lost: dependency"},
	{"waits for a one-shot", "after waits for once:exited"},
	{"starts that were not ready in time", "unready is not ready after"},
	{"hooks that failed", "hookfails: pre_start_hook failed"},
	{"that hung", "slow: pre_stop_hook failed (timed out"},
	{"crash limits", "gave up: limited entered FATAL state, 3 crashes"},
	{"restarts by schedules", "restarting nightly: schedule"},
	{"by age", "restarting aging: age"},
	{"by memory", "restarting heavy: memory"},
	{"by files", "restarting watching: file"},
	{"by updates", ": update (environment)"},
	{"starts by a schedule", "job starts by its schedule"},
	{"signals that did not suffice", "planned did not stop within 0.1 seconds, going on with SIGINT"},
}

func TestSoak(t *testing.T) {
	duration, err := time.ParseDuration(os.Getenv("SOAK_DURATION"))
	if err != nil {
		t.Skip("SOAK_DURATION does not say for how long: make soak DURATION=2m")
	}
	f := begin(t, "under random operations every program is in a state that the model allows, all output is in a log, "+
		"and nothing grows")
	seed, err := strconv.ParseUint(os.Getenv("SOAK_SEED"), 10, 64)
	if err != nil {
		seed = uint64(time.Now().UnixNano())
	}
	f.figure("seed %d", seed)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the same operations again: make soak DURATION=%v SEED=%d", duration, seed)
		}
	})
	s := newSoak(f, seed)
	s.check()
	operations := 0
	run := func(d time.Duration) {
		for end := time.Now().Add(d); time.Now().Before(end); operations++ {
			s.step()
			if s.rng.IntN(4) == 0 { // sometimes the next operation comes before the last one has taken effect
				s.check()
			}
		}
	}
	run(duration / 4)
	before := s.settle(0)
	s.restart()
	run(duration - duration/4)
	after := s.settle(before.descriptors)
	s.figure("%d operations, %d runs of the daemon, %d upgrades, %d renames, %d daemons that ended with a process", operations, s.starts,
		s.upgrades, s.renames, s.endings)
	for _, l := range soakLines {
		s.figure("%d %s", s.count(l.line), l.what)
	}
	s.compare("soak", before, after, 4000)
	s.restart() // the shutdown has something to stop
	s.terminate()
	runs, lines := s.audit()
	s.figure("%d runs of writers, all their lines found; %d lines in all", runs, lines)
	if runs == 0 {
		s.wrong("no run was counted")
	}
	if left := s.processes(); len(left) > 0 {
		s.wrong("%d processes are left", len(left))
	}
}
