package rpc

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// next takes from a Watch until name is in a state.
func next(t *testing.T, w *Watch, name string, state api.State) View {
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
		for _, v := range snap.Views {
			if v.Name == name && v.State == state {
				return v
			}
		}
	}
}

// A Watch begins with what has changed since a moment, then tells of each change, whole: state, pid and last exit.
func TestWatch(t *testing.T) {
	s := serve(t, program("p", "/bin/cat", "a", "b"))
	all, err := s.All()
	if err != nil || len(all.Views) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	if err := s.StartProcess(context.Background(), "p:a"); err != nil {
		t.Fatal(err)
	}
	w, first, err := s.Watch(all.At)
	if err != nil || len(first.Views) != 1 || first.Views[0].Name != "a" || first.Views[0].State != api.Running ||
		first.Views[0].LastExit != "" || first.Layout != all.Layout {
		t.Fatalf("%+v, %v", first, err)
	}
	quiet, none, err := s.Watch(time.Now())
	if err != nil || len(none.Views) != 0 {
		t.Fatalf("%+v, %v", none, err)
	}
	if err := syscall.Kill(first.Views[0].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	again := next(t, w, "a", api.Running) // it is started again
	for again.PID == first.Views[0].PID { // its last output is still being taken
		again = next(t, w, "a", api.Running)
	}
	if again.PID == 0 || again.LastExit != "terminated by SIGKILL" {
		t.Errorf("after its death: %+v", again)
	}
	if err := s.StopProcess(context.Background(), "p:a"); err != nil {
		t.Fatal(err)
	}
	if v := next(t, w, "a", api.Stopped); v.PID != 0 || v.LastExit != "terminated by SIGTERM" {
		t.Errorf("stopped: %+v", v)
	}
	// However long nobody takes, a process is there once.
	snap, err := quiet.Take()
	if err != nil || len(snap.Views) != 1 || snap.Views[0].State != api.Stopped {
		t.Errorf("%+v, %v", snap, err)
	}
	w.Close()
	quiet.Close()
	if err := s.StartProcess(context.Background(), "p:b"); err != nil {
		t.Fatal(err)
	}
	if snap, err := w.Take(); err != nil || len(snap.Views) != 0 {
		t.Errorf("after Close: %+v, %v", snap, err)
	}
}

// A group that goes wakes a Watch, and the layout is another.
func TestWatchGroups(t *testing.T) {
	s := serve(t, program("p", "/bin/cat", "a"))
	w, before, err := s.Watch(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, fault := call(t, s, "supervisor.removeProcessGroup", "p"); fault != "" {
		t.Fatal(fault)
	}
	<-w.Ready()
	after, err := w.Take()
	if err != nil || after.Layout == before.Layout || len(after.Views) != 0 {
		t.Errorf("%+v, then %+v, %v", before, after, err)
	}
}
