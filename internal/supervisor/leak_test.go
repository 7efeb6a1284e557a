package supervisor

import (
	"bytes"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// lockedLog is a main log that another goroutine reads.
type lockedLog struct {
	mu   sync.Mutex
	text bytes.Buffer
	grew chan struct{} // capacity 1
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.grew <- struct{}{}:
	default:
	}
	return l.text.Write(p)
}

func (l *lockedLog) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

// TestRunsLeakNothing runs the loop several times with real children that end, restart, write, and leave grandchildren with
// their pipes: afterwards there are as many goroutines and descriptors as before.
func TestRunsLeakNothing(t *testing.T) {
	chld := make(chan os.Signal, 1)
	signal.Notify(chld, syscall.SIGCHLD)
	defer signal.Stop(chld)
	dir := t.TempDir()
	once := func() {
		log := &lockedLog{grew: make(chan struct{}, 1)}
		always := func(command string) func(*config.Process) {
			return func(p *config.Process) {
				p.Run.Command, p.Start.Secs, p.Exit.Restart = command, 0, config.RestartAlways
				p.Out.Log = config.Log{Kind: config.LogFile, Path: filepath.Join(dir, p.ProcessName), MaxBytes: 100, Backups: 1}
			}
		}
		sup, err := New(Options{
			Config: &config.Config{Groups: []*config.Group{
				program("true", always("/bin/true")), program("echo", always("/bin/echo some words")),
				program("sleep", always("/bin/sleep 1000")), program("missing", always("/nonexistent")),
				program("holds", always("/bin/sh -c 'sleep 0.2 & echo held'"))}},
			Log: logs.NewMain(log, api.Info), Chld: chld, Start: child.Start,
		})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			sup.Run(nil, nil)
		}()
		late := time.After(time.Minute)
		for log.count("spawned: ") < 15 {
			select {
			case <-log.grew:
			case <-late:
				t.Fatal("the programs do not restart")
			}
		}
		if err := sup.Do((*Loop).Shutdown); err != nil {
			t.Fatal(err)
		}
		<-ended
	}
	leavesNothing(t, once, func() {
		for range 10 {
			once()
		}
	})
}

// leavesNothing checks that there are no more goroutines and descriptors after work than before. What is made once and kept is made by
// first.
func leavesNothing(t *testing.T, first, work func()) {
	t.Helper()
	first()
	goroutines, descriptors := runtime.NumGoroutine(), open(t)
	work()
	if !settled(runtime.NumGoroutine, goroutines) {
		t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), goroutines)
	}
	if !settled(func() int { return open(t) }, descriptors) {
		t.Errorf("%d descriptors, %d before", open(t), descriptors)
	}
}

// settled waits until a number is no larger than before: goroutines that are done may not have ended yet. It gives up when the number has
// not become less for a time in which one of them gets its turn on the busiest machine.
func settled(now func() int, before int) bool {
	const late = 30 * time.Second
	timer, tick := time.NewTimer(late), time.NewTicker(time.Millisecond)
	defer timer.Stop()
	defer tick.Stop()
	for least := now(); least > before; {
		select {
		case <-tick.C:
		case <-timer.C:
			return false
		}
		if n := now(); n < least {
			least = n
			timer.Reset(late)
		}
	}
	return true
}

// open is how many descriptors are open.
func open(t *testing.T) (n int) {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
