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
}

// soakProgram is a program of the soak test and its state in the model.
type soakProgram struct {
	name   string
	kind   soakKind
	config string
	needs  string // what it depends on, if it is stopped or restarted with that
	after  string // what must have ended as expected before its first start

	absent  bool // it is not in the configuration
	variant int  // of its section
	on      bool // is to run
	maybe   bool // may be in any state
	crashes int  // of a limited one, since the last request to start it
	killed  int  // the pid that was killed last
}

// soakPrograms are the programs. What is not set in their sections is autorestart=true and startsecs=0. {D} is the directory of the
// daemon, {SELF} this binary.
func soakPrograms() []*soakProgram {
	const sleep = "command=/bin/sleep 1000\n"
	return []*soakProgram{
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

		{name: "notified", config: "command={SELF} child notify {D}/hung\nready=notify\nwatchdog=1\nstartretries=-1\n" +
			"pre_start_hook=/bin/rm -f {D}/hung"},
		{name: "needy", needs: "notified", config: sleep + "depends_on=notified:ready\ndependency_loss=stop"},
		{name: "byfd", config: "command=/bin/sh -c 'echo >&3; exec sleep 1000'\nready=fd:3\nstartretries=-1"},
		{name: "bylog", config: "command=/bin/sh -c 'echo is ready; exec sleep 1000'\nready=log:/ready$/\nstartretries=-1"},
		{name: "bycheck", config: sleep + "ready=check\nreadiness_check_script=/bin/true\nreadiness_check_period=0.1\nstartretries=-1"},
		{name: "unready", kind: soakFails, config: sleep + "ready=notify\nready_timeout=0.2\nstartretries=1\nbackoffincrement=0.1"},

		{name: "checked", config: sleep + "pre_start_hook=/bin/rm -f {D}/sick\nliveness_check_script=/usr/bin/test ! -e {D}/sick\n" +
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
	}
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
	text := fmt.Sprintf("[program:%s]\n%s\nenvironment=VARIANT=\"%d\"\n", p.name, p.config, p.variant)
	for _, line := range []string{"autorestart=true\n", "startsecs=0\n"} {
		if key, _, _ := strings.Cut(line, "="); !strings.Contains(p.config, key+"=") {
			text += line
		}
	}
	return strings.NewReplacer("{D}", dir, "{SELF}", self).Replace(text)
}

// added updates the model when the program is new in a daemon.
func (p *soakProgram) added() { p.on, p.maybe, p.crashes = p.autostarts(), false, 0 }

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

// named returns a program, nil if there is none of that name.
func (s *soak) named(name string) *soakProgram {
	i := slices.IndexFunc(s.programs, func(p *soakProgram) bool { return p.name == name })
	if i < 0 {
		return nil
	}
	return s.programs[i]
}
