package faults

import (
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
)

// soakSteps are the operations and how often each is chosen, in relation to the others.
var soakSteps = []struct {
	weight int
	do     func(*soak)
}{
	{250, (*soak).startOne},
	{200, (*soak).stopOne},
	{120, (*soak).signalOne},
	{15, (*soak).crash},
	{60, (*soak).killOne},
	{80, (*soak).restartOne},
	{50, (*soak).reloadOne},
	{15, (*soak).startAll},
	{10, (*soak).stopMost},
	{80, (*soak).rename},
	{40, (*soak).clear},
	{60, (*soak).stdin},
	{50, (*soak).readLogs},
	{20, (*soak).sicken},
	{15, (*soak).hang},
	{20, (*soak).halfRequest},
	{40, (*soak).change},
	{40, (*soak).update},
	{10, (*soak).misconfigure},
	{20, (*soak).endDaemon},
	{60, (*soak).updateSome},
	{40, (*soak).disable},
	{40, (*soak).enable},
	{50, (*soak).scale},
	{15, (*soak).roll},
	{5, (*soak).rest},
	{5, (*soak).fatten},
	{10, (*soak).modify},
	{30, (*soak).connect},
	{10, (*soak).inspect},
	{25, (*soak).restart},
	{5, (*soak).relaunch},
	{25, (*soak).upgrade},
}

// step performs an operation.
func (s *soak) step() {
	all := 0
	for _, step := range soakSteps {
		all += step.weight
	}
	n := s.rng.IntN(all)
	for _, step := range soakSteps {
		if n -= step.weight; n < 0 {
			step.do(s)
			return
		}
	}
}

// faultOf returns the name of a fault, empty for success. Any other error is a violation.
func (s *soak) faultOf(err error) string {
	s.Helper()
	if err == nil {
		return ""
	}
	for _, name := range []string{"ALREADY_STARTED", "ABNORMAL_TERMINATION", "SPAWN_ERROR", "NO_FILE", "NOT_RUNNING", "FAILED",
		"CANT_REREAD", "STILL_RUNNING"} {
		if strings.Contains(err.Error(), name) {
			return name
		}
	}
	s.wrong("%v after\n%s", err, strings.Join(s.done, "\n"))
	return err.Error()
}

// tookStart updates the model after a request to start or restart a program that was in a state before.
func (s *soak) tookStart(p *soakProgram, was, fault string) {
	switch {
	case fault == "":
		p.started(was)
	case fault == "ALREADY_STARTED": // one that waits for others to be stopped before it is started already, and will stop
		p.maybe = p.maybe || !p.on
	case was == "STOPPING", was == "RUNNING", fault == "NO_FILE": // refused, in STOPPING by now
	case p.kind != soakSteady: // accepted, and failed
		p.started(was)
	default:
		s.wrong("the start of %s, which was %s: %s after\n%s", p.name, was, fault, strings.Join(s.done, "\n"))
	}
}

func (s *soak) startOne() {
	p, was := s.any()
	wait := s.rng.IntN(2) == 0
	_, err := s.call("startProcess", p.spec(), wait)
	s.did("start %s, which was %s, wait %v: %v", p.name, was.state, wait, err)
	s.tookStart(p, was.state, s.faultOf(err))
}

func (s *soak) stopOne() {
	p, _ := s.any()
	wait := s.rng.IntN(2) == 0
	_, err := s.call("stopProcess", p.spec(), wait)
	s.did("stop %s, wait %v: %v", p.name, wait, err)
	s.tookStop(p, s.faultOf(err))
}

// tookStop updates the model after a request to stop or kill. One that is refused changes nothing.
func (s *soak) tookStop(p *soakProgram, fault string) {
	if fault == "" {
		p.on, p.maybe = false, false
	}
}

// killOne has the daemon kill a program.
func (s *soak) killOne() {
	p, _ := s.any()
	wait := s.rng.IntN(2) == 0
	_, err := s.call("killProcess", p.spec(), wait)
	s.did("kill %s, wait %v: %v", p.name, wait, err)
	s.tookStop(p, s.faultOf(err))
}

// signalOne kills the child of a program from outside.
func (s *soak) signalOne() {
	p, was := s.any()
	s.sigkill(p, was)
}

// crash has a limited program end until that is once too often.
func (s *soak) crash() {
	for p := s.named("limited"); p.on && p.crashes < crashLimit; {
		s.check()
		s.sigkill(p, s.infos()[p.name])
	}
}

func (s *soak) sigkill(p *soakProgram, was soakInfo) {
	if was.pid == 0 {
		return
	}
	s.did("SIGKILL for %s, which was %s, pid %d", p.name, was.state, was.pid)
	_ = syscall.Kill(was.pid, syscall.SIGKILL)
	p.killed = was.pid
	if p.kind == soakLimited && was.state == "RUNNING" {
		p.crashes++
		poll(func() bool { return s.pidOf(p.spec()) != was.pid })
	}
}

func (s *soak) restartOne() {
	p, was := s.any()
	wait := s.rng.IntN(2) == 0
	_, err := s.call("restartProcess", p.spec(), wait)
	s.did("restart %s, which was %s, wait %v: %v", p.name, was.state, wait, err)
	fault := s.faultOf(err)
	waits := !p.on && was.state == "RUNNING" // for others, to be stopped
	if waits && fault == "ABNORMAL_TERMINATION" {
		fault = ""
	}
	s.tookStart(p, was.state, fault)
	p.maybe = p.maybe || waits || fault == "NO_FILE" // stopped, if it was in BACKOFF
}

// soakReloads are the programs that can be requested to reload, and the faults of those that fail.
var soakReloads = map[string]string{"hooked": "", "notified": "", "sleep2": "", "planned": "FAILED", "slow": "FAILED"}

func (s *soak) reloadOne() {
	p, was := s.any()
	want, ok := soakReloads[p.name]
	if !ok {
		return
	}
	wait := s.rng.IntN(2) == 0
	_, err := s.call("reloadProcess", p.spec(), wait)
	s.did("reload %s, wait %v: %v", p.name, wait, err)
	p.killed = was.pid // by SIGHUP, if it does not handle that
	fault := s.faultOf(err)
	switch {
	case fault == "NOT_RUNNING", fault == want:
	case fault == "FAILED" && strings.Contains(err.Error(), "still running"):
	case fault == "" && !wait:
	default:
		s.wrong("reload of %s: %v", p.name, err)
	}
}

// statusOf returns the name of the fault in a result for one of several processes.
func (s *soak) statusOf(result map[string]string) string {
	s.Helper()
	name, ok := map[string]string{"80": "", "20": "NO_FILE", "40": "ABNORMAL_TERMINATION", "50": "SPAWN_ERROR", "60": "ALREADY_STARTED",
		"70": "NOT_RUNNING"}[result["status"]]
	if !ok {
		s.wrong("%v after\n%s", result, strings.Join(s.done, "\n"))
	}
	return name
}

func (s *soak) startAll() {
	was := s.infos()
	s.did("start all")
	for name, m := range structs(s.must("startAllProcesses", true)) {
		p, fault := s.named(name), s.statusOf(m)
		if p.disabled {
			s.wrong("start all starts %s, which is disabled: %s after\n%s", name, fault, strings.Join(s.done, "\n"))
		}
		if fault == "SPAWN_ERROR" && (s.unmet(p) || was[p.needs].state == "STOPPING") {
			continue // it is not started, because what it depends on was refused
		}
		s.tookStart(p, was[name].state, fault)
	}
}

// stopMost stops all programs that can be stopped.
func (s *soak) stopMost() {
	s.did("stop all")
	for name, m := range structs(s.must("stopAllProcesses", s.rng.IntN(2) == 0)) {
		s.tookStop(s.named(name), s.statusOf(m))
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

func (s *soak) clear() {
	_, err := s.call("clearProcessLogs", "flaps")
	s.did("clear: %v", err)
}

func (s *soak) stdin() {
	_, err := s.call("sendProcessStdin", "cat", strings.Repeat("text ", s.rng.IntN(2000)))
	s.did("stdin: %v", err)
}

func (s *soak) readLogs() {
	_, _ = s.call("readProcessStdoutLog", "rotated", -1000, 0)
	_, _ = s.call("tailProcessStdoutLog", "renamed", 0, 1000)
	_, err := s.call("readLog", -1000, 0)
	s.did("logs: %v", err)
}

// sicken lets the check of a program fail, until it has been started again.
func (s *soak) sicken() { s.touch("sick") }

// hang has a program send no WATCHDOG=1, until it has been started again.
func (s *soak) hang() { s.touch("hung") }

func (s *soak) touch(name string) {
	s.did("make the file %s", name)
	if err := os.WriteFile(s.path(name), nil, 0o644); err != nil {
		s.stop("%v", err)
	}
}

// upgrade replaces the program, which changes nothing. A program of which an earlier step has stopped or killed the process has another
// pid afterwards, or none, so it waits for that.
func (s *soak) upgrade() {
	p := s.named("sleep1")
	if !poll(func() bool { i := s.infos()[p.name]; return i.state != "STOPPING" && (i.pid == 0 || i.pid != p.killed) }) {
		s.wrong("%s does not end", p.name)
	}
	before := s.pidOf("sleep1")
	var kept []*soakProgram
	settled := s.rng.IntN(3) == 0
	if settled {
		s.check()
	}
	was := s.infos()
	for _, p := range s.programs {
		if settled && !p.absent && p.stable(was[p.name]) {
			kept = append(kept, p)
		}
	}
	s.replaceProgram()
	s.samePids("an upgrade", kept, was)
	if after := s.pidOf("sleep1"); after != before && before != 0 { // a start may be due
		s.wrong("an upgrade changes the pid of a program from %d to %d", before, after)
	}
}

// replaceProgram replaces the program, unless that is refused because something is in progress.
func (s *soak) replaceProgram() {
	_, err := s.call("upgrade", false)
	s.did("upgrade: %v", err)
	switch {
	case err == nil:
		s.upgrades++
	case !strings.Contains(err.Error(), "refused: busy:"):
		s.wrong("upgrade: %v after\n%s", err, strings.Join(s.done, "\n"))
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
