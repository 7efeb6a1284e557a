package faults

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// soakMost is the largest number of processes of a pool.
const soakMost = 5

// soakPool is a program with several processes.
type soakPool struct {
	name    string
	members []*soakProgram // as many as there can be; those beyond the number are absent
	file    int            // numprocs in the file
	now     int            // the number
	scaled  bool           // it counts in place of that in the file,
	from    int            // as long as this is there
	to      int
}

func newSoakPool(name, config string) []*soakProgram {
	pool := &soakPool{name: name, file: 3}
	for i := range soakMost {
		pool.members = append(pool.members, &soakProgram{name: fmt.Sprintf("%s_%d", name, i), pool: pool, number: i, config: config +
			"process_name=%(program_name)s_%(process_num)d"})
	}
	pool.resize(pool.file)
	return pool.members
}

// resize changes which processes there are, and returns those that are new.
func (p *soakPool) resize(n int) (added []*soakProgram) {
	p.now = n
	for i, m := range p.members {
		was := m.absent
		if m.absent = i >= n; m.absent {
			m.on, m.maybe = false, false
		} else if was {
			added = append(added, m)
		}
	}
	return added
}

// read updates the model when the daemon takes a reading of the file: a number in it that has changed wins. It returns the number that
// is configured then.
func (p *soakPool) read() int {
	if p.scaled && p.from != p.file {
		p.scaled = false
	}
	return p.configured()
}

func (p *soakPool) configured() int {
	if p.scaled && p.from == p.file {
		return p.to
	}
	return p.file
}

func (p *soakPool) section(dir string) string {
	return p.members[0].section(dir) + fmt.Sprintf("numprocs=%d\n", p.file)
}

// members are the processes of a program that there are.
func (s *soak) members(p *soakProgram) (list []*soakProgram) {
	if p.pool == nil {
		return []*soakProgram{p}
	}
	for _, m := range p.pool.members {
		if !m.absent {
			list = append(list, m)
		}
	}
	return list
}

// scale changes the number of processes of a pool. The others go on.
func (s *soak) scale() {
	pool := s.named("pool_0").pool
	if s.rng.IntN(2) == 0 {
		s.check()
	}
	was := s.infos()
	n, wait, start := s.rng.IntN(soakMost+1), s.rng.IntN(2) == 0, s.rng.IntN(4) > 0
	body, err := s.call("scaleProgram", pool.name, n, wait, start)
	s.did("scale %s from %d to %d, wait %v, start %v: %v", pool.name, pool.now, n, wait, start, err)
	if err != nil {
		if s.faultOf(err) != "FAILED" || !strings.Contains(err.Error(), "is being scaled") {
			s.wrong("scale: %v after\n%s", err, strings.Join(s.done, "\n"))
		}
		return
	}
	kept := make([]*soakProgram, 0, soakMost)
	for _, m := range pool.members[:min(pool.now, n)] {
		if m.stable(was[m.name]) {
			kept = append(kept, m)
		}
	}
	pool.scaled, pool.from, pool.to = n != pool.file, pool.file, n
	for _, m := range pool.resize(n) {
		m.on = start && !m.disabled
	}
	for name, result := range structs(body) {
		if fault := s.statusOf(result); fault != "" {
			s.wrong("scale: %s: %s after\n%s", name, fault, strings.Join(s.done, "\n"))
		}
	}
	s.samePids("a change of numprocs", kept, was)
}

// samePids requires that processes still have their pids.
func (s *soak) samePids(what string, programs []*soakProgram, was map[string]soakInfo) {
	s.Helper()
	now := s.infos()
	for _, p := range programs {
		if now[p.name].pid != was[p.name].pid {
			s.wrong("%s changes the pid of %s from %+v to %+v after\n%s", what, p.name, was[p.name], now[p.name], strings.Join(s.done, "\n"))
		}
	}
}

// otherPids requires that processes run with other pids.
func (s *soak) otherPids(what string, programs []*soakProgram, was map[string]soakInfo) {
	s.Helper()
	now := s.infos()
	for _, p := range programs {
		if n := now[p.name]; n.pid == was[p.name].pid || n.pid == 0 {
			s.wrong("%s does not restart %s: %+v before, %+v after\n%s", what, p.name, was[p.name], n, strings.Join(s.done, "\n"))
		}
	}
}

// roll restarts the processes of a pool and others one batch after the other, with supervisorctl, sometimes over an upgrade.
func (s *soak) roll() {
	pool := s.named("pool_0").pool
	s.check()
	was := s.infos()
	var restarted, kept []*soakProgram
	args := []string{"-c", s.path("sd.conf"), "restart", "--rolling"}
	if batch := []string{"", "2", "50%", "all"}[s.rng.IntN(4)]; batch != "" {
		args = append(args, "--batch", batch)
	}
	if s.rng.IntN(2) == 0 {
		args = append(args, "--wait-ready")
	}
	args = append(args, pool.name+":*")
	for _, m := range pool.members {
		if m.stable(was[m.name]) {
			restarted = append(restarted, m)
		}
	}
	others := []string{"sleep1", "paused", "bounded", "served"}
	for i, name := range others {
		p := s.named(name)
		switch {
		case !p.stable(was[name]):
		case i%2 == s.rng.IntN(2):
			args, restarted = append(args, name), append(restarted, p)
		default:
			kept = append(kept, p)
		}
	}
	if pool.now == 0 { // its names are none
		return
	}
	cmd := exec.Command(filepath.Join(filepath.Dir(supervisord), "supervisorctl"), args...)
	over := make(chan error, 1)
	var out []byte
	go func() {
		var err error
		out, err = cmd.CombinedOutput()
		over <- err
	}()
	if s.rng.IntN(3) == 0 {
		s.replaceProgram()
	}
	err := <-over
	s.did("supervisorctl %v: %v", args[2:], err)
	if err != nil {
		s.wrong("supervisorctl %v: %v\n%s\nafter\n%s", args, err, out, strings.Join(s.done, "\n"))
	}
	s.check()
	s.otherPids("a rolling restart", restarted, was)
	s.samePids("a rolling restart of others", kept, was)
}
