package faults

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// soakAction is what an update does about a group or a process.
type soakAction struct{ action, spec, keys, status string }

// soakActions are the actions in an answer, by the group, and the process if they are about one.
func soakActions(body string) (list []soakAction) {
	for _, text := range strings.Split(body, "<struct>")[1:] {
		m := map[string]string{}
		for _, part := range memberText.FindAllStringSubmatch(text, -1) {
			m[part[1]] = part[2]
		}
		list = append(list, soakAction{m["action"], strings.TrimSuffix(m["group"]+":"+m["name"], ":"), m["keys"], m["status"]})
	}
	return list
}

// plan has the daemon say what an update would do.
func (s *soak) plan(options map[string]bool) []soakAction {
	s.Helper()
	args := []any{options}
	if options == nil {
		args = nil
	}
	list := soakActions(s.must("planConfig", args...))
	s.did("plan %v: %v", options, list)
	return list
}

// soakChange is a program whose section has changed.
type soakChange struct {
	program  *soakProgram
	restarts bool // it is in effect from the next start
}

// updateSome changes some programs at once, and has the daemon do the same by one of the kinds of an update.
func (s *soak) updateSome() {
	s.check()
	was := s.infos()
	changes := s.changeSome()
	extra := s.named("extra")
	toggled := s.rng.IntN(3) == 0
	if toggled {
		if extra.absent = !extra.absent; !extra.absent {
			s.reform()
		}
		changes = slices.DeleteFunc(changes, func(c soakChange) bool { return c.program == extra })
	}
	s.rewrite()
	options := []map[string]bool{{}, {"start": false}, {"minimal": true}, {"minimal": true}, {"minimal": true, "start": false}, {"restart": false},
		{"restart": false, "start": false}}[s.rng.IntN(7)]
	want := s.plan(options)
	s.samePids("a plan", s.stables(was, nil), was)
	got := s.apply(options)
	s.comparePlan(want, got, was)
	restarted, kept := s.updated(changes, options, was)
	pool := s.named("pool_0").pool
	pool.resize(pool.now)
	if toggled {
		if extra.added(); options["start"] == false && has(options, "start") || extra.absent {
			extra.on = false
		}
	}
	s.samePids("an update", s.stables(was, kept), was)
	s.check()
	s.otherPids("an update", restarted, was)
	s.samePids("an update", s.stables(was, kept), was)
}

func has(options map[string]bool, name string) bool { _, found := options[name]; return found }

// changeSome changes sections.
func (s *soak) changeSome() (changes []soakChange) {
	for range 1 + s.rng.IntN(3) {
		p, _ := s.any()
		if p.pool != nil {
			p = p.pool.members[0]
		}
		if slices.ContainsFunc(changes, func(c soakChange) bool { return c.program == p }) {
			continue
		}
		c := soakChange{p, s.rng.IntN(2) == 0}
		if c.restarts {
			s.vary(p)
		} else {
			p.priority = 1 + s.rng.IntN(2000)
			if p.pool != nil {
				p.pool.file = 1 + s.rng.IntN(soakMost)
			}
		}
		changes = append(changes, c)
	}
	return changes
}

// apply updates the configuration, sometimes while the daemon is upgraded. A program that ends and is started all the time may be between
// two runs when it is to be removed, so it is tried again.
func (s *soak) apply(options map[string]bool) (all []soakAction) {
	s.Helper()
	upgrade := s.rng.IntN(4) == 0
	for {
		type answer struct {
			body string
			err  error
		}
		answers := make(chan answer, 1)
		go func() {
			body, err := s.call("updateConfig", []string{}, options)
			answers <- answer{body, err}
		}()
		if upgrade {
			s.replaceProgram()
		}
		a := <-answers
		if a.err != nil {
			s.stop("update %v: %v after\n%s", options, a.err, strings.Join(s.done, "\n"))
		}
		list := soakActions(a.body)
		s.did("update %v: %v", options, list)
		all = append(all, list...)
		if !slices.ContainsFunc(list, func(a soakAction) bool { return a.status == "91" }) { // STILL_RUNNING
			return all
		}
	}
}

// comparePlan requires that an update has done to groups and processes that do not change by themselves what was planned.
func (s *soak) comparePlan(want, got []soakAction, was map[string]soakInfo) {
	s.Helper()
	clear := func(list []soakAction) map[soakAction]bool {
		set := map[soakAction]bool{}
		for _, a := range list {
			if a.action == "start" {
				a.action, a.keys = "add", "" // a new process that was started
			}
			p := s.named(a.spec[strings.IndexByte(a.spec, ':')+1:])
			if p == nil || p.stable(was[p.name]) {
				if a.status != "0" && a.status != "80" {
					s.wrong("update: %+v after\n%s", a, strings.Join(s.done, "\n"))
				}
				a.status = ""
				set[a] = true
			}
		}
		return set
	}
	if a, b := clear(want), clear(got); !maps.Equal(a, b) {
		s.wrong("planned was %v, done is %v after\n%s", a, b, strings.Join(s.done, "\n"))
	}
}

// stables are the programs that keep their pids, without those that an update may restart.
func (s *soak) stables(was map[string]soakInfo, without map[*soakProgram]bool) (list []*soakProgram) {
	for _, p := range s.programs {
		if !p.absent && p.stable(was[p.name]) && !without[p] {
			list = append(list, p)
		}
	}
	return list
}

// updated updates the model after an update. It returns the processes that must have been restarted, and all that may have been.
func (s *soak) updated(changes []soakChange, options map[string]bool, was map[string]soakInfo) (restarted []*soakProgram, touched map[*soakProgram]bool) {
	start := options["start"] || !has(options, "start")
	restart := options["restart"] || !has(options, "restart")
	minimal := options["minimal"] || !restart
	touched = map[*soakProgram]bool{}
	replaced := map[*soakProgram]bool{}
	for _, c := range changes {
		for _, m := range s.members(c.program) {
			now := was[m.name]
			stable := m.stable(now)
			switch {
			case !minimal:
				touched[m], replaced[m] = true, true
				s.replaced(m, now, start)
			case now.state == "FATAL" && start && m.autostarts() && !m.disabled:
				m.started("FATAL")
				touched[m] = true
			case now.state == "BACKOFF" || m.kind == soakFails: // it may be FATAL by now
				touched[m] = true
			case c.restarts && restart:
				touched[m] = true
				if stable {
					restarted = append(restarted, m)
				}
			}
			if !minimal && stable && m.on {
				restarted = append(restarted, m)
			}
		}
	}
	pool := s.named("pool_0").pool
	for _, m := range pool.resize(pool.read()) {
		if !minimal && !slices.ContainsFunc(changes, func(c soakChange) bool { return c.program.pool != nil }) {
			s.wrong("the number of %s changes without a change", pool.name)
		}
		m.added()
		m.on = m.on && start
		touched[m] = true
	}
	restarted = slices.DeleteFunc(restarted, func(p *soakProgram) bool { return p.absent || !p.on })
	return restarted, touched
}

// replaced updates the model when the group of a program was replaced.
func (s *soak) replaced(p *soakProgram, was soakInfo, start bool) {
	ran, sure := p.on, p.stable(was) || !p.on
	switch {
	case p.kind == soakOnce, was.state == "FATAL":
		ran, sure = false, true
	case p.kind == soakEndless:
		sure = true
	}
	maybe := p.maybe
	if p.added(); !start && p.on {
		p.on, p.maybe = ran, maybe || !sure
	}
}

// describe is the list of actions, for messages.
func (a soakAction) String() string {
	return fmt.Sprintf("%s %s (%s) %s", a.action, a.spec, a.keys, a.status)
}
