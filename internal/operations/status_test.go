package operations

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// next takes from a Watch until the process is in a state, and returns it.
func next(t *testing.T, w *Watch, name string, state api.State) ProcessView {
	t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case <-w.Ready():
		case <-late:
			t.Fatalf("%s is not %v", name, state)
		}
		snap, err := w.Take()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range snap.Processes {
			if v.Name == name && v.State == state {
				return v
			}
		}
	}
}

// A Watch begins with the processes that have changed since a time, and then returns each that changes, with its state, pid
// and last exit.
func TestWatch(t *testing.T) {
	s := run(t, group("p", "/bin/cat", "a", "b"))
	all, err := s.Snapshot()
	if err != nil || len(all.Processes) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	if err := s.StartProcess(context.Background(), "p:a", true); err != nil {
		t.Fatal(err)
	}
	w, first, err := s.Watch(all.At)
	if err != nil || len(first.Processes) != 1 || first.Processes[0].Name != "a" || first.Processes[0].State != api.Running ||
		first.Processes[0].LastExit != "" || first.Layout != all.Layout {
		t.Fatalf("%+v, %v", first, err)
	}
	second, none, err := s.Watch(time.Now())
	if err != nil || len(none.Processes) != 0 {
		t.Fatalf("%+v, %v", none, err)
	}
	if err := syscall.Kill(first.Processes[0].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	again := next(t, w, "a", api.Running)     // restarted automatically
	for again.PID == first.Processes[0].PID { // its pipe is still being drained
		again = next(t, w, "a", api.Running)
	}
	if again.PID == 0 || again.LastExit != "terminated by SIGKILL" {
		t.Errorf("after its death: %+v", again)
	}
	if err := s.StopProcess(context.Background(), "p:a", true); err != nil {
		t.Fatal(err)
	}
	if v := next(t, w, "a", api.Stopped); v.PID != 0 || v.LastExit != "terminated by SIGTERM" {
		t.Errorf("stopped: %+v", v)
	}
	// A process is there once, however often it has changed.
	snap, err := second.Take()
	if err != nil || len(snap.Processes) != 1 || snap.Processes[0].State != api.Stopped {
		t.Errorf("%+v, %v", snap, err)
	}
	w.Close()
	second.Close()
	if err := s.StartProcess(context.Background(), "p:b", true); err != nil {
		t.Fatal(err)
	}
	if snap, err := w.Take(); err != nil || len(snap.Processes) != 0 {
		t.Errorf("after Close: %+v, %v", snap, err)
	}
}

// The removal of a group wakes a Watch and changes the layout.
func TestWatchGroups(t *testing.T) {
	s := run(t, group("p", "/bin/cat", "a"))
	w, before, err := s.Watch(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := s.RemoveGroup("p"); err != nil {
		t.Fatal(err)
	}
	<-w.Ready()
	after, err := w.Take()
	if err != nil || after.Layout == before.Layout || len(after.Processes) != 0 {
		t.Errorf("%+v, then %+v, %v", before, after, err)
	}
}
