package faults

import (
	"slices"
	"strings"
)

// disable disables a program, which ends its waits; sometimes it is stopped, too.
func (s *soak) disable() {
	p, _ := s.any()
	s.check()
	was := s.infos()[p.name]
	stop := s.rng.IntN(2) == 0
	_, err := s.call("disableProcess", p.spec(), stop)
	s.did("disable %s, which was %s, stop %v: %v", p.name, was.state, stop, err)
	if fault := s.faultOf(err); fault != "" {
		s.wrong("disable %s: %v after\n%s", p.name, err, strings.Join(s.done, "\n"))
	}
	p.disabled = true
	switch {
	case p.kind == soakJob:
		s.idle(p)
	case stop:
		p.on, p.maybe = false, false
	case !p.on || p.stable(was) || p.kind == soakOnce || p.kind == soakEndless || p.kind == soakFails || p.kind == soakLimited && was.state == "FATAL":
	case p.after != "" && was.state == "STOPPED": // its wait is over
		p.on = false
	case p.after != "" && was.state == "RUNNING" && was.pid != p.killed:
	default: // it may be between two runs
		p.maybe = true
	}
}

// idle requires that the schedule of a program starts nothing. A start that has begun comes to its end.
func (s *soak) idle(p *soakProgram) {
	const line = "job starts by its schedule"
	before := s.count(line)
	others := s.count("restarting nightly: schedule")
	if nightly := s.named("nightly"); nightly.on && !nightly.disabled && !nightly.maybe { // times of both have come
		s.awaitLog("restarting nightly: schedule", others+1)
	}
	if n := s.count(line); n != before {
		s.wrong("the schedule of %s, which is disabled, starts it %d times", p.name, n-before)
	}
}

// enable enables a program again, one that is disabled if there is any, and sometimes starts it.
func (s *soak) enable() {
	p, _ := s.any()
	if disabled := slices.DeleteFunc(slices.Clone(s.programs), func(p *soakProgram) bool { return p.absent || !p.disabled }); len(disabled) > 0 {
		p = disabled[s.rng.IntN(len(disabled))]
	}
	_, err := s.call("enableProcess", p.spec())
	s.did("enable %s: %v", p.name, err)
	if fault := s.faultOf(err); fault != "" {
		s.wrong("enable %s: %v after\n%s", p.name, err, strings.Join(s.done, "\n"))
	}
	p.disabled = false
	if p.kind == soakJob {
		const line = "job starts by its schedule"
		s.awaitLog(line, s.count(line)+1)
	}
}
