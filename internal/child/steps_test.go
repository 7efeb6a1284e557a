package child

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gosupervisor/supervisor/internal/child/step"
)

// stepCase is one step that a child can be seen to have done.
type stepCase struct {
	step  step.Step
	way   step.Way
	show  string // a shell command that shows it
	want  string // its output after the step
	line  string // not empty: the command ends the script, and this line of its output counts
	fails []failure
	safe  bool // the step cannot fail
	// wayWith is the way together with other kinds; nil: way.
	wayWith func(names []string) step.Way
}

// limitCases has the cases of limits that not all systems have.
var limitCases = func() map[string]stepCase { return nil }

// failure is a step that fails, and what the child writes about it.
type failure struct {
	step step.Step
	text string
}

// stepCases has the case of each kind of step by its name.
func stepCases() map[string]stepCase {
	user := stepCase{step: &step.User{UID: 65534, GID: 65533, Groups: []int{65534, 4}}, way: step.ByFork,
		show: "id -u; id -g; id -G", want: "65534\n65533\n65533 4 65534\n",
		fails: []failure{
			{&step.User{UID: 1, GID: 1, Groups: []int{-1}}, "couldn't setuid to 1: Could not set groups of effective user"},
			{&step.User{UID: 1, GID: -1}, "couldn't setuid to 1: Could not set group id of effective user"},
			{&step.User{UID: 0, GID: 1, Groups: []int{-1}, Regroup: true}, "couldn't setuid to 0: Could not set groups of effective user"},
			{&step.User{UID: -1, GID: 1}, "couldn't setuid to -1: Could not set user id of effective user"},
		}}
	if uid := os.Getuid(); uid != 0 {
		user = stepCase{step: &step.User{UID: uid, GID: os.Getgid()}, way: step.ByShim, show: "id -u", want: fmt.Sprintln(uid),
			fails: []failure{{&step.User{UID: uid + 1, GID: 1},
				fmt.Sprintf("couldn't setuid to %d: Can't drop privilege as nonroot user", uid+1)}}}
	}
	nice := stepCase{step: step.Nice(19), way: step.ByShim, show: "nice", want: "19\n", safe: true}
	if os.Getuid() != 0 {
		nice.safe, nice.fails = false, []failure{{step.Nice(-20), "couldn't set nice to -20: EACCES"}}
	}
	cases := map[string]stepCase{
		"nice":            nice,
		"limits_required": {step: step.Required(true), way: step.ByFork, show: ":", safe: true},
		"user":            user,
		"directory": {step: step.Directory("/"), way: step.ByFork, show: "pwd -P", want: "/\n",
			fails: []failure{{step.Directory("/nonexistent"), "couldn't chdir to /nonexistent: ENOENT"}}},
		"umask": {step: step.Umask(0o27), way: step.ByThread, show: "umask", want: "0027\n", safe: true},
		"listenpid": {step: step.ListenPID{}, way: step.ByShim, show: "[ \"$LISTEN_PID\" = $$ ] && echo own || echo none", want: "own\n",
			safe: true},
	}
	maps.Copy(cases, limitCases())
	return cases
}

// inOrder returns the steps of the cases in the order of a start.
func inOrder(cases map[string]stepCase) (steps []step.Step) {
	for _, c := range cases {
		steps = append(steps, c.step)
	}
	return step.Sort(steps)
}

// starter is a function that starts children.
type starter struct {
	start    func(*testing.T, Spec) (pid int, err error)
	shimless step.Way // the most expensive way for which it does not need the shim
	shim     bool     // it uses the shim for more expensive ones; otherwise it cannot do those
}

var starters = map[string]starter{
	"fork":  {func(t *testing.T, spec Spec) (int, error) { return forkExec(spec.Path, spec.Args, &spec, spec.Steps) }, step.ByFork, false},
	"shim":  {func(_ *testing.T, spec Spec) (int, error) { return startShim(spec, failures.writeEnd()) }, -1, true},
	"Start": {func(_ *testing.T, spec Spec) (int, error) { return Start(spec) }, step.ByFork, true},
}

// show makes a child show the effect of every kind of step, those that it has not done as well.
func show(t *testing.T, start func(*testing.T, Spec) (int, error), steps []step.Step) map[string]string {
	t.Helper()
	cases := stepCases()
	script := new(strings.Builder)
	script.WriteString(showFunctions)
	last := ""
	for name, c := range cases {
		if text := fmt.Sprintf("echo %s:; %s; echo .\n", name, c.show); c.line != "" {
			last = text
		} else {
			script.WriteString(text)
		}
	}
	script.WriteString(last)
	pid, out, stderr := startWith(t, start, Spec{Path: "/bin/sh", Args: []string{"sh", "-c", script.String()}, Env: os.Environ(), Steps: steps})
	if status := end(t, pid); status.ExitStatus() != 0 || stderr != "" {
		t.Fatalf("status %d: %s", status.ExitStatus(), stderr)
	}
	shown := map[string]string{}
	for part := range strings.SplitSeq(out, ".\n") {
		name, effect, _ := strings.Cut(part, ":\n")
		if line := cases[name].line; line != "" {
			_, effect, _ = strings.Cut(effect, line)
			effect, _, _ = strings.Cut(effect, "\n")
			effect += "\n"
		}
		shown[name] = effect
	}
	return shown
}

// showFunctions are for the commands that show effects: lines of a file of /proc that begin with a text, without a process of their own.
const showFunctions = `of() { while read -r l; do case $l in "$2"*) echo $l;; esac; done </proc/$$/$1; }
`

// combinations returns all sets of up to two names, and the set of all, each in the order of names.
func combinations(names []string) [][]string {
	sets := [][]string{nil, names}
	for i, a := range names {
		sets = append(sets, []string{a})
		for _, b := range names[i+1:] {
			sets = append(sets, []string{a, b})
		}
	}
	return sets
}

// TestSteps shows that each kind of step takes effect alone and together with every other one, by every way to start a child
// that can do them, that no other step does, and that no way is more expensive than it has to be.
func TestSteps(t *testing.T) {
	cases := stepCases()
	if len(cases) != step.Kinds {
		t.Errorf("there are %d kinds of steps, %d cases", step.Kinds, len(cases))
	}
	var names []string
	sets := [][]string{nil}
	rlimits := 0
	for _, s := range inOrder(cases) {
		if _, is := s.(step.Rlimit); is {
			if rlimits++; rlimits > 1 { // the first one stands for all together with others
				sets = append(sets, []string{step.Key(s)})
				continue
			}
		}
		names = append(names, step.Key(s))
	}
	inherited := show(t, starters["Start"].start, nil)
	for _, set := range append(sets, combinations(names)...) {
		spec, want := Spec{}, step.ByFork
		for _, name := range set {
			spec.Steps = append(spec.Steps, cases[name].step)
			if with := cases[name].wayWith; with != nil {
				want = max(want, with(set))
				continue
			}
			want = max(want, cases[name].way)
		}
		if got := step.WayOf(spec.Steps); got != want {
			t.Errorf("%v: way %d, want %d", set, got, want)
		}
		for way, s := range starters {
			if want > s.shimless && !s.shim {
				continue
			}
			t.Run(strings.Join(append([]string{way}, set...), "+"), func(t *testing.T) {
				if want <= s.shimless {
					withoutShim(t)
				}
				for name, effect := range show(t, s.start, spec.Steps) {
					want := inherited[name]
					if slices.Contains(set, name) {
						want = cases[name].want
					}
					if effect != want {
						t.Errorf("%s: %q, want %q", name, effect, want)
					}
				}
			})
		}
	}
}

// withoutShim makes starts fail that need the shim.
func withoutShim(t *testing.T) {
	before := self
	self = "/nonexistent"
	t.Cleanup(func() { self = before })
}

// TestStepFails shows that a step that fails is reported by the child, whichever way is tried first, and that no later step
// is done, which might fail as well, nor the command executed.
// covers: L8-steps
func TestStepFails(t *testing.T) {
	cases := stepCases()
	var all []failure
	for _, s := range inOrder(cases) {
		c := cases[step.Key(s)]
		if c.safe == (len(c.fails) > 0) {
			t.Errorf("%s: no case in which the step fails", step.Key(s))
		}
		all = append(all, c.fails...)
	}
	for way, s := range starters {
		if !s.shim {
			continue
		}
		for i, first := range all {
			for j, second := range all {
				if i != j && (way != "shim" || step.Key(first.step) == step.Key(second.step)) {
					continue // the pairs need one way only, which is that of all others in the end
				}
				steps := []step.Step{first.step}
				for _, s := range inOrder(cases) {
					switch step.Key(s) {
					case step.Key(first.step):
					case step.Key(second.step):
						steps = append(steps, second.step)
					default:
						steps = append(steps, s)
					}
				}
				t.Run(fmt.Sprintf("%s/%d,%d", way, i, j), func(t *testing.T) {
					expectFailure(t, s.start, Spec{Path: "/bin/echo", Args: []string{"echo"}, Steps: steps}, first.text)
				})
			}
		}
	}
}

// expectFailure starts a child that must write text and not execute its command.
func expectFailure(t *testing.T, start func(*testing.T, Spec) (int, error), spec Spec, text string) {
	t.Helper()
	pid, stdout, stderr := startWith(t, start, spec)
	want := "supervisor: " + text + "\nsupervisor: child process was not spawned\n"
	status := end(t, pid)
	if status.ExitStatus() != 127 || stderr != want || stdout != "" {
		t.Errorf("status %d, stdout %q, stderr %q; want %q", status.ExitStatus(), stdout, stderr, want)
	}
	if reason := failures.take(Exit{PID: pid, Status: status}); !strings.HasPrefix(reason, text) {
		t.Errorf("reason %q; want %q", reason, text)
	}
}

// TestStepOrder shows that steps are done in the order in which they are listed, also if fork and exec have another.
func TestStepOrder(t *testing.T) {
	ours, other := t.TempDir(), t.TempDir()
	t.Chdir(ours)
	for _, dir := range []string{ours, other} {
		if err := os.Mkdir(filepath.Join(dir, "sub"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	user := &step.User{UID: 65534, GID: 65534}
	for way, s := range starters {
		if !s.shim {
			continue
		}
		pwd := func(want string, steps ...step.Step) {
			pid, stdout, stderr := startWith(t, s.start, Spec{Path: "/bin/pwd", Args: []string{"pwd"}, Steps: steps})
			if status := end(t, pid); status.ExitStatus() != 0 || stdout != want+"\n" {
				t.Errorf("%s: status %d, stdout %q, stderr %q", way, status.ExitStatus(), stdout, stderr)
			}
		}
		pwd(other+"/sub", step.Directory(other), step.Directory("sub"))
		if os.Getuid() == 0 {
			pwd(other+"/sub", step.Directory(other+"/sub"), user)
			expectFailure(t, s.start, Spec{Path: "/bin/pwd", Args: []string{"pwd"}, Steps: []step.Step{user, step.Directory(other + "/sub")}},
				"couldn't chdir to "+other+"/sub: EACCES")
		}
	}
	spec := Spec{Steps: []step.Step{step.Umask(0o22), step.Directory("/")}}
	if w := step.WayOf(spec.Steps); w != step.ByShim {
		t.Errorf("another order than that of fork: way %d", w)
	}
}
