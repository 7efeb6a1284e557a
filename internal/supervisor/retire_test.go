package supervisor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/statefile"
)

// members returns the names and states of the processes of a group.
func members(g *Group) string {
	var names []string
	for _, p := range g.Processes {
		names = append(names, fmt.Sprint(p.Name(), " ", p.State()))
	}
	return strings.Join(names, ", ")
}

// TestAddMembers adds processes in the order of the configuration, which the last reading knows then, too.
func TestAddMembers(t *testing.T) {
	numbered := func(n int) *config.Group {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprint("g", i))
		}
		g := program(all[0])
		for _, name := range all[1:] {
			g.Processes = append(g.Processes, program(name).Processes...)
		}
		g.Name = "g"
		return g
	}
	w := newWorld(t, numbered(2))
	w.settle()
	w.pass(time.Minute)
	like := numbered(4)
	added, err := w.AddMembers(w.Group("g"), []*config.Process{like.Processes[3], like.Processes[2]}, PreparedGroup{Config: like})
	if err != nil || len(added) != 2 {
		t.Fatalf("%v, %v", added, err)
	}
	w.StartSoon(added)
	w.settle()
	if got := members(w.Group("g")); got != "g0 RUNNING, g1 RUNNING, g2 STARTING, g3 STARTING" {
		t.Error(got)
	}
	if w.Config().Groups[0] != w.Group("g").Config || !w.Config().Groups[0].Equal(like) {
		t.Errorf("%+v", w.Config().Groups[0])
	}
}

// TestRetire removes processes when they have stopped, also one that a request wants restarted meanwhile, and one that waits for its next start.
func TestRetire(t *testing.T) {
	g := program("a")
	g.Name, g.Processes = "g", append(g.Processes, append(program("b").Processes, program("c").Processes...)...)
	w := newWorld(t, g)
	w.settle()
	w.pass(time.Minute)
	a, b, c := w.Find("g", "a"), w.Find("g", "b"), w.Find("g", "c")
	w.exit("c", code(3))
	w.exit("c", code(3)) // it waits in BACKOFF or EXITED
	layout := w.Layout()
	for _, p := range []*process.Process{a, c} {
		w.Retire(p, api.Reason{Why: api.WhyScale}, w.now)
	}
	w.pass(time.Millisecond)
	if got := members(w.Group("g")); got != "a STOPPING, b RUNNING" {
		t.Error(got)
	}
	a.Restart(w.now)
	w.exit("a", code(0))
	w.pass(time.Minute)
	if got := members(w.Group("g")); got != "b RUNNING" || w.leaving != nil || w.Layout() == layout {
		t.Error(got)
	}
	if b.State() != api.Running || len(w.Config().Groups[0].Processes) != 1 {
		t.Errorf("%v, %d", b.State(), len(w.Config().Groups[0].Processes))
	}
}

// TestDisable makes processes disabled in each state in which a start may come by itself.
func TestDisable(t *testing.T) {
	kept := statefile.New()
	always := func(p *config.Process) { p.Exit.Restart, p.Start.Secs = config.RestartAlways, 0 }
	w := newWorld(t, program("first"), program("pause", always), program("runs", always))
	w.options.Kept = kept
	disable := func(names ...string) {
		if err := <-kept.Apply(statefile.Change{Disable: names}); err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			w.UpdateDisabled(name, name, w.now)
		}
	}
	disable("first") // it waits for its first start
	w.settle()
	w.pass(time.Minute)
	for range 3 {
		w.exit("pause", code(0)) // after a second short run, the next start has to wait
	}
	if p := w.process("pause"); p.State() != api.Exited || p.Wake().IsZero() {
		t.Fatalf("%v, %v", p.State(), p.Wake())
	}
	disable("pause", "runs")
	w.pass(time.Hour)
	w.exit("runs", code(0))
	w.pass(time.Hour)
	var got []string
	for _, p := range w.Processes() {
		more := p.Info(w.now).More
		got = append(got, fmt.Sprint(p.Name(), " ", p.State(), " ", p.Disabled(), " ", more != nil && more.Disabled != nil))
	}
	if want := "first STOPPED true true, pause EXITED true true, runs RUNNING true true"; strings.Join(got, ", ") != want {
		t.Errorf("%s", got)
	}
	if err := <-kept.Apply(statefile.Change{Enable: []string{"first"}}); err != nil {
		t.Fatal(err)
	}
	w.UpdateDisabled("first", "first", w.now)
	w.pass(time.Hour)
	p := w.process("first")
	if p.Disabled() || p.State() != api.Stopped || !p.Start(w.now) {
		t.Errorf("%v, %v", p.Disabled(), p.State())
	}
}
