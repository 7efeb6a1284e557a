package faults

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// soakProgram is a program of the soak test and its state in the model.
type soakProgram struct {
	name   string
	config string
	steady bool         // runs until it is stopped
	extra  bool         // comes and goes with the configuration
	needs  *soakProgram // what it depends on, or nil
	on     bool         // should run
	maybe  bool         // may be in any state
}

// allowed reports whether the model allows the state.
func (p *soakProgram) allowed(state string) bool {
	switch {
	case p.maybe || p.on && p.needs != nil && p.needs.maybe:
		return state != "UNKNOWN" && state != ""
	case p.needs != nil && !p.on:
		return state == "STOPPED" || state == "EXITED" // it ended before, and waited for its dependency
	case p.needs != nil && !p.needs.on: // it was started by request, runs on, or waits
		return state == "RUNNING" || state == "STOPPED" || state == "EXITED"
	case p.on && p.steady:
		return state == "RUNNING"
	case p.on:
		return state != "STOPPED" && state != "STOPPING" && state != "UNKNOWN"
	case p.steady: // a stop during the pause before a start leaves a program with a stop plan in EXITED
		return state == "STOPPED" || state == "EXITED" && p.name == "hooked"
	}
	return state == "STOPPED" || state == "EXITED" || state == "FATAL"
}

// soak is a run of the test: a daemon, the model, and the operations so far.
type soak struct {
	*daemon
	rng      *rand.Rand
	programs []*soakProgram
	present  bool // the extra program is in the configuration
	starts   int  // starts of supervisord, with restarts
	renames  int
	done     []string // the last operations, for messages
}

func newSoak(f *fault, seed uint64) *soak {
	base := &soakProgram{name: "base", steady: true, config: "command=/bin/sleep 1000"}
	s := &soak{rng: rand.New(rand.NewPCG(seed, 1)), starts: 1, present: true, programs: []*soakProgram{
		{name: "rotated", steady: true, config: "command=" + self + " child account {D}/totals\n" +
			"stdout_logfile={D}/rotated.log\nstdout_logfile_maxbytes=100KB\nstdout_logfile_backups=100000"},
		{name: "renamed", steady: true, config: "command=" + self + " child account {D}/totals\n" +
			"stdout_logfile={D}/renamed.log\nstdout_logfile_maxbytes=0"},
		{name: "sleep1", steady: true, config: "command=/bin/sleep 1000"},
		{name: "sleep2", steady: true, config: "command=/bin/sleep 1000\nstopsignal=INT"},
		{name: "stubborn", steady: true, config: "command=/bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done'\n" +
			"stopwaitsecs=1\nkillasgroup=true"},
		{name: "cat", steady: true, config: "command=/bin/cat\nstdout_logfile=NONE"},
		{name: "flaps", config: "command=/bin/echo flap\nstdout_logfile={D}/flaps.log\nstdout_logfile_maxbytes=50KB"},
		{name: "fails", config: "command=/bin/false\nstartsecs=1\nstartretries=1"},
		{name: "absent", config: "command=/nonexistent/program\nstartretries=1"},
		base,
		{name: "lost", steady: true, needs: base, config: "command=/bin/sleep 1000\ndepends_on=base\ndependency_loss=stop"},
		{name: "renewed", steady: true, needs: base, config: "command=/bin/sleep 1000\ndepends_on=base\ndependency_loss=restart"},
		{name: "hooked", steady: true, config: "command=/bin/sleep 1000\nstop_sequence=CONT:0.1,INT:5\n" +
			"pre_start_hook=/bin/true\npost_start_hook=/bin/true\npre_stop_hook=/bin/true\npost_stop_hook=/bin/true"},
		{name: "checked", steady: true, config: "command=/bin/sleep 1000\npre_start_hook=/bin/rm -f {D}/sick\n" +
			"liveness_check_script=/usr/bin/test ! -e {D}/sick\nliveness_check_initial_delay=0.1\n" +
			"liveness_check_period=0.1\nliveness_check_failure_threshold=2"},
		{name: "extra", steady: true, extra: true, config: "command=/bin/sleep 1000"},
	}}
	s.daemon = f.start(setup{config: s.configuration(), own: "minfds=1000"})
	s.started()
	return s
}

// configuration returns the sections of the programs.
func (s *soak) configuration() string {
	var b strings.Builder
	for _, p := range s.programs {
		if p.extra && !s.present {
			continue
		}
		fmt.Fprintf(&b, "[program:%s]\n%s\nautorestart=true\n", p.name, p.config)
		if !strings.Contains(p.config, "startsecs") {
			b.WriteString("startsecs=0\n")
		}
	}
	return b.String()
}

// started updates the model at a start of the daemon: all programs start.
func (s *soak) started() {
	for _, p := range s.programs {
		p.on, p.maybe = !p.extra || s.present, false
	}
}

// rewrite writes the configuration with or without the extra program.
func (s *soak) rewrite() {
	text := string(s.read("sd.conf"))
	base, _, _ := strings.Cut(text, "[program:")
	text = base + strings.ReplaceAll(s.configuration(), "{D}", s.dir)
	if err := os.WriteFile(s.path("sd.conf"), []byte(text), 0o644); err != nil {
		s.stop("%v", err)
	}
}

func (s *soak) did(format string, args ...any) {
	s.done = append(s.done, fmt.Sprintf(format, args...))
	s.done = s.done[max(0, len(s.done)-20):]
}

func (s *soak) any() *soakProgram {
	for {
		if p := s.programs[s.rng.IntN(len(s.programs))]; !p.extra || s.present {
			return p
		}
	}
}

// step performs an operation.
func (s *soak) step() {
	p := s.any()
	switch n := s.rng.IntN(100); {
	case n < 25:
		_, err := s.call("startProcess", p.name, s.rng.IntN(2) == 0)
		s.did("start %s: %v", p.name, err)
		switch {
		case err == nil || strings.Contains(err.Error(), "ALREADY_STARTED"):
			// A process that waits for others to be stopped before it is started already, and will stop.
			p.on, p.maybe = true, err != nil && p.name == "base"
		case !p.steady && strings.Contains(err.Error(), "ABNORMAL_TERMINATION"): // it was stopping, or has already exited
			p.maybe = true
		}
	case n < 45:
		_, err := s.call("stopProcess", p.name, s.rng.IntN(2) == 0)
		s.did("stop %s: %v", p.name, err)
		switch {
		case err == nil:
			p.on, p.maybe = false, false
		case p.on: // it was between two runs, or exits by itself
			p.maybe = true
		}
	case n < 60:
		if pid := s.pidOf(p.name); pid != 0 {
			s.did("kill %s, pid %d", p.name, pid)
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	case n < 68:
		s.rename()
	case n < 74:
		_, err := s.call("clearProcessLogs", "flaps")
		s.did("clear: %v", err)
	case n < 82:
		_, err := s.call("sendProcessStdin", "cat", strings.Repeat("text ", s.rng.IntN(2000)))
		s.did("stdin: %v", err)
	case n < 88:
		_, _ = s.call("readProcessStdoutLog", "rotated", -1000, 0)
		_, _ = s.call("tailProcessStdoutLog", "renamed", 0, 1000)
		_, err := s.call("readLog", -1000, 0)
		s.did("logs: %v", err)
	case n < 90:
		s.sicken()
	case n < 92:
		s.halfRequest()
	case n < 97:
		s.change()
	default:
		s.restart()
	}
}

// rename renames a log and has it reopened, as logrotate does.
func (s *soak) rename() {
	s.renames++
	err := os.Rename(s.path("renamed.log"), s.path(fmt.Sprintf("renamed.log.%d", s.renames)))
	s.did("rename: %v", err)
	n := s.count("supervisord logreopen")
	s.signal(syscall.SIGUSR2)
	s.awaitLog("supervisord logreopen", n+1)
}

// sicken lets the check of a program fail, until it has been started again.
func (s *soak) sicken() {
	s.did("sicken checked")
	if err := os.WriteFile(s.path("sick"), nil, 0o644); err != nil {
		s.stop("%v", err)
	}
}

// halfRequest connects, sends half of a request, and disconnects.
func (s *soak) halfRequest() {
	s.did("half a request")
	c, err := net.Dial("unix", s.path("s.sock"))
	if err != nil {
		s.wrong("cannot connect: %v", err)
		return
	}
	defer c.Close()
	_, _ = c.Write([]byte("POST /RPC2 HTTP/1.1\r\nContent-Length: 1000\r\n\r\n<methodCall>"))
}

// change adds or removes the extra program.
func (s *soak) change() {
	s.present = !s.present
	s.rewrite()
	s.must("reloadConfig")
	extra := s.programs[len(s.programs)-1]
	if s.present {
		_, err := s.call("addProcessGroup", extra.name)
		s.did("add: %v", err)
	} else {
		_, err := s.call("stopProcess", extra.name, true)
		_, err2 := s.call("removeProcessGroup", extra.name)
		s.did("remove: %v, %v", err, err2)
	}
	extra.on = s.present
}

// restart restarts the daemon.
func (s *soak) restart() {
	s.did("restart")
	s.signal(syscall.SIGHUP)
	s.starts++
	s.awaitLog("supervisord started with pid", s.starts)
	if !poll(s.answers) {
		s.stop("no answer after a restart: %v", s.done)
	}
	s.started()
	s.check() // a stop before the first start would have no effect
}

// check waits until every program is in a state that the model allows.
func (s *soak) check() {
	var bad string
	if !poll(func() bool {
		bad = ""
		for _, p := range s.programs {
			if p.extra && !s.present {
				continue
			}
			body, err := s.call("getProcessInfo", p.name)
			state := ""
			if m := stateName.FindStringSubmatch(body); err == nil && m != nil {
				state = m[1]
			}
			if !p.allowed(state) {
				bad = fmt.Sprintf("%s is to run: %v, and is %q %v", p.name, p.on, state, err)
			}
		}
		return bad == ""
	}) {
		s.stop("%s after\n%s\n%s", bad, strings.Join(s.done, "\n"), s.tail())
	}
}

// settle stops all programs and measures the daemon, once it has no more than most descriptors: it may need a moment to notice that
// clients have disconnected. 0 is any number.
func (s *soak) settle(most int) vitals {
	for _, p := range s.programs {
		p.on, p.maybe = false, false
	}
	s.stopAll()
	s.check()
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
	s.figure("%d operations, %d runs of the daemon, %d renames", operations, s.starts, s.renames)
	s.figure("%d restarts by checks, %d stops and %d restarts by dependencies",
		s.count("restarting checked: unhealthy"), s.count("stopping lost: dependency"), s.count("restarting renewed: dependency"))
	s.compare("soak", before, after, 4000)
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
