package supervisor

import (
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// TestPanic makes a step of the loop and a call panic: both are logged, the caller gets an error, and the loop goes on and
// ends as usual.
// differs: DIFF-43 an internal error ends the original
func TestPanic(t *testing.T) {
	chld := make(chan os.Signal, 1)
	signal.Notify(chld, syscall.SIGCHLD)
	defer signal.Stop(chld)
	log := &lockedLog{grew: make(chan struct{}, 1)}
	settled := make(chan struct{})
	sup, err := New(Options{
		Config: &config.Config{Groups: []*config.Group{program("sleep", func(p *config.Process) { p.Run.Command = "/bin/sleep 1000" })}},
		Log:    logs.NewMain(log, api.Info), Chld: chld, Start: child.Start,
		Settled: func() { close(settled); panic("in a step") },
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		sup.Run(nil, nil)
	}()
	<-settled
	if err := sup.Do(func(*Loop) { panic("in a call") }); err == nil || err.Error() != "unexpected failure: in a call" {
		t.Errorf("the caller got %v", err)
	}
	if err := sup.Do((*Loop).Shutdown); err != nil {
		t.Error(err)
	}
	<-ended
	for _, line := range []string{"CRIT unexpected failure: in a step\n", "CRIT unexpected failure: in a call\n",
		"stopped: sleep (terminated by SIGTERM)\n"} {
		if log.count(line) != 1 {
			t.Errorf("the log has not %q once:\n%s", line, log.text.String())
		}
	}
	if !strings.Contains(log.text.String(), "failure_test.go") {
		t.Error("the log does not say where it was")
	}
}
