package cgroup_test

import (
	"sync"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/cgroup"
	"github.com/gosupervisor/supervisor/internal/cgroup/cgrouptest"
)

// What waits for the end of all processes in a cgroup is called when the last one has ended, once.
func TestWhenEmpty(t *testing.T) {
	s := cgrouptest.New(t)
	var loop sync.Mutex
	tree := cgroup.New(cgroup.Options{System: s, Log: func(string) {}, Send: func(f func(time.Time)) bool {
		loop.Lock()
		defer loop.Unlock()
		f(time.Now())
		return true
	}})
	empty := make(chan string, 10)
	wait := func(g *cgroup.Group, name string) {
		t.Helper()
		loop.Lock()
		defer loop.Unlock()
		if err := g.WhenEmpty(func(time.Time) { empty <- name }); err != nil {
			t.Fatal(err)
		}
	}
	next := func() string {
		select {
		case name := <-empty:
			return name
		case <-time.After(20 * time.Second):
			return "nothing"
		}
	}
	a, b := tree.Group("g", "a"), tree.Group("g", "b")
	for _, g := range []*cgroup.Group{a, b} {
		if err := g.Make(nil); err != nil {
			t.Fatal(err)
		}
	}
	s.Add("service/g.a", 101)
	s.Add("service/g.a", 102)
	s.Add("service/g.b", 103)
	wait(a, "forgotten")
	wait(a, "a")
	wait(b, "b")
	s.End(101)
	s.End(103)
	if got := next(); got != "b" {
		t.Errorf("%s, want b", got)
	}
	s.End(102)
	if got := next(); got != "a" {
		t.Errorf("%s, want a", got)
	}
	wait(b, "again")
	if got := next(); got != "again" {
		t.Errorf("%s of a cgroup that is empty already", got)
	}
	s.Add("service/g.b", 104)
	wait(b, "closed")
	loop.Lock()
	tree.Close()
	loop.Unlock()
	s.End(104)
	select {
	case got := <-empty:
		t.Errorf("%s was called after Close", got)
	default:
	}
}
