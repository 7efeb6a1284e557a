package supervisor

import (
	"fmt"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
)

// TestMembers adds programs to a group that is active, and removes processes from it, with and without a deadline.
func TestMembers(t *testing.T) {
	w := newWorld(t, program("g"))
	w.settle()
	w.pass(time.Minute)
	before := w.Group("g").Config
	first := program("a", priority(1)).Processes[0]
	waiting := program("b", func(p *config.Process) { p.Start.Auto = false }).Processes[0]
	w.AddProcesses(w.Group("g"), []*config.Process{first, waiting})
	names := func() (names []string) {
		for _, p := range w.Group("g").Processes {
			names = append(names, fmt.Sprint(p.Name(), " ", p.State()))
		}
		return names
	}
	w.settle()
	if got := fmt.Sprint(names()); got != "[a STARTING g RUNNING b STOPPED]" {
		t.Errorf("%s", got)
	}
	if d := w.Reread(&config.Config{Groups: []*config.Group{before}}); len(d.Changed) != 1 {
		t.Errorf("reread sees no change: %+v", d)
	}
	if len(before.Processes) != 1 {
		t.Error("the configuration that was read has changed")
	}
	a := w.Group("g").Process("a")
	w.pass(time.Second)
	w.exit("a", code(3)) // an unexpected exit: it is started again at once
	w.lines()
	if a.State() != api.Starting {
		t.Fatalf("%v", a.State())
	}
	a.Stop(w.now)
	w.exit("a", code(0))
	w.RemoveProcess(w.Group("g"), a)
	pending := program("c").Processes[0]
	w.AddProcesses(w.Group("g"), []*config.Process{pending})
	w.RemoveProcess(w.Group("g"), w.Group("g").Process("c"))
	w.RemoveProcess(w.Group("g"), w.Group("g").Process("b"))
	w.pass(time.Hour)
	if got := fmt.Sprint(names(), len(w.Processes()), w.pidOf["c"]); got != "[g RUNNING] 1 0" {
		t.Errorf("%s", got)
	}
	if d := w.Reread(&config.Config{Groups: []*config.Group{before}}); len(d.Changed) != 0 {
		t.Errorf("%+v", d)
	}
}

// TestRemoveWithDeadline removes a process that would be started again, alone or with its group.
func TestRemoveWithDeadline(t *testing.T) {
	always := func(p *config.Process) { p.Exit.Restart, p.Start.Secs = config.RestartAlways, 0 }
	for name, remove := range map[string]func(*world, *process.Process){
		"process": func(w *world, p *process.Process) { w.RemoveProcess(w.Group("g"), p) },
		"group":   func(w *world, _ *process.Process) { w.RemoveGroup(w.Group("g")) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, program("g", always))
			w.settle()
			p := w.process("g")
			w.exit("g", code(0))
			w.exit("g", code(0)) // a second short run: the next start has to wait
			if p.State() != api.Exited || p.Wake().IsZero() {
				t.Fatalf("%v, %v", p.State(), p.Wake())
			}
			n := len(w.started)
			remove(w, p)
			w.pass(time.Hour)
			if len(w.started) != n {
				t.Errorf("started %v", w.started)
			}
		})
	}
}
