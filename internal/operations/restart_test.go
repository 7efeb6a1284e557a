package operations

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// situation is a state that lasts, in which requests are made.
type situation struct {
	change func(p *config.Process, script string)
	bring  func(t *testing.T, s *Service, script string)
}

var situations = map[string]situation{
	"STOPPED":  {sleeping, nothing},
	"STARTING": {func(p *config.Process, script string) { sleeping(p, script); p.Start.Secs = 1000 }, requestStart},
	"RUNNING":  {sleeping, requestStart},
	"BACKOFF":  {failing, requestStart},
	"STOPPING": {sleeping, func(t *testing.T, s *Service, script string) {
		requestStart(t, s, script)
		_ = s.StopProcess(context.Background(), "g:p", false)
	}},
	"EXITED": {func(p *config.Process, script string) {
		p.Run.Command, p.Exit.Restart = "/bin/sh -c '[ -e "+script+"1 ] && exec sleep 1000; touch "+script+"1'", config.RestartNever
	}, requestStart},
	"FATAL":                 {giving, requestStart},
	"BACKOFF, command gone": {failing, beginAndRemove},
	"FATAL, command gone":   {giving, beginAndRemove},
}

// sleeping is a process that does not end by its stop signal, which it ignores.
func sleeping(p *config.Process, _ string) {
	p.Run.Command, p.Stop.Signal = "/bin/sleep 1000", syscall.SIGWINCH
}

// failing is a process whose starts fail, and are tried again in a day.
func failing(p *config.Process, script string) {
	p.Run.Command, p.Start.Secs, p.Backoff.Retries = script, 1000, 5
	p.Extra = inADay()
}

// inADay has the optional keys of a program whose next start after a failure is in a day.
var inADay = sync.OnceValue(func() *config.Extra {
	dir, err := os.MkdirTemp("", "operations")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "supervisord.conf")
	if err := os.WriteFile(file, []byte("[supervisord]\n[program:p]\ncommand=/bin/true\nbackoffincrement=24h\n"), 0o600); err != nil {
		panic(err)
	}
	options, err := config.ParseArgs("supervisord", []string{"-c", file})
	if err != nil {
		panic(err)
	}
	c, err := config.Load(options, nil)
	if err != nil {
		panic(err)
	}
	return c.Groups[0].Processes[0].Extra
})

// giving is a process that gives up after its first start has failed.
func giving(p *config.Process, script string) { failing(p, script); p.Backoff.Retries = 0 }

func nothing(*testing.T, *Service, string) {}

func requestStart(_ *testing.T, s *Service, _ string) {
	_ = s.StartProcess(context.Background(), "g:p", false)
}

func beginAndRemove(t *testing.T, s *Service, script string) {
	requestStart(t, s, script)
	await(t, s, api.Backoff, api.Fatal)
	if err := os.Remove(script); err != nil {
		t.Fatal(err)
	}
}

// await waits until the process has one of these states.
func await(t *testing.T, s *Service, want ...api.State) {
	t.Helper()
	for {
		var state api.State
		var changed <-chan struct{}
		if err := s.sup.Read(func(v supervisor.View) {
			p := v.Groups()[0].Processes[0]
			state, changed = p.State(), p.Changed()
		}); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(want, state) {
			return
		}
		<-changed
	}
}

// look returns the state of the process, and whether it will be requestStart again.
func look(t *testing.T, s *Service) (text string, pid int) {
	t.Helper()
	if err := s.sup.Read(func(v supervisor.View) {
		p := v.Groups()[0].Processes[0]
		text, pid = p.State().String(), p.PID()
		if p.State() == api.Stopping && p.StartComes() {
			text += " again"
		}
	}); err != nil {
		t.Fatal(err)
	}
	return text, pid
}

// TestRequestsInEachState makes each request that restarts or kills in each state but UNKNOWN, and shows the fault and the state after it.
// The requests to stop and to start are those of supervisorctl restart.
//
// covers: L6-restart-states
func TestRequestsInEachState(t *testing.T) {
	restarted := func(wait bool) func(*Service) error {
		return func(s *Service) error { return s.RestartProcess(context.Background(), "g:p", wait) }
	}
	requests := map[string]func(*Service) error{
		"restart":       restarted(false),
		"restart, wait": restarted(true),
		"kill":          func(s *Service) error { return s.KillProcess(context.Background(), "g:p", true) },
		"hup":           func(s *Service) error { return s.ReloadProcess(context.Background(), "g:p", false) },
		"stop, start": func(s *Service) error { // supervisorctl restart
			err := s.StopProcess(context.Background(), "g:p", true)
			if f := api.FaultOf(err); f != nil && f.Code == api.NotRunning {
				err = nil
			}
			if err != nil {
				return err
			}
			return s.StartProcess(context.Background(), "g:p", true)
		},
	}
	for line := range strings.Lines(strings.TrimSpace(`
STOPPED; restart; ok; RUNNING
STOPPED; restart, wait; ok; RUNNING
STOPPED; stop, start; ok; RUNNING
STOPPED; kill; NOT_RUNNING: g:p; STOPPED
STOPPED; hup; NOT_RUNNING: g:p; STOPPED
STARTING; restart; ok; STOPPING again
STARTING; kill; ok; STOPPED
RUNNING; restart; ok; STOPPING again
RUNNING; restart, wait; ok; RUNNING
RUNNING; stop, start; ok; RUNNING
RUNNING; kill; ok; STOPPED
BACKOFF; restart, wait; SPAWN_ERROR: g:p; BACKOFF
BACKOFF; stop, start; SPAWN_ERROR: g:p; BACKOFF
BACKOFF; kill; ok; STOPPED
BACKOFF; hup; NOT_RUNNING: g:p; BACKOFF
STOPPING; restart; ok; STOPPING again
STOPPING; restart, wait; ok; RUNNING
STOPPING; stop, start; ABNORMAL_TERMINATION: g:p; STOPPING
STOPPING; kill; ok; STOPPED
STOPPING; hup; NOT_RUNNING: g:p; STOPPING
EXITED; restart, wait; ok; RUNNING
EXITED; stop, start; ok; RUNNING
EXITED; kill; NOT_RUNNING: g:p; EXITED
EXITED; hup; NOT_RUNNING: g:p; EXITED
FATAL; restart, wait; SPAWN_ERROR: g:p; FATAL
FATAL; stop, start; SPAWN_ERROR: g:p; FATAL
FATAL; kill; NOT_RUNNING: g:p; FATAL
FATAL; hup; NOT_RUNNING: g:p; FATAL
BACKOFF, command gone; restart; SPAWN_ERROR: g:p; BACKOFF
BACKOFF, command gone; restart, wait; SPAWN_ERROR: g:p; BACKOFF
BACKOFF, command gone; stop, start; NO_FILE: can't find command 'SCRIPT'; STOPPED
FATAL, command gone; restart, wait; NO_FILE: can't find command 'SCRIPT'; FATAL
`)) {
		row := strings.Split(strings.TrimSpace(line), "; ")
		t.Run(row[0]+"/"+row[1], func(t *testing.T) {
			script := filepath.Join(t.TempDir(), "x")
			if err := os.WriteFile(script, []byte("#!/bin/sh\nexit 1\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			g := group("g", "", "p")
			from := situations[row[0]]
			from.change(g.Processes[0], script)
			s := run(t, g)
			from.bring(t, s, script)
			name, _, _ := strings.Cut(row[0], ",")
			await(t, s, stateOf[name])
			_, old := look(t, s)
			if ends := row[1] == "restart, wait" || row[1] == "stop, start" && name != "STOPPING"; ends && old != 0 {
				go s.endIn(old, row[1] == "stop, start")
			}
			got := "ok"
			if err := requests[row[1]](s); err != nil {
				got = strings.ReplaceAll(api.FaultOf(err).Text, script, "SCRIPT")
			}
			after, pid := look(t, s)
			if d := cmp.Diff(row[2:], []string{got, after}); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if after == "RUNNING" && pid == old {
				t.Error("it is the same child")
			}
			_ = s.KillProcess(context.Background(), "g:p", true) // it ignores what a shutdown sends first
		})
	}
}

var stateOf = map[string]api.State{"STOPPED": api.Stopped, "STARTING": api.Starting, "RUNNING": api.Running, "BACKOFF": api.Backoff,
	"STOPPING": api.Stopping, "EXITED": api.Exited, "FATAL": api.Fatal}

// endIn ends the child, which ignores its stop signal, when a request stops it. Once: also if it is not to be requestStart again.
func (s *Service) endIn(pid int, once bool) {
	for {
		var stops, again bool
		var changed <-chan struct{}
		if s.sup.Read(func(v supervisor.View) {
			p := v.Groups()[0].Processes[0]
			stops, again, changed = p.State() == api.Stopping, p.StartComes(), p.Changed()
		}) != nil {
			return
		}
		if stops && (again || once) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			return
		}
		<-changed
	}
}
