package helper

import (
	"bytes"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/pump"
	"github.com/gosupervisor/supervisor/internal/timers"
)

// slow is a sink whose Write waits.
type slow struct{ entered, leave chan struct{} }

func (s slow) Write([]byte) {
	s.entered <- struct{}{}
	<-s.leave
}

func (slow) Backpressure() <-chan struct{} { return nil }

// TestSlowOutput lets a helper end while its output is being read: its deadline is over then, and no signal is sent to its pid, which
// may be that of another process.
func TestSlowOutput(t *testing.T) {
	pipes, err := pump.New()
	if err != nil {
		t.Fatal(err)
	}
	defer pipes.Close()
	var (
		log     bytes.Buffer
		output  int
		signals int
		results = make(chan func(time.Time), 1)
		sink    = slow{make(chan struct{}), make(chan struct{})}
	)
	host := &Host{
		Log: logs.NewMain(&log, api.Debug), Pump: pipes, Schedule: func(timers.Item) {},
		Start: func(s child.Spec) (int, error) {
			output, err = unix.FcntlInt(uintptr(s.Files[1]), unix.F_DUPFD_CLOEXEC, 3)
			return 1 << 30, err
		},
		Signal: func(int, syscall.Signal, bool) error { signals++; return nil },
		Send:   func(f func(time.Time)) bool { results <- f; return true },
	}
	program := Program{Name: "a", Own: func(int, *Run) {},
		Outputs: func() (out, err pump.Sink, done func(), failure error) { return sink, nil, func() {}, nil }}
	now, got := time.Now(), Result{}
	r := Start(host, program, Spec{Timeout: time.Second, Done: func(r Result, _ time.Time) { got = r }}, now)
	if !r.Wake().Equal(now.Add(time.Second)) || r.PID() != 1<<30 {
		t.Fatalf("it is due at %v, with pid %d", r.Wake(), r.PID())
	}
	if _, err := unix.Write(output, []byte("x")); err != nil {
		t.Fatal(err)
	}
	unix.Close(output)
	<-sink.entered
	r.Reaped(child.Exit{PID: 1 << 30}, now)
	if signals = 0; r.Over() || !r.Wake().IsZero() || r.PID() != 0 {
		t.Errorf("over: %v, due at %v, pid %d", r.Over(), r.Wake(), r.PID())
	}
	r.Kill(now)
	r.Stop(syscall.SIGTERM, time.Second, now)
	close(sink.leave)
	(<-results)(now)
	if !r.Over() || signals != 0 || got != (Result{OK: true, Text: "exit status 0"}) {
		t.Errorf("over: %v, %d signals, %+v", r.Over(), signals, got)
	}
}
