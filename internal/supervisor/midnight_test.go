package supervisor

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
)

// TestMidnight lets the day end for many logs that are rotated daily. Each step of the loop rotates one of them, so requests, which are
// served between two steps, wait for no more.
func TestMidnight(t *testing.T) {
	const count = 300 // two descriptors for each; a step does not depend on their number
	dir := t.TempDir()
	path := func(i int) string { return filepath.Join(dir, fmt.Sprintf("%d.log", i)) }
	daily := readExtra(t, "stdout_logfile_rotate=daily")
	var groups []*config.Group
	for i := range count {
		groups = append(groups, program(fmt.Sprint(i), func(p *config.Process) {
			p.Out.Log = config.Log{Kind: config.LogFile, Path: path(i), Backups: 3}
			p.Extra = daily
		}))
	}
	w := newWorld(t, groups...)
	w.settle()
	w.pass(2 * time.Second)
	for i := range count {
		if err := os.WriteFile(path(i), []byte("yesterday\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rotated := func() (n int) {
		for i := range count {
			if _, err := os.Stat(path(i) + ".1"); err == nil {
				n++
			}
		}
		return n
	}
	now := w.now.Round(0)
	year, month, day := now.Date()
	midnight := time.Date(year, month, day+1, 0, 0, 0, 0, now.Location())
	w.pass(midnight.Sub(now) - time.Minute)
	if n := rotated(); n != 0 {
		t.Fatalf("%d logs are rotated before midnight", n)
	}
	w.now = w.now.Add(time.Minute + time.Second)
	steps := 0
	for before := 0; w.due(w.now); steps++ {
		w.work(w.now)
		n := rotated()
		if n > before+1 {
			t.Fatalf("a step rotates %d logs", n-before)
		}
		before = n
	}
	if n := rotated(); n != count || steps < count {
		t.Errorf("%d logs are rotated in %d steps", n, steps)
	}
	w.pass(23 * time.Hour)
	for i := range count {
		if _, err := os.Stat(path(i) + ".2"); err == nil {
			t.Fatalf("log %d is rotated twice in a day", i)
		}
	}
	if s := w.process("0").State(); s != api.Running {
		t.Errorf("the state is %v", s)
	}
}
