package supervisor

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/child/step"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// TestHelper shows each end that a helper can have: what is logged, sent and reported.
func TestHelper(t *testing.T) {
	const started = "DEBG a: pre_start_hook started with pid PID"
	for _, c := range []struct {
		name    string
		spec    helper.Spec
		fail    error // of the start
		act     func(w *world, r *helper.Run)
		want    helper.Result
		log     []string
		signals []string
	}{
		{name: "succeeds", act: func(w *world, r *helper.Run) { w.exit("a pre_start", code(0)) },
			want: helper.Result{OK: true, Text: "exit status 0"},
			log:  []string{started, "INFO a: pre_start_hook ended (exit status 0)"}},
		{name: "fails", act: func(w *world, r *helper.Run) { w.exit("a pre_start", code(3)) },
			want: helper.Result{Text: "exit status 3", Exit: 3},
			log:  []string{started, "WARN a: pre_start_hook failed (exit status 3)"}},
		{name: "may fail", spec: helper.Spec{Command: config.HelperCommand{MayFail: true}},
			act:  func(w *world, r *helper.Run) { w.exit("a pre_start", code(3)) },
			want: helper.Result{OK: true, Text: "exit status 3", Exit: 3},
			log:  []string{started, "WARN a: pre_start_hook failed (exit status 3)"}},
		{name: "ended by a signal", act: func(w *world, r *helper.Run) { w.exit("a pre_start", by(syscall.SIGSEGV)) },
			want: helper.Result{Text: "terminated by SIGSEGV", Exit: -1},
			log:  []string{started, "WARN a: pre_start_hook failed (terminated by SIGSEGV)"}},
		{name: "times out", act: func(w *world, r *helper.Run) {
			w.pass(61 * time.Second)
			w.exit("a pre_start", by(syscall.SIGKILL))
		},
			want:    helper.Result{Text: "timed out after 60 seconds", Exit: -1},
			log:     []string{started, "WARN a: pre_start_hook failed (timed out after 60 seconds)"},
			signals: []string{"TERM a group", "KILL a group"}},
		{name: "survives SIGKILL", act: func(w *world, r *helper.Run) {
			w.pass(time.Hour)
			if !r.Stuck() || r.PID() == 0 {
				t.Error("it is not known any more")
			}
		},
			want:    helper.Result{Text: "timed out after 60 seconds", Exit: -1},
			log:     []string{started, "WARN a: pre_start_hook failed (timed out after 60 seconds)"},
			signals: []string{"TERM a group", "KILL a group"}},
		{name: "is stopped", act: func(w *world, r *helper.Run) {
			r.Stop(syscall.SIGINT, 3*time.Second, w.now)
			w.pass(2 * time.Second)
			w.exit("a pre_start", by(syscall.SIGINT))
		},
			want:    helper.Result{Text: "terminated by SIGINT", Exit: -1},
			log:     []string{started, "WARN a: pre_start_hook failed (terminated by SIGINT)"},
			signals: []string{"INT a group"}},
		{name: "is not found", spec: helper.Spec{Command: config.HelperCommand{Line: "/no/such"}},
			want: helper.Result{Text: "can't find command '/no/such'", Exit: -1},
			log:  []string{"WARN a: pre_start_hook failed (can't find command '/no/such')"}},
		{name: "cannot be forked", fail: syscall.EAGAIN,
			want: helper.Result{Text: "unknown error during fork for 'a': EAGAIN", Exit: -1},
			log:  []string{"WARN a: pre_start_hook failed (unknown error during fork for 'a': EAGAIN)"}},
		{name: "check times out", spec: helper.Spec{Check: true}, act: func(w *world, r *helper.Run) {
			w.pass(60 * time.Second)
		},
			want: helper.Result{Text: "timed out after 60 seconds", Exit: -1}, log: []string{started},
			signals: []string{"KILL a group"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, program("a", func(p *config.Process) { p.Start.Auto = false }))
			w.fail = c.fail
			var got []helper.Result
			spec := c.spec
			spec.Hook, spec.Label, spec.Timeout = "pre_start", "pre_start_hook", time.Minute
			if spec.Command.Line == "" {
				spec.Command.Line = "/bin/sh"
			}
			spec.Done = func(r helper.Result, _ time.Time) { got = append(got, r) }
			r := w.process("a").Help(spec, w.now)
			if len(got) > 0 {
				t.Error("the result precedes the return of Help")
			}
			if c.act != nil {
				c.act(w, r)
			}
			w.pass(time.Hour)
			if d := cmp.Diff([]helper.Result{c.want}, got); d != "" {
				t.Errorf("results (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.log, w.lines("DEBG", "INFO", "WARN")); d != "" {
				t.Errorf("log (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.signals, w.signals); d != "" {
				t.Errorf("signals (-want +got):\n%s", d)
			}
		})
	}
}

// realLoop runs a Supervisor with real children until the function that it returns is called.
func realLoop(t *testing.T, log *lockedLog, groups ...*config.Group) (sup *Supervisor, end func()) {
	t.Helper()
	chld := make(chan os.Signal, 1)
	signal.Notify(chld, syscall.SIGCHLD)
	sup, err := New(Options{Config: &config.Config{Groups: groups}, Log: logs.NewMain(log, api.Debug), Chld: chld, Start: child.Start})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		sup.Run(nil, nil)
	}()
	return sup, func() {
		if err := sup.Do((*Loop).Shutdown); err != nil {
			t.Error(err)
		}
		<-ended
		signal.Stop(chld)
	}
}

// help runs a helper of process a and returns its result.
func help(t *testing.T, sup *Supervisor, spec helper.Spec) helper.Result {
	t.Helper()
	got := make(chan helper.Result, 1)
	spec.Done = func(r helper.Result, _ time.Time) { got <- r }
	if err := sup.Do(func(l *Loop) { l.Find("a", "a").Help(spec, time.Now()) }); err != nil {
		t.Fatal(err)
	}
	return <-got
}

// TestHelperEnvironment shows what a helper gets of its program, and where its output goes.
func TestHelperEnvironment(t *testing.T) {
	dir := t.TempDir()
	priority, fail := exec.Command("nice").Output() // of the test
	if fail != nil {
		t.Fatal(fail)
	}
	out, err := filepath.Join(dir, "out"), filepath.Join(dir, "err")
	sup, end := realLoop(t, &lockedLog{grew: make(chan struct{}, 1)}, program("a", func(p *config.Process) {
		p.Run.Command, p.Start.Auto, p.Run.Directory, p.Run.Umask = "/bin/sleep 1000", false, dir, 0o27
		p.Run.Environment = map[string]string{"WORD": "from the program"}
		p.Limits = config.Limits{step.Nice(19)}
		p.Out.Log, p.Err.Log = config.Log{Kind: config.LogFile, Path: out}, config.Log{Kind: config.LogFile, Path: err}
	}))
	run := func(spec helper.Spec, text string) helper.Result {
		spec.Hook, spec.Label, spec.Timeout = "pre_stop", "pre_stop_hook", time.Minute
		spec.Command.Line = fmt.Sprintf(`/bin/sh -c '%s'`, text)
		return help(t, sup, spec)
	}
	const show = `echo $SUPERVISOR_HOOK $SUPERVISOR_PROCESS_NAME $WORD $MORE; pwd; umask; nice; cat; echo bad >&2`
	if r := run(helper.Spec{Env: []string{"MORE=more"}}, show); !r.OK {
		t.Error(r)
	}
	run(helper.Spec{Command: config.HelperCommand{Privileged: true}}, "nice")
	check := run(helper.Spec{Check: true}, "echo one; echo two >&2; exit 2")
	if want := (helper.Result{Text: "exit status 2", Exit: 2, Output: "one\ntwo\n"}); check != want {
		t.Errorf("check: %+v", check)
	}
	long := run(helper.Spec{Check: true}, "yes | head -c 200000; echo end")
	if n := len(long.Output); n != 1024 || !strings.HasSuffix(long.Output, "y\nend\n") {
		t.Errorf("%d bytes are kept: %q", n, long.Output)
	}
	if err := sup.Do(func(l *Loop) { l.Find("a", "a").Start(time.Now()) }); err != nil {
		t.Fatal(err)
	}
	run(helper.Spec{}, "test $PPID -eq $(cut -d \" \" -f 4 /proc/$SUPERVISOR_PROGRAM_PID/stat) && echo child")
	end()
	text, _ := os.ReadFile(out)
	want := "pre_stop a from the program more\n" + dir + "\n0027\n19\n" + string(priority)
	if runtime.GOOS == "linux" {
		want += "child\n"
	}
	if d := cmp.Diff(want, string(text)); d != "" {
		t.Errorf("log (-want +got):\n%s", d)
	}
	if text, _ := os.ReadFile(err); string(text) != "bad\n" {
		t.Errorf("log of standard error: %q", text)
	}
}

// TestHelpersLeakNothing runs a thousand helpers, of which some hang, ignore SIGTERM, leave children behind, or cannot be started:
// afterwards there are as many processes, goroutines and descriptors as before.
func TestHelpersLeakNothing(t *testing.T) {
	dir := t.TempDir()
	once := func(n int) {
		log := &lockedLog{grew: make(chan struct{}, 1)}
		sup, end := realLoop(t, log, program("a", func(p *config.Process) {
			p.Run.Command, p.Out.Log = "/bin/sleep 1000", config.Log{Kind: config.LogFile, Path: filepath.Join(dir, "a")}
		}))
		commands := []string{"/bin/true", "/bin/echo text", "/no/such", "/bin/sleep 1000", `/bin/sh -c 'trap "" TERM; sleep 1000; sleep 1000'`,
			`/bin/sh -c 'sleep 1000 & echo started'`, "/bin/false"}
		const atOnce = 100
		results, groups := make(chan helper.Result, atOnce), []int{}
		for i := range n {
			spec := helper.Spec{Hook: "pre_start", Label: "pre_start_hook", Timeout: 50 * time.Millisecond, Check: i%3 == 0,
				Command: config.HelperCommand{Line: commands[i%len(commands)]},
				Done:    func(r helper.Result, _ time.Time) { results <- r }}
			if err := sup.Do(func(l *Loop) { groups = append(groups, l.Find("a", "a").Help(spec, time.Now()).PID()) }); err != nil {
				t.Fatal(err)
			}
			if i >= atOnce {
				<-results
			}
		}
		for range min(n, atOnce) {
			<-results
		}
		end()
		if !settled(func() int { return inGroups(t, groups) }, 0) {
			t.Errorf("%d processes are left", inGroups(t, groups))
		}
	}
	leavesNothing(t, func() { once(50) }, func() { once(1000) })
}

// inGroups returns how many processes are in one of the groups. It does not count zombies, which stay where process 1 does not reap.
func inGroups(t *testing.T, groups []int) (n int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(files) == 0 {
		t.Fatalf("no processes in /proc: %v", err)
	}
	for _, file := range files {
		text, _ := os.ReadFile(file) // fails if the process has ended
		_, rest, _ := strings.Cut(string(text), ") ")
		var state string
		var parent, group int
		if _, err := fmt.Sscan(rest, &state, &parent, &group); err == nil && group != 0 && state != "Z" && slices.Contains(groups, group) {
			n++
		}
	}
	return n
}

// TestShutdownWaitsForHelpers shows that a shutdown waits for a hook, not for a check, nor for what survives SIGKILL.
func TestShutdownWaitsForHelpers(t *testing.T) {
	w := newWorld(t, program("a", func(p *config.Process) { p.Start.Auto = false }))
	start := func(hook string, timeout time.Duration) {
		w.process("a").Help(helper.Spec{Hook: hook, Label: hook, Timeout: timeout, Check: hook == "check",
			Command: config.HelperCommand{Line: "/bin/true"}}, w.now)
	}
	start("hook", time.Minute)
	start("check", time.Hour)
	start("unlimited", 0)
	w.Shutdown()
	over := func() bool { return w.stopGroups(w.now) }
	if over() {
		t.Error("it does not wait")
	}
	w.exit("a check", by(syscall.SIGKILL))
	w.exit("a unlimited", by(syscall.SIGKILL))
	w.pass(time.Second)
	if over() {
		t.Error("it does not wait for the hook")
	}
	w.pass(61 * time.Second)
	if !over() {
		t.Error("it waits for a hook that survives SIGKILL")
	}
}
