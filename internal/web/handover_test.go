package web

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/waiting"
	"github.com/gosupervisor/supervisor/internal/waiting/waitingtest"
)

// supervising runs a Supervisor with a stopped process g:p until the end of the test.
func supervising(t *testing.T) *operations.Service {
	t.Helper()
	chld := make(chan os.Signal, 1)
	signal.Notify(chld, syscall.SIGCHLD)
	program := &config.Program{Section: "program:p", Name: "p", Exit: config.Exit{Codes: []int{0}},
		Stop: config.Stop{Signal: syscall.SIGTERM, WaitSecs: 10}}
	cfg := &config.Config{Groups: []*config.Group{{Name: "g", Processes: []*config.Process{
		{Program: program, ProcessName: "p", Run: config.Run{Command: "/bin/cat", Umask: -1}}}}}}
	sup, err := supervisor.New(supervisor.Options{Config: cfg, Log: logs.NewMain(new(bytes.Buffer), api.Info), Chld: chld, Start: child.Start,
		ReadConfig: func(*config.Scaling) (*config.Config, error) { return cfg, nil }})
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
	return operations.New(sup)
}

// covers: L12-c
// The stream of an open page goes on after a thaw and in the next program: it sends what has changed since its last event, and nothing
// twice. The token of a form stays valid.
func TestHandOverStream(t *testing.T) {
	ops := supervising(t)
	h := New(ops, time.Now())
	open := func(h *Handler, call *waiting.Call, since int64) *bufio.Scanner {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.Serve(w, r.WithContext(access.With(waiting.With(r.Context(), call), access.System)))
		}))
		t.Cleanup(server.CloseClientConnections)
		snap, err := ops.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.Get(fmt.Sprintf("%s/events?instance=%s&layout=%d&since=%d", server.URL, h.instanceID, snap.Layout, since))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Body.Close() })
		return bufio.NewScanner(r.Body)
	}
	// event returns the state that the next event shows.
	event := func(s *bufio.Scanner) (state string) {
		t.Helper()
		for s.Scan() && s.Text() != "" {
			for _, name := range []string{"stopped", "running"} {
				if strings.Contains(s.Text(), "state-"+name) || strings.Contains(s.Text(), ">"+name+"<") {
					state = name
				}
			}
		}
		return state
	}
	port, next := waitingtest.New(), waitingtest.New()
	first := open(h, waiting.New(port, nil, nil), 0)
	before := event(first)
	state := port.Freeze(t)
	handed := Import(h.Export(), ops, time.Now())
	if handed.token != h.token {
		t.Error("the token has changed")
	}
	if err := ops.StartProcess(context.Background(), "g:p", true); err != nil {
		t.Fatal(err)
	}
	second := open(handed, waiting.New(next, state, nil), 0)
	port.Thaw()
	for who, s := range map[string]*bufio.Scanner{"thawed": first, "handed over": second} {
		if after := event(s); after != "running" || before == "running" {
			t.Errorf("%s: %q, then %q", who, before, after)
		}
	}
	third := open(handed, waiting.New(waitingtest.New(), next.Freeze(t), nil), 0)
	if err := ops.StopProcess(context.Background(), "g:p", true); err != nil {
		t.Fatal(err)
	}
	next.Thaw()
	for who, s := range map[string]*bufio.Scanner{"thawed": second, "handed over twice": third} {
		if after := event(s); after != "stopped" {
			t.Errorf("%s: %q", who, after)
		}
	}
}
