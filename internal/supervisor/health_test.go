package supervisor

import (
	"fmt"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/check"
	"github.com/gosupervisor/supervisor/internal/config"
)

// checkedProgram is a program with a liveness check by a command, every second from the first on, of which the second failure counts.
func checkedProgram(t *testing.T, change ...func(p *config.Process)) *config.Group {
	t.Helper()
	return program("a", append([]func(*config.Process){func(p *config.Process) {
		p.Extra = readExtra(t, checkOfProgram)
	}}, change...)...)
}

const checkOfProgram = "liveness_check_script=/bin/sh liveness_check_initial_delay=1 liveness_check_period=1 " +
	"liveness_check_timeout=60 liveness_check_failure_threshold=2"

var command = config.CheckScript{Kind: config.CommandCheck, Command: config.HelperCommand{Line: "/bin/sh"}}

// TestUnhealthy restarts a process whose check fails, also with autorestart=false, and begins anew with the next child.
//
// covers: L3-h
func TestUnhealthy(t *testing.T) {
	w := newWorld(t, checkedProgram(t, func(p *config.Process) { p.Exit.Restart = config.RestartNever }))
	w.settle()
	w.pass(2 * time.Second) // RUNNING after the first
	p := w.process("a")
	more := func() api.ProcessMore { return *p.Info(w.now).More }
	if m := more(); m.Health != "unknown" || p.Well() {
		t.Errorf("at first: %+v", m)
	}
	w.exit("a liveness_check", code(0))
	if m := more(); m.Health != "healthy" || !p.Well() {
		t.Errorf("after a success: %+v", m)
	}
	w.lines()
	w.pass(time.Second)
	w.exit("a liveness_check", code(3))
	w.pass(time.Second)
	w.exit("a liveness_check", code(3))
	if m := more(); p.State() != api.Stopping || m.Health != "" {
		t.Errorf("%v, %+v", p.State(), m)
	}
	w.exit("a", by(syscall.SIGTERM))
	w.pass(time.Second)
	w.expect("WARN liveness check of a failed 2 times: exit status 3", "INFO restarting a: unhealthy (exit status 3)",
		"WARN stopped: a (terminated by SIGTERM)", "INFO spawned: 'a' with pid PID",
		"INFO success: a entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)")
	if m := more(); m.Health != "unknown" || m.Reason != "unhealthy (exit status 3)" || *m.Restarts != 1 {
		t.Errorf("after the restart: %+v, %d restarts", m, *m.Restarts)
	}
	w.started = nil
	w.pass(999 * time.Millisecond)
	if len(w.started) > 0 {
		t.Errorf("before initial_delay: %v", w.started)
	}
	w.pass(time.Millisecond)
	if d := cmp.Diff([]string{"a liveness_check"}, w.started); d != "" {
		t.Errorf("started (-want +got):\n%s", d)
	}
}

// TestCrashDuringCheck has the child end while the check that would make it unhealthy is in progress: it is started again once.
//
// covers: L3-f
func TestCrashDuringCheck(t *testing.T) {
	w := newWorld(t, checkedProgram(t))
	w.settle()
	w.pass(2 * time.Second)
	w.exit("a liveness_check", code(1))
	w.pass(time.Second)
	w.exit("a", by(syscall.SIGSEGV)) // and is started again
	w.exit("a liveness_check", code(1))
	w.pass(time.Second)
	w.expect("INFO spawned: 'a' with pid PID",
		"INFO success: a entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)",
		"WARN exited: a (terminated by SIGSEGV; not expected)", "INFO spawned: 'a' with pid PID",
		"INFO success: a entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)")
}

// TestFailureActions shows what else can follow from a failure, and that it happens once.
func TestFailureActions(t *testing.T) {
	for _, c := range []struct {
		action  config.CheckAction
		state   api.State
		started []string
		signals []string
		log     string
	}{
		{config.CheckAction{}, api.Running, nil, nil, ""},
		{config.CheckAction{Kind: config.ActionStop}, api.Stopping, nil, []string{"TERM a"}, "INFO stopping a: unhealthy (exit status 1)"},
		{config.CheckAction{Kind: config.ActionSignal, Signal: syscall.SIGUSR1}, api.Running, nil, []string{"USR1 a"}, ""},
		{config.CheckAction{Kind: config.ActionCommand, Command: command.Command}, api.Running, []string{"a liveness_failure"}, nil, ""},
	} {
		w := newWorld(t, checkedProgram(t, func(p *config.Process) { p.Extra.Checks.Liveness.FailureAction = c.action }))
		w.settle()
		w.pass(time.Second)
		w.lines()
		for range 3 {
			w.pass(time.Second)
			if w.process("a").State() == api.Running {
				w.exit("a liveness_check", code(1))
			}
		}
		if s := w.process("a").State(); s != c.state {
			t.Errorf("%v: %v", c.action, s)
		}
		if d := cmp.Diff(c.started, without(w.started, "a", "a liveness_check")); d != "" {
			t.Errorf("%v: started (-want +got):\n%s", c.action, d)
		}
		if d := cmp.Diff(c.signals, w.signals); d != "" {
			t.Errorf("%v: signals (-want +got):\n%s", c.action, d)
		}
		want := []string{"WARN liveness check of a failed 2 times: exit status 1"}
		if c.log != "" {
			want = append(want, c.log)
		}
		w.expect(want...)
	}
}

// without returns the names that are not among others.
func without(names []string, others ...string) (rest []string) {
	for _, name := range names {
		if name != others[0] && name != others[1] {
			rest = append(rest, name)
		}
	}
	return rest
}

// TestHealthyAgain shows what follows from a success after failures.
func TestHealthyAgain(t *testing.T) {
	w := newWorld(t, checkedProgram(t, func(p *config.Process) {
		c := p.Extra.Checks.Liveness
		c.FailureThreshold, c.FailureAction = 1, config.CheckAction{}
		c.SuccessAction = config.CheckAction{Kind: config.ActionCommand, Command: command.Command}
	}))
	w.settle()
	w.pass(time.Second)
	w.lines()
	for _, status := range []int{0, 1, 0, 0} {
		w.pass(time.Second)
		w.exit("a liveness_check", code(status))
	}
	w.expect("WARN liveness check of a failed 1 times: exit status 1", "INFO liveness check of a succeeds again")
	if d := cmp.Diff([]string{"a liveness_success"}, without(w.started, "a", "a liveness_check")); d != "" {
		t.Errorf("started (-want +got):\n%s", d)
	}
}

// TestReadinessCheck runs from the start on, and changes no state.
func TestReadinessCheck(t *testing.T) {
	w := newWorld(t, checkedProgram(t, func(p *config.Process) {
		c := p.Extra.Checks.Liveness
		c.InitialDelay, c.FailureThreshold, c.FailureAction = 0, 1, config.CheckAction{}
		p.Extra.Checks = config.HealthChecks{Readiness: c}
	}))
	w.settle()
	w.settle()
	p := w.process("a")
	ready := func() bool { return *p.Info(w.now).More.Ready }
	if d := cmp.Diff([]string{"a", "a readiness_check"}, w.started); d != "" {
		t.Errorf("started (-want +got):\n%s", d)
	}
	w.exit("a readiness_check", code(0))
	if ready() {
		t.Error("ready in STARTING")
	}
	w.pass(time.Second)
	if !ready() || p.Unready() {
		t.Error("not ready")
	}
	w.exit("a readiness_check", code(1))
	if ready() || !p.Unready() || p.State() != api.Running {
		t.Error("ready after a failure")
	}
	w.lines()
	p.Stop(w.now)
	w.exit("a", by(syscall.SIGTERM))
	w.pass(time.Hour)
	if ready() || len(w.lines("WARN", "DEBG")) > 3 {
		t.Error("checks after the end")
	}
}

// TestRunChecks runs checks for a client.
func TestRunChecks(t *testing.T) {
	w := newWorld(t, checkedProgram(t))
	w.settle()
	w.pass(time.Second)
	var got []check.Result
	w.process("a").RunChecks(func(r []check.Result) { got = r }, w.now)
	w.exit("a liveness_check", code(1))
	if len(got) != 1 || got[0].Text != "exit status 1" {
		t.Errorf("%+v", got)
	}
	w.process("a").RunChecks(func(r []check.Result) { got = r }, w.now)
	w.process("a").Stop(w.now)
	if len(got) != 1 || got[0].OK() {
		t.Errorf("after a stop: %+v", got)
	}
}

// TestHungProbesBlockNothing has fifty processes whose probes never get an answer: each look at the state takes no time.
//
// covers: L3-d
func TestHungProbesBlockNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	probes := make(chan net.Conn)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(probes)
				return
			}
			probes <- c
		}
	}()
	var groups []*config.Group
	for i := range 50 {
		g := checkedProgram(t, func(p *config.Process) {
			p.Run.Command, p.Start.Secs = "/bin/sleep 1000", 0
			c := p.Extra.Checks.Liveness
			c.Script = config.CheckScript{Kind: config.HTTPCheck,
				HTTP: &config.HTTPProbe{URL: "http://" + l.Addr().String(), Method: "GET", HTTPOptions: &config.HTTPOptions{}}}
			c.InitialDelay, c.Period = 0, 100*time.Millisecond
		})
		g.Name = fmt.Sprint("a", i)
		groups = append(groups, g)
	}
	sup, end := realLoop(t, &lockedLog{grew: make(chan struct{}, 1)}, groups...)
	defer end()
	for range groups {
		defer (<-probes).Close()
	}
	var took []time.Duration
	for range 200 {
		began := time.Now()
		if err := sup.Read(func(View) {}); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	if median := took[len(took)/2]; median > 100*time.Millisecond {
		t.Errorf("half of the answers take longer than %v", median)
	}
}

// TestCrashLimitOfUnhealthyEnds gives up a process that is always unhealthy.
func TestCrashLimitOfUnhealthyEnds(t *testing.T) {
	w := newWorld(t, checkedProgram(t, func(p *config.Process) {
		p.Extra = readExtra(t, checkOfProgram+" crashlimit=3/1m")
		p.Extra.Checks.Liveness.FailureThreshold = 1
	}))
	w.settle()
	for range 3 {
		w.pass(2 * time.Second)
		w.exit("a liveness_check", code(1))
		w.exit("a", by(syscall.SIGTERM))
	}
	w.pass(time.Second)
	if info := w.process("a").Info(w.now); info.StateName != "FATAL" || info.SpawnErr != "3 crashes within 60 seconds" {
		t.Errorf("%+v", info)
	}
}
