package supervisor

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
)

// watching is a world with a program that watches files, and what it watches; the files never change.
func watching(t *testing.T, keys string, change ...func(p *config.Process)) (*world, *fileSet) {
	t.Helper()
	dir := t.TempDir()
	w := newWorld(t, program("a", append([]func(*config.Process){func(p *config.Process) {
		p.Extra = readExtra(t, "restart_directory_monitor="+dir+" "+keys)
	}}, change...)...))
	t.Cleanup(w.endFiles)
	w.settle()
	w.pass(time.Minute)
	w.lines()
	for _, s := range w.files.sets {
		return w, s
	}
	t.Fatal("nothing is watched")
	return nil, nil
}

var fileChange = process.FileChange{Path: "/srv/x", Text: "x changed"}

// TestFileChange restarts a process after a change, unless it was started after it or is not started.
func TestFileChange(t *testing.T) {
	w, s := watching(t, "")
	p := w.process("a")
	w.applyChange(s, fileChange, p.Begun().Add(-time.Millisecond), w.now)
	if p.State() != api.Running {
		t.Errorf("started after the change: %v", p.State())
	}
	w.applyChange(s, fileChange, w.now, w.now)
	w.applyChange(s, fileChange, w.now, w.now) // it is being restarted
	w.exit("a", by(syscall.SIGTERM))
	w.pass(time.Second)
	w.expect("INFO restarting a: file (x changed)", "WARN stopped: a (terminated by SIGTERM)", "INFO spawned: 'a' with pid PID",
		"INFO success: a entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)")
	if m := *p.Info(w.now).More; m.Reason != "file (x changed)" || *m.Restarts != 1 {
		t.Errorf("%+v", m)
	}
	p.Stop(w.now)
	w.applyChange(s, fileChange, w.now, w.now)
	w.exit("a", by(syscall.SIGTERM))
	w.applyChange(s, fileChange, w.now, w.now)
	w.applyChange(s, process.FileChange{Binary: true}, w.now, w.now)
	w.pass(time.Hour)
	if p.State() != api.Stopped || w.recycles != nil {
		t.Errorf("%v, %v", p.State(), w.recycles)
	}
}

// TestFileChangeOneshot starts a one-shot program again that has ended, five times within a minute at most; not one that a request has
// stopped, and not if there is a command or a signal in place of the restart.
func TestFileChangeOneshot(t *testing.T) {
	for keys, want := range map[string]int{
		"type=oneshot": 5,
		"type=oneshot restart_signal_when_file_changed=HUP,TERM": 5,
		"type=oneshot restart_signal_when_file_changed=HUP":      0,
		"type=oneshot restart_cmd_when_file_changed=/bin/true":   0,
		"type=simple": 0,
	} {
		w, s := watching(t, keys, func(p *config.Process) { p.Start.Secs, p.Exit.Restart = 0, config.RestartNever })
		w.exit("a", code(0))
		w.started = nil
		for range 7 {
			w.applyChange(s, fileChange, w.now, w.now)
			w.pass(time.Second)
			if w.process("a").State() == api.Running {
				w.exit("a", code(1))
			}
		}
		if len(w.started) != want {
			t.Errorf("%s: started %v", keys, w.started)
		}
		w.pass(time.Minute)
		w.process("a").Start(w.now)
		w.process("a").Stop(w.now)
		w.exit("a", by(syscall.SIGTERM))
		w.applyChange(s, fileChange, w.now, w.now)
		w.pass(time.Second)
		if state := w.process("a").State(); state != api.Stopped {
			t.Errorf("%s: after a stop: %v", keys, state)
		}
	}
}

// TestFileChangeDuringStart queues a process again that is being started for the change before.
func TestFileChangeDuringStart(t *testing.T) {
	w, s := watching(t, "")
	w.started = nil
	w.applyChange(s, fileChange, w.now, w.now)
	w.exit("a", by(syscall.SIGTERM))
	w.pass(100 * time.Millisecond)
	if p := w.process("a"); p.State() != api.Starting {
		t.Fatal(p.State())
	}
	w.applyChange(s, fileChange, w.now, w.now)
	w.pass(time.Second)
	w.exit("a", by(syscall.SIGTERM))
	w.pass(time.Minute)
	if d := cmp.Diff([]string{"a", "a"}, w.started); d != "" || w.recycles != nil {
		t.Errorf("left %v, started (-want +got):\n%s", w.recycles, d)
	}
}

// TestTooManyFileChanges has changes have no effect after five within a minute, until a request starts the process.
func TestTooManyFileChanges(t *testing.T) {
	for keys, count := range map[string]func(w *world) int{
		"restart_debounce=1": func(w *world) int { return len(w.started) },
		"restart_signal_when_file_changed=HUP": func(w *world) int {
			return len(slices.DeleteFunc(w.lines("INFO"), func(l string) bool { return l != "INFO sending SIGHUP to a: file (x changed)" }))
		},
		"restart_cmd_when_file_changed=/bin/sh":     func(w *world) int { return len(w.started) },
		"restart_signal_when_file_changed=HUP,TERM": func(w *world) int { return len(w.started) },
	} {
		w, s := watching(t, keys)
		change := func() {
			before := len(w.started)
			w.applyChange(s, fileChange, w.now, w.now)
			p := w.process("a")
			if p.State() == api.Stopping {
				w.exit("a", by(syscall.SIGTERM))
			}
			if n := len(w.started); n > before && w.started[n-1] == "a restart_cmd_when_file_changed" {
				w.exit(w.started[n-1], code(0))
			}
			w.pass(2 * time.Second)
		}
		w.started = nil
		for range 5 {
			change()
		}
		if n := count(w); n != 5 {
			t.Errorf("%s: %d changes had an effect", keys, n)
		}
		w.lines()
		w.started = nil
		change()
		change()
		w.expect("ERRO a restarts again and again because of /srv/x; its files are not watched any more")
		p := w.process("a")
		p.Stop(w.now)
		w.exit("a", by(syscall.SIGTERM))
		p.Start(w.now)
		w.pass(2 * time.Second)
		w.started = nil
		w.lines()
		w.applyChange(s, fileChange, w.now, w.now)
		if lines := w.lines("INFO"); len(lines) == 0 {
			t.Errorf("%s: a change after a request to start has no effect", keys)
		}
	}
}

// TestNoPause warns once when files change all the time, and waits.
func TestNoPause(t *testing.T) {
	w, s := watching(t, "restart_debounce=60d")
	dir := w.process("a").Config.Extra.Files.Directories[0]
	(<-w.results)(w.now) // the report that it watches
	if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for s.since.IsZero() {
		f := <-w.results
		f(w.now)
	}
	w.lines()
	w.filesDue(s, w.now.Add(59*time.Second))
	w.expect()
	w.filesDue(s, w.now.Add(time.Minute))
	w.filesDue(s, w.now.Add(2*time.Minute))
	w.expect("WARN a: files have changed for 60 seconds without a pause of restart_debounce, waiting")
	if !s.at.After(w.now.Add(59 * 24 * time.Hour)) {
		t.Errorf("due at %v", s.at)
	}
	w.filesDue(s, w.now.Add(61*24*time.Hour))
	if w.process("a").State() != api.Stopping || !s.at.IsZero() || !s.since.IsZero() {
		t.Errorf("after the pause: %v", w.process("a").State())
	}
}

// TestRewatch gives a process other keys about files: it leaves the set that it was in, and the last one ends the watching.
func TestRewatch(t *testing.T) {
	w, s := watching(t, "")
	p := w.process("a")
	other := *p.Config
	other.Extra = readExtra(t, "restart_directory_monitor="+t.TempDir()+" restart_file_pattern=*.py")
	p.Reconfigure(&other, w.now)
	now := w.fileSetOf(p)
	if now == nil || now == s || len(w.files.sets) != 1 || p.Stale() != "" {
		t.Errorf("%v, %d sets, stale %q", now, len(w.files.sets), p.Stale())
	}
	none := other
	none.Extra = readExtra(t, "restartpause=1")
	p.Reconfigure(&none, w.now)
	if w.files != nil {
		t.Error("files are still watched")
	}
	p.Reconfigure(&other, w.now)
	if w.fileSetOf(p) == nil {
		t.Error("files are not watched again")
	}
	p.Stop(w.now)
	w.exit("a", by(syscall.SIGTERM))
	if w.RemoveGroup(w.Group("a")); w.files != nil {
		t.Error("files of a removed process are watched")
	}
}
