package operations

import (
	"bytes"
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// group is a group of processes that run command.
func group(name, command string, processes ...string) *config.Group {
	g := &config.Group{Name: name, Priority: 999}
	p := &config.Program{Section: "program:" + name, Name: name, Priority: 999,
		Exit: config.Exit{Restart: config.RestartUnexpected, Codes: []int{0}},
		Stop: config.Stop{Signal: syscall.SIGTERM, WaitSecs: 10}}
	for _, n := range processes {
		g.Processes = append(g.Processes, &config.Process{Program: p, ProcessName: n, Run: config.Run{Command: command, Umask: -1}})
	}
	return g
}

// run runs a Supervisor with real children until the end of the test.
func run(t *testing.T, groups ...*config.Group) *Service {
	t.Helper()
	cfg := &config.Config{Groups: groups}
	return runWith(t, supervisor.Options{Config: cfg, Start: child.Start,
		ReadConfig: func(*config.Scaling) (*config.Config, error) { return cfg, nil }})
}

// runWith is run with other options.
func runWith(t *testing.T, o supervisor.Options) *Service {
	t.Helper()
	chld := make(chan os.Signal, 1)
	signal.Notify(chld, syscall.SIGCHLD)
	o.Log, o.Chld = logs.NewMain(new(bytes.Buffer), api.Info), chld
	sup, err := supervisor.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { sup.Run(nil, nil); close(ended) }()
	t.Cleanup(func() {
		_ = sup.Do((*supervisor.Loop).Shutdown)
		<-ended
		signal.Stop(chld)
	})
	return New(sup)
}

// differs: DIFF-121 the original looks once a second
// Results are in the order of completion; within a second, in the order of the request.
func TestCompletionOrder(t *testing.T) {
	at := func(ms int64) operation { return operation{stateSince: time.UnixMilli(ms)} }
	for _, c := range []struct {
		operations []operation
		want       []int
	}{
		{nil, []int{}},
		{[]operation{at(30), at(20), at(10)}, []int{0, 1, 2}},
		{[]operation{at(5000), at(20), at(10)}, []int{1, 2, 0}},
		{[]operation{at(5900), at(20), at(5000), at(900)}, []int{1, 3, 0, 2}},
	} {
		if d := cmp.Diff(c.want, completionOrder(c.operations)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
}

// Reads do not change the version, so that shared responses stay valid.
func TestReadsKeepVersion(t *testing.T) {
	s := run(t, group("g", "/bin/cat", "p"))
	before := s.sup.Version()
	reads := map[string]func() error{
		"Info":     func() error { _, err := s.Info("g:p"); return err },
		"AllInfo":  func() error { _, err := s.AllInfo(nil); return err },
		"Snapshot": func() error { _, err := s.Snapshot(); return err },
		"Watch": func() error {
			w, _, err := s.Watch(time.Now())
			if err == nil {
				_, err = w.Take()
				w.Close()
			}
			return err
		},
		"TailLog":   func() error { _, _, _, err := s.TailLog("g:p", api.Stdout, 0, 10); return err },
		"LogSource": func() error { s.LogSource("g:p", api.Stderr); return nil },
	}
	for name, read := range reads {
		if err := read(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if now := s.sup.Version(); now != before {
			t.Errorf("%s: version %d, not %d", name, now, before)
			before = now
		}
	}
	if err := s.StartProcess(context.Background(), "g:p", true); err != nil || s.sup.Version() == before {
		t.Errorf("after a start: %v, version %d", err, s.sup.Version())
	}
}
