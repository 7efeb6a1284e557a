package faults

import (
	"os"
	"strings"
	"syscall"
)

// reread has the daemon read its configuration, which must differ in these groups from what is active.
func (s *soak) reread(added, changed, removed []string) {
	s.Helper()
	body := s.must("reloadConfig")
	s.named("pool_0").pool.read()
	var lists []string
	for _, names := range [][]string{added, changed, removed} {
		for _, name := range names {
			lists = append(lists, "<string>"+name+"</string>")
		}
	}
	rest := body
	for _, name := range lists {
		_, after, found := strings.Cut(rest, name)
		if !found {
			s.wrong("reread, added %v, changed %v, removed %v: %s", added, changed, removed, body)
		}
		rest = after
	}
	if n := strings.Count(body, "<string>"); n != len(lists) {
		s.wrong("reread finds %d changes, added %v, changed %v, removed %v: %s", n, added, changed, removed, body)
	}
}

// change adds a program with other keys than before, or removes it, as supervisorctl update does.
func (s *soak) change() {
	extra := s.named("extra")
	if extra.absent = !extra.absent; !extra.absent {
		s.reform()
	}
	s.rewrite()
	if extra.absent {
		s.reread(nil, nil, []string{extra.name})
		s.remove(extra)
		return
	}
	if s.plan(nil); s.rng.IntN(2) == 0 {
		if _, err := s.call("addProcessGroup", extra.name); err == nil || !strings.Contains(err.Error(), "BAD_NAME") {
			s.wrong("a plan has the daemon take a reading: %v after\n%s", err, strings.Join(s.done, "\n"))
		}
	}
	s.reread([]string{extra.name}, nil, nil)
	s.add(extra)
}

// update changes the section of a program, and has the program replaced, as supervisorctl update does.
func (s *soak) update() {
	p, _ := s.any()
	if extra := s.named("extra"); s.rng.IntN(2) == 0 && !extra.absent {
		p = extra
		s.reform()
	}
	s.vary(p)
	s.rewrite()
	s.reread(nil, []string{p.group()}, nil)
	s.remove(p)
	s.add(p)
}

// vary changes the section of a program.
func (s *soak) vary(p *soakProgram) {
	if p.pool == nil {
		p.variant++
		return
	}
	for _, m := range p.pool.members {
		m.variant++
	}
	if s.rng.IntN(2) == 0 {
		p.pool.file = 1 + s.rng.IntN(soakMost)
	}
}

// remove stops and removes a program. One that is between two runs cannot be stopped, so it is tried again.
func (s *soak) remove(p *soakProgram) {
	var err error
	if !poll(func() bool {
		s.must("stopProcessGroup", p.group(), true)
		_, err = s.call("removeProcessGroup", p.group())
		return s.faultOf(err) != "STILL_RUNNING"
	}) || err != nil {
		s.stop("%s cannot be removed: %v", p.group(), err)
	}
	s.did("remove %s", p.group())
	for _, m := range s.members(p) {
		m.on, m.maybe = false, false
	}
}

func (s *soak) add(p *soakProgram) {
	s.must("addProcessGroup", p.group())
	s.did("add %s", p.group())
	if p.pool != nil {
		p.pool.resize(p.pool.configured())
	}
	for _, m := range s.members(p) {
		m.added()
	}
}

// misconfigure shows that a wrong configuration changes nothing.
func (s *soak) misconfigure() {
	wrong := []string{"[program:wrong]\ncommand=/bin/true\nready=soon\n", "[program:wrong]\ncommand=/bin/true\nstop_sequence=KILL,INT\n",
		"[program:wrong]\nautostart=true\n"}
	s.rewrite(wrong[s.rng.IntN(len(wrong))])
	defer s.rewrite()
	s.did("a wrong configuration")
	if _, err := s.call("reloadConfig"); s.faultOf(err) != "CANT_REREAD" {
		s.wrong("reread of a wrong configuration: %v", err)
	}
	const line = "cannot restart, the configuration is wrong"
	n := s.count(line)
	s.signal(syscall.SIGHUP)
	s.awaitLog(line, n+1)
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
	s.restarted()
	s.check() // a stop before the first start would have no effect
}

// relaunch ends the daemon and starts another one, which knows what was kept.
func (s *soak) relaunch() {
	s.did("end and start")
	s.http.CloseIdleConnections()
	s.terminate()
	s.unlisten()
	s.launch(setup{})
	s.starts++
	s.awaitLog("supervisord started with pid", s.starts)
	if !poll(s.answers) {
		s.stop("no answer after a start: %v", s.done)
	}
	s.restarted()
	s.check()
}

// soakEnds are programs with which a daemon ends, by themselves or by a signal, and its exit status.
var soakEnds = []struct {
	config string
	signal syscall.Signal
	status int
}{
	{"command=/bin/sh -c 'exit 3'\nstartsecs=1\nstartretries=0\nexit_on=fatal", 0, 3},
	{"command=/bin/sh -c 'exit 5'\nstartsecs=0\nautorestart=true\ncrashlimit=3/1h\nexit_on=fatal", 0, 5},
	{"command=/bin/sleep 1000\npre_start_hook=/bin/false\nstartretries=0\nexit_on=fatal", 0, 1},
	{"command=/bin/sleep 1000\nready=notify\nready_timeout=0.1\nstartretries=0\nexit_on=fatal\nexit_code=42", 0, 42},
	{"command=/bin/true\nstartsecs=0\nautorestart=false\nexit_on=exit", 0, 0},
	{"command=/bin/sh -c 'exit 4'\nstartsecs=0\nautorestart=true\nexit_on=unexpected", 0, 4},
	{"command=/bin/sleep 1000\nstartsecs=0\nautorestart=true\nexit_on=unexpected", syscall.SIGKILL, 137},
	{"command=/bin/sleep 1000\nstartsecs=0\nautorestart=true\nexit_on=exit\nexit_code=7", syscall.SIGTERM, 7},
}

// endDaemon runs another daemon, which ends with one of its programs while others are started and stopped.
func (s *soak) endDaemon() {
	end := soakEnds[s.rng.IntN(len(soakEnds))]
	s.did("a daemon with %q", end.config)
	d := s.fault.start(setup{config: "[program:last]\nautostart=false\n" + end.config + "\n[program:other]\ncommand=/bin/sleep 1000\n" +
		"startsecs=0\nautorestart=true\n[program:slow]\nstartsecs=0\ncommand=/bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done'\n" +
		"stopwaitsecs=1\nkillasgroup=true\nstop_sequence=TERM:0.1\n"})
	d.await("RUNNING", 2)
	steps := []func(){
		func() {
			_, _ = d.call("startProcess", "last", false)
			if end.signal == 0 {
				return
			}
			if pid := d.pidOf("last"); pid != 0 {
				_ = syscall.Kill(pid, end.signal)
			}
		},
		func() { _, _ = d.call("restartProcess", "other", false) },
		func() { _, _ = d.call("stopProcess", "slow", false) },
		func() { _, _ = d.call("killProcess", "other", false) },
	}
	s.rng.Shuffle(len(steps), func(i, k int) { steps[i], steps[k] = steps[k], steps[i] })
	for _, step := range steps {
		step() // some find that the daemon has ended
	}
	d.awaitEnd()
	if got := d.cmd.ProcessState.ExitCode(); got != end.status {
		s.wrong("a daemon with %q: %s, want %d: %s", end.config, d.status(), end.status, d.tail())
	}
	if !poll(func() bool { return len(d.processes()) == 0 }) {
		s.wrong("a daemon with %q leaves %d processes", end.config, len(d.processes()))
	}
	s.endings++
	_ = os.RemoveAll(d.dir)
}
