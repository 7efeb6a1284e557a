package supervisor

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
)

// pool is a world with three processes of one program, which run.
func pool(t *testing.T) (w *world, members []*process.Process) {
	t.Helper()
	g := program("p0")
	for i := range 2 {
		other := *g.Processes[0]
		other.ProcessName = fmt.Sprintf("p%d", i+1)
		g.Processes = append(g.Processes, &other)
	}
	w = newWorld(t, g)
	w.settle()
	w.pass(time.Minute)
	w.lines()
	w.started = nil
	return w, w.Group("p0").Processes
}

var age = api.Reason{Why: api.WhyAge}

// running is how many of the processes run.
func running(members []*process.Process) (n int) {
	for _, p := range members {
		if p.State() == api.Running {
			n++
		}
	}
	return n
}

// TestRecycle stops a process and starts it again though autorestart is false.
func TestRecycle(t *testing.T) {
	w := newWorld(t, program("a", func(p *config.Process) { p.Exit.Restart = config.RestartNever }))
	w.pass(time.Minute)
	w.lines()
	p := w.process("a")
	w.Recycle(p, api.Reason{Why: api.WhyUnhealthy, Text: "HTTP 503"}, w.now)
	if p.State() != api.Stopping || !p.StartComes() {
		t.Fatalf("%v", p.State())
	}
	w.Recycle(p, age, w.now) // it is being restarted
	w.exit("a", by(syscall.SIGTERM))
	w.pass(time.Second)
	w.expect("INFO restarting a: unhealthy (HTTP 503)", "WARN stopped: a (terminated by SIGTERM)", "INFO spawned: 'a' with pid PID",
		"INFO success: a entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)")
	w.Recycle(p, age, w.now)
	p.Stop(w.now) // the request wins
	w.exit("a", by(syscall.SIGTERM))
	w.pass(time.Hour)
	if p.State() != api.Stopped || len(w.started) != 2 {
		t.Errorf("%v after %v", p.State(), w.started)
	}
	if w.recycles != nil {
		t.Errorf("left: %v", w.recycles)
	}
}

// TestRecycleQueue recycles all processes of a program: no more than one is down at a time, and a process that was started
// again in between is left alone.
func TestRecycleQueue(t *testing.T) {
	w, members := pool(t)
	for _, p := range members {
		w.Recycle(p, age, w.now)
		w.Recycle(p, age, w.now)
	}
	w.exit("p1", code(3)) // started again by itself
	w.pass(2 * time.Second)
	for range members {
		if n := running(members); n < 2 {
			t.Fatalf("%d processes run", n)
		}
		for _, p := range members {
			if p.State() == api.Stopping {
				w.exit(p.Name(), by(syscall.SIGTERM))
			}
		}
		w.pass(2 * time.Second)
		if n := running(members); n < 2 {
			t.Fatalf("%d processes run", n)
		}
	}
	if d := cmp.Diff([]string{"p1", "p0", "p2"}, w.started); d != "" || running(members) != 3 || w.recycles != nil {
		t.Errorf("%d run, left %v, started (-want +got):\n%s", running(members), w.recycles, d)
	}
}

// TestRecycleFails shows that a process that does not come back ends the recycles of the others, a stop by request does not.
func TestRecycleFails(t *testing.T) {
	w, members := pool(t)
	for _, p := range members {
		w.Recycle(p, age, w.now)
	}
	members[0].Stop(w.now)
	w.exit("p0", by(syscall.SIGTERM))
	w.exit("p1", by(syscall.SIGTERM))
	w.exit("p1", code(1))
	w.pass(time.Minute)
	w.expect("INFO restarting p0: age", "WARN stopped: p0 (terminated by SIGTERM)",
		"INFO restarting p1: age", "WARN stopped: p1 (terminated by SIGTERM)", "INFO spawned: 'p1' with pid PID",
		"WARN exited: p1 (exit status 1; not expected)", "WARN p2 was not restarted (age): p1 failed",
		"INFO spawned: 'p1' with pid PID",
		"INFO success: p1 entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)")
	if w.recycles != nil || members[0].State() != api.Stopped {
		t.Errorf("left %v, %v", w.recycles, members[0].State())
	}
}

// TestRecycleOneshot shows that the recycles of others go on when a one-shot program ends as expected before it is ready, and end when it
// fails.
func TestRecycleOneshot(t *testing.T) {
	for status, want := range map[int]string{0: "INFO restarting p1: age", 3: "WARN p1 was not restarted (age): p0 failed"} {
		w := newWorldOf(t, readPrograms(t, "p type=oneshot process_name=p%(process_num)d numprocs=2 readiness_check_script=tcp://127.0.0.1:9 "+
			"readiness_check_initial_delay=1h"))
		w.settle()
		w.pass(time.Second)
		members := w.Group("p").Processes
		if n := running(members); n != 2 {
			t.Fatalf("%d processes run", n)
		}
		for _, p := range members {
			w.Recycle(p, age, w.now)
		}
		w.exit("p0", by(syscall.SIGTERM))
		w.pass(time.Second)
		w.lines()
		w.exit("p0", code(status))
		w.pass(time.Second)
		if got := w.lines("INFO", "WARN"); len(got) != 2 || got[1] != want {
			t.Errorf("after exit status %d: %q", status, got)
		}
	}
}

// TestRecycleEnds shows that a shutdown ends recycles.
func TestRecycleEnds(t *testing.T) {
	w, members := pool(t)
	for _, p := range members {
		w.Recycle(p, age, w.now)
	}
	w.Shutdown()
	w.stopGroups(w.now)
	for _, p := range members {
		w.exit(p.Name(), by(syscall.SIGTERM))
	}
	w.Recycle(members[0], api.Reason{Why: api.WhyUnhealthy}, w.now)
	w.pass(time.Hour)
	if !w.stopGroups(w.now) || len(w.started) > 0 || w.recycles != nil {
		t.Errorf("started %v, left %v", w.started, w.recycles)
	}
}
