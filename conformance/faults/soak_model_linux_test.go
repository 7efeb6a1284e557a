package faults

import (
	"fmt"
	"slices"
	"strings"
)

// soakKind is what a program of the soak test does by itself.
type soakKind uint8

const (
	soakSteady  soakKind = iota // runs until it is stopped, and is restarted when it ends
	soakFlaps                   // ends at once, and is restarted
	soakFails                   // no start succeeds, and it gives up
	soakEndless                 // no start succeeds, and it never gives up
	soakOnce                    // ends at once, and is not restarted
	soakLimited                 // steady, but FATAL after crashLimit unexpected ends
	soakJob                     // ends at once, and is started by a schedule
)

// crashLimit is the number of unexpected ends after which a program of the kind soakLimited is FATAL.
const crashLimit = 3

// soakStates are the states that programs of each kind come to when they are wanted, and when they are stopped. What is stopped between
// two runs stays EXITED.
var soakStates = [...]struct{ on, off []string }{
	soakSteady:  {[]string{"RUNNING"}, []string{"STOPPED", "EXITED"}},
	soakFlaps:   {[]string{"STARTING", "RUNNING", "EXITED"}, []string{"STOPPED", "EXITED"}},
	soakFails:   {[]string{"STARTING", "BACKOFF", "FATAL"}, []string{"STOPPED", "FATAL"}},
	soakEndless: {[]string{"STARTING", "BACKOFF"}, []string{"STOPPED"}},
	soakOnce:    {[]string{"EXITED"}, []string{"STOPPED", "EXITED"}},
	soakLimited: {[]string{"RUNNING"}, []string{"STOPPED", "EXITED", "FATAL"}},
	soakJob:     {[]string{"STOPPED", "STARTING", "RUNNING", "EXITED"}, []string{"STOPPED", "STARTING", "RUNNING", "EXITED"}},
}

// soakProgram is a program of the soak test, or a process of one with several, and its state in the model.
type soakProgram struct {
	name     string
	kind     soakKind
	config   string
	needs    string // what it depends on, if it is stopped or restarted with that
	after    string // what must have ended as expected before its first start
	restless bool   // it is restarted by itself, at any time
	pool     *soakPool
	number   int // in the pool

	absent   bool // it is not in the configuration
	variant  int  // of its section, which counts from the next start
	priority int  // in its section, which counts at once
	on       bool // is to run
	maybe    bool // may be in any state
	disabled bool
	crashes  int // of a limited one, since the last request to start it
	killed   int // the pid that was killed last
}

// soakPrograms are the programs. What is not set in their sections is autorestart=true and startsecs=0. {D} is the directory of the
// daemon, {SELF} this binary.
func soakPrograms() []*soakProgram {
	const sleep = "command=/bin/sleep 1000\n"
	programs := []*soakProgram{
		{name: "rotated", config: "command={SELF} child account {D}/totals\nstdout_logfile={D}/rotated.log\n" +
			"stdout_logfile_maxbytes=100KB\nstdout_logfile_backups=100000"},
		{name: "renamed", config: "command={SELF} child account {D}/totals\nstdout_logfile={D}/renamed.log\nstdout_logfile_maxbytes=0"},
		{name: "sleep1", config: sleep},
		{name: "sleep2", config: sleep + "stopsignal=INT"},
		{name: "stubborn", config: "command=/bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done'\nstopwaitsecs=1\nkillasgroup=true"},
		{name: "cat", config: "command=/bin/cat\nstdout_logfile=NONE"},
		{name: "flaps", kind: soakFlaps, config: "command=/bin/echo flap\nstdout_logfile={D}/flaps.log\nstdout_logfile_maxbytes=50KB"},
		{name: "fails", kind: soakFails, config: "command=/bin/false\nstartsecs=1\nstartretries=1"},
		{name: "absent", kind: soakFails, config: "command=/nonexistent/program\nstartretries=1"},
		{name: "extra", config: sleep},

		{name: "base", config: sleep},
		{name: "lost", needs: "base", config: sleep + "depends_on=base\ndependency_loss=stop"},
		{name: "renewed", needs: "base", config: sleep + "depends_on=base:started\ndependency_loss=restart"},
		{name: "once", kind: soakOnce, config: "command=/bin/true\nautorestart=false"},
		{name: "after", after: "once", config: sleep + "depends_on=once:exited"},

		{name: "notified", restless: true, config: "command={SELF} child notify {D}/hung\nready=notify\nwatchdog=1\nstartretries=-1\n" +
			"pre_start_hook=/bin/rm -f {D}/hung"},
		{name: "needy", needs: "notified", config: sleep + "depends_on=notified:ready\ndependency_loss=stop"},
		{name: "byfd", config: "command=/bin/sh -c 'echo >&3; exec sleep 1000'\nready=fd:3\nstartretries=-1"},
		{name: "bylog", config: "command=/bin/sh -c 'echo is ready; exec sleep 1000'\nready=log:/ready$/\nstartretries=-1"},
		{name: "bycheck", config: sleep + "ready=check\nreadiness_check_script=/bin/true\nreadiness_check_period=0.1\nstartretries=-1"},
		{name: "unready", kind: soakFails, config: sleep + "ready=notify\nready_timeout=0.2\nstartretries=1\nbackoffincrement=0.1"},

		{name: "checked", restless: true, config: sleep + "pre_start_hook=/bin/rm -f {D}/sick\nliveness_check_script=/usr/bin/test ! -e {D}/sick\n" +
			"liveness_check_initial_delay=0.1\nliveness_check_period=0.1\nliveness_check_failure_threshold=2"},
		{name: "well", needs: "checked", config: sleep + "depends_on=checked:healthy\ndependency_loss=restart"},

		{name: "hooked", config: sleep + "stop_sequence=CONT:0.1,INT:5\nreload_command=/bin/true\n" +
			"pre_start_hook=/bin/true\npost_start_hook=/bin/true\npre_stop_hook=/bin/true\npost_stop_hook=/bin/true"},
		{name: "slow", config: sleep + "hook_timeout=0.2\npost_start_hook=/bin/sleep 1000\npre_stop_hook=/bin/sleep 1000\n" +
			"stop_command=/bin/sleep 1000\nreload_command=/bin/sleep 1000\n" +
			"post_stop_hook=/bin/sh -c 'trap \"\" TERM; sleep 1000; sleep 1000'"},
		{name: "hookfails", kind: soakFails, config: sleep + "pre_start_hook=/bin/false\npost_stop_hook=/bin/false\nstartretries=1\n" +
			"backoffincrement=0.1"},
		{name: "hookhangs", kind: soakFails, config: sleep + "pre_start_hook=/bin/sleep 1000\nhook_timeout=0.2\nstartretries=1\n" +
			"backoffincrement=0.1"},
		{name: "planned", config: "command=/bin/sh -c 'trap \"\" TERM INT; while :; do sleep 1; done'\nkillasgroup=true\n" +
			"stop_sequence=TERM:0.1,INT:0.1,KILL\nkillwaitsecs=1\nreload_command=/bin/false"},

		{name: "paused", config: sleep + "restartpause=0.2"},
		{name: "limited", kind: soakLimited, config: sleep + fmt.Sprintf("crashlimit=%d/1h", crashLimit)},
		{name: "endless", kind: soakEndless, config: "command=/bin/false\nstartsecs=1\nstartretries=-1\nbackoffincrement=0.05\n" +
			"backofffactor=2\nmaxbackoff=0.4\nbackoffjitter=0.5\nrestartpause=0.05"},

		{name: "job", kind: soakJob, config: "command=/bin/true\nautorestart=false\ncron=* * * * * *"},
		{name: "nightly", restless: true, config: sleep + "restart_cron=@every 3s"},
		{name: "aging", restless: true, config: sleep + "maxage=2\nmaxage_jitter=1"},
		{name: "heavy", restless: true, config: "command=/bin/sh -c 'while :; do sleep 0.2; test -e {D}/fat && x=$(head -c 40000000 /dev/zero | " +
			"tr \"\\0\" x); done'\nstopasgroup=true\nkillasgroup=true\npre_start_hook=/bin/rm -f {D}/fat\nmaxmemory=25MB\nmaxmemory_interval=1"},
		{name: "watching", restless: true, config: sleep + "restart_directory_monitor={D}/watched\nrestart_debounce=0.1"},
		{name: "served", config: "command={SELF} child accept\nsockets=web"},
		{name: "bounded", config: sleep + "nice=5\nrlimit_nofile=100:200\noom_score_adj=300\npdeathsig=KILL\nlogin_env=true"},
	}
	return append(programs, newSoakPool("pool", sleep)...)
}

// soakForms are the programs whose kind and keys the program extra takes, one after the other at random.
var soakForms = []string{"sleep1", "flaps", "fails", "once", "byfd", "bylog", "slow", "hookfails", "planned", "paused", "limited", "endless"}

// reform gives the program extra other keys. Some forms are not started without a request.
func (s *soak) reform() {
	extra, form := s.named("extra"), s.named(soakForms[s.rng.IntN(len(soakForms))])
	extra.kind, extra.config = form.kind, strings.ReplaceAll(form.config, "{D}/flaps", "{D}/extra")
	if s.rng.IntN(3) == 0 {
		extra.config += "\n" + noAutostart
	}
}

const noAutostart = "autostart=false"

// autostarts reports whether the program is started without a request.
func (p *soakProgram) autostarts() bool { return !strings.Contains(p.config, noAutostart) }

// section returns the section of the program.
func (p *soakProgram) section(dir string) string {
	text := fmt.Sprintf("[program:%s]\n%s\nenvironment=VARIANT=\"%d\"\n", p.group(), p.config, p.variant)
	if p.priority != 0 {
		text += fmt.Sprintf("priority=%d\n", p.priority)
	}
	for _, line := range []string{"autorestart=true\n", "startsecs=0\n"} {
		if key, _, _ := strings.Cut(line, "="); !strings.Contains(p.config, key+"=") {
			text += line
		}
	}
	return strings.NewReplacer("{D}", dir, "{SELF}", self).Replace(text)
}

// group is the name of the program, which is that of its group.
func (p *soakProgram) group() string {
	if p.pool != nil {
		return p.pool.name
	}
	return p.name
}

// spec is the name for requests.
func (p *soakProgram) spec() string {
	if p.pool != nil {
		return p.pool.name + ":" + p.name
	}
	return p.name
}

// added updates the model when the program is new in a daemon.
func (p *soakProgram) added() { p.on, p.maybe, p.crashes = p.autostarts() && !p.disabled, false, 0 }

// stable reports whether nothing but a request changes the pid of a program that the model knows to run, and was so.
func (p *soakProgram) stable(was soakInfo) bool {
	return (p.kind == soakSteady || p.kind == soakLimited) && p.on && !p.maybe && p.needs == "" && !p.restless &&
		was.state == "RUNNING" && was.pid != p.killed
}

// started updates the model when a start has been accepted. Was is the state before.
func (p *soakProgram) started(was string) {
	p.on, p.maybe = true, false
	if was != "RUNNING" {
		p.crashes = 0
	}
}

// soakInfo is what clients see of a process.
type soakInfo struct {
	state     string
	pid, exit int
}

// allowed reports whether the model allows the state that a program is in, beside those of the others.
func (s *soak) allowed(p *soakProgram, now map[string]soakInfo) bool {
	state := now[p.name].state
	needs := s.named(p.needs)
	switch {
	case p.maybe || p.on && needs != nil && needs.maybe:
		return state != "UNKNOWN" && state != ""
	case p.on && needs != nil && !needs.on: // it was started by request, runs on, or waits
		return slices.Contains([]string{"RUNNING", "STOPPED", "EXITED"}, state)
	case p.on && p.after != "" && state == "STOPPED":
		before := now[p.after]
		return before.state != "EXITED" || before.exit != 0
	case p.on && p.kind == soakLimited && p.crashes >= crashLimit:
		return state == "FATAL"
	case p.on:
		return slices.Contains(soakStates[p.kind].on, state)
	}
	return slices.Contains(soakStates[p.kind].off, state)
}

// unmet reports whether a request to start several programs may refuse to start the program, because what it depends on is not started.
func (s *soak) unmet(p *soakProgram) bool {
	for _, name := range []string{p.needs, p.after} {
		if on := s.named(name); on != nil && (!on.on || on.maybe || on.disabled) {
			return true
		}
	}
	return false
}

// named returns a program, nil if there is none of that name.
func (s *soak) named(name string) *soakProgram {
	i := slices.IndexFunc(s.programs, func(p *soakProgram) bool { return p.name == name })
	if i < 0 {
		return nil
	}
	return s.programs[i]
}
