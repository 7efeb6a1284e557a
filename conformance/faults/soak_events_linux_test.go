package faults

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// active returns a program that is to run, has settled, and is not disabled; nil if it is not so.
func (s *soak) active(name string) (p *soakProgram, pid int) {
	p = s.named(name)
	if s.check(); !p.on || p.maybe || p.disabled {
		return nil, 0
	}
	was := s.infos()[name]
	if was.pid == p.killed {
		return nil, 0
	}
	return p, was.pid
}

// rest waits until a program is restarted by its age or by its schedule.
func (s *soak) rest() {
	name := []string{"aging", "nightly"}[s.rng.IntN(2)]
	if p, pid := s.active(name); p != nil {
		s.did("wait for a restart of %s", name)
		s.awaitRestart(p, pid)
	}
}

// awaitRestart waits until a program runs with another pid.
func (s *soak) awaitRestart(p *soakProgram, pid int) {
	s.Helper()
	if !poll(func() bool { now := s.pidOf(p.spec()); return now != 0 && now != pid }) {
		s.stop("%s is not restarted: %+v after\n%s\n%s", p.name, s.infos()[p.name], strings.Join(s.done, "\n"), s.tail())
	}
}

// fatten has a program use too much memory.
func (s *soak) fatten() {
	if p, pid := s.active("heavy"); p != nil && pid != 0 {
		s.touch("fat")
		s.awaitRestart(p, pid)
	}
}

// modify changes a file that a program watches, not more often than it is restarted for that.
func (s *soak) modify() {
	s.modified = slices.DeleteFunc(s.modified, func(at time.Time) bool { return time.Since(at) > time.Minute })
	p, pid := s.active("watching")
	if p == nil || pid == 0 || len(s.modified) >= 3 {
		return
	}
	s.modified = append(s.modified, time.Now())
	s.touch(fmt.Sprintf("watched/%d", s.rng.IntN(3)))
	s.awaitRestart(p, pid)
}

// connect connects to the socket of a program, which is open all the time. If the program runs it answers, also those that have waited.
func (s *soak) connect() {
	var st syscall.Stat_t
	if err := syscall.Stat(s.path("web.sock"), &st); err != nil || s.socket != 0 && s.socket != st.Ino {
		s.wrong("the socket is another one: inode %d, was %d: %v after\n%s", st.Ino, s.socket, err, strings.Join(s.done, "\n"))
	}
	s.socket = st.Ino
	p := s.named("served")
	s.check()
	c, err := net.Dial("unix", s.path("web.sock"))
	s.did("connect, served is to run: %v: %v", p.on, err)
	if err != nil {
		s.wrong("cannot connect: %v after\n%s", err, strings.Join(s.done, "\n"))
		return
	}
	was := s.infos()[p.name]
	switch {
	case p.stable(was):
		for _, waiting := range s.waiting {
			s.answer(waiting)
		}
		s.waiting = nil
		if pid := s.answer(c); pid != was.pid && pid != 0 {
			s.wrong("process %d answers in place of %d after\n%s", pid, was.pid, strings.Join(s.done, "\n"))
		}
	case len(s.waiting) < 20:
		s.waiting = append(s.waiting, c)
	default:
		c.Close()
	}
}

// answer reads the answer, which is the pid of the process. A process that was stopped may have accepted the connection at its end: then
// there is none, and the connection is closed.
func (s *soak) answer(c net.Conn) (pid int) {
	s.Helper()
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(timeout()))
	body, err := io.ReadAll(c)
	if pid, _ = strconv.Atoi(string(body)); os.IsTimeout(err) || pid == 0 && err == nil && len(body) > 0 {
		s.wrong("a connection is answered %q: %v after\n%s", body, err, strings.Join(s.done, "\n"))
	}
	return pid
}

// unlisten forgets the connections, because the daemon ends.
func (s *soak) unlisten() {
	for _, c := range s.waiting {
		c.Close()
	}
	s.waiting, s.socket = nil, 0
}

// inspect compares the limits of a child with those in its section.
func (s *soak) inspect() {
	p, pid := s.active("bounded")
	if p == nil {
		return
	}
	s.did("look at the limits of %s", p.name)
	proc := fmt.Sprintf("/proc/%d/", pid)
	limits, err := os.ReadFile(proc + "limits")
	stat, statErr := os.ReadFile(proc + "stat")
	score, scoreErr := os.ReadFile(proc + "oom_score_adj")
	if err != nil || statErr != nil || scoreErr != nil {
		s.wrong("%v, %v, %v", err, statErr, scoreErr)
		return
	}
	nice := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])[16]
	var files string
	for line := range strings.Lines(string(limits)) {
		if rest, ok := strings.CutPrefix(line, "Max open files"); ok {
			files = strings.Join(strings.Fields(rest)[:2], ":")
		}
	}
	if got := fmt.Sprintf("nice %s, files %s, score %s", nice, files, bytes.TrimSpace(score)); got != "nice 5, files 100:200, score 300" {
		s.wrong("the limits of %s are %s after\n%s", p.name, got, strings.Join(s.done, "\n"))
	}
}
