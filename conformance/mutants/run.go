package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// result is the result of testing a mutant.
type result int

const (
	notBuilt        result = iota // does not compile
	killedByUnits                 // a unit test failed
	killedByScripts               // a script failed
	survived
)

// Limits of time, since a mutant may hang: of the tests of one package, and of go test with its builds.
const (
	testLimit    = "-timeout=100s"
	longLimit    = "-timeout=10m" // of scripts, and of a test that reached the limit
	processLimit = 20 * time.Minute
)

// programs are all that scripts run, and links are their other names.
var (
	programs = []string{"./supervisord", "./supervisorctl", "./supervisord/pidproxy", "./supervisord/echo_supervisord_conf",
		"./supervisord/listeners", "./docs/examples/listener", "./docs/examples/generator"}
	links = map[string]string{
		"supervisor-listeners": "listeners", "supervisor-memmon": "listeners", "supervisor-httpok": "listeners",
		"supervisor-crashmail": "listeners", "supervisor-fatalmailbatch": "listeners",
		"sample-listener": "listener", "sample-generator": "generator",
	}
)

var (
	// failed matches the failures in the output of go test.
	failed = regexp.MustCompile(`(?m)^ *--- FAIL: (TestScripts/\S+/\S+|\S+)`)
	// hung matches a test that ran when go test reached its limit.
	hung = regexp.MustCompile(`(?m)^\s+(Test\S+) \([0-9.hms]+\)$`)
)

// killer returns the test that failed: the first script, or else the first unit test; or else one that took too long; or none, after a
// crash. late is true if the tests reached a limit of time.
func killer(err error) (test string, late bool) {
	for _, m := range failed.FindAllStringSubmatch(err.Error(), -1) {
		if test == "" || strings.HasPrefix(m[1], "TestScripts/") {
			test = m[1]
		}
	}
	if m := hung.FindStringSubmatch(err.Error()); test == "" && m != nil {
		return m[1], true
	}
	return test, errors.Is(err, context.DeadlineExceeded)
}

// step is one run of go test.
type step struct {
	result  result // if a test fails
	env     []string
	args    []string
	control *step // the same without the mutant; nil if the step has none
}

// detects reports whether a test fails because of the mutant. A failure counts only if the same test, alone, fails again with the mutant
// and passes without it: on a busy machine a test may fail or take too long without a mutant, and the step is repeated then. A test that
// took too long has a longer time alone.
func (s *step) detects(ctx context.Context, m *mutant) bool {
	for range 3 {
		err := confined(ctx, processLimit, s.env, s.args...)
		if err == nil || ctx.Err() != nil {
			return false
		}
		m.killer, m.late = killer(err)
		if s.fails(ctx, m.killer) && (s.control == nil || !s.control.fails(ctx, m.killer)) {
			m.killer = strings.TrimPrefix(m.killer, "TestScripts/")
			return ctx.Err() == nil
		}
	}
	return false
}

// fails reports whether a test fails alone; all tests of the step, if test is "".
func (s *step) fails(ctx context.Context, test string) bool {
	args := append(slices.Clone(s.args), longLimit, "-count=1")
	if test != "" {
		args = append(args, "-run=^"+strings.ReplaceAll(regexp.QuoteMeta(test), "/", "$/^")+"$")
	}
	return confined(ctx, processLimit, s.env, args...) != nil
}

// try builds the programs with the mutant and runs the unit tests of its package, the test of a page that lists budgets, the scripts of
// its area, all other unit tests and all scripts, until one fails. original is the environment of scripts that run the programs without
// a mutant. The source is not changed: an overlay gives the compiler another file.
func try(ctx context.Context, m *mutant, child string, original []string) (result, error) {
	dir, err := publicDir()
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	overlay, err := write(m, dir)
	if err != nil {
		return 0, err
	}
	if err := run(ctx, processLimit, nil, "go", "build", "-overlay", overlay, "-o", os.DevNull, "./"+m.dir); err != nil {
		return notBuilt, ctx.Err()
	}
	units := func(packages []string, flags ...string) *step {
		args := append([]string{"-vet=off", "-failfast"}, flags...)
		args = append(args, paths(packages)...)
		return &step{
			killedByUnits, nil, append([]string{"go", "test", "-overlay", overlay}, args...),
			&step{args: append([]string{"go", "test"}, args...)},
		}
	}
	if units([]string{m.dir}, "-count=1", testLimit).detects(ctx, m) {
		return killedByUnits, ctx.Err()
	}
	env, err := buildAll(ctx, overlay, filepath.Join(dir, "bin"), child)
	if err != nil {
		return notBuilt, ctx.Err()
	}
	scripts := func(which string) *step {
		args := []string{"go", "test", "./conformance", "-failfast", "-count=1", longLimit, "-run=" + which}
		return &step{killedByScripts, env, args, &step{env: original, args: args}}
	}
	others := units([]string{"internal/...", "supervisord/...", "supervisorctl/..."}, longLimit) // results of packages without the mutant are cached
	pages := units([]string{"docs"}, "-run=^TestBudgets$")                                       // a page with values of the code
	for _, s := range []*step{pages, scripts("TestScripts/(" + m.area.scripts + ")$"), others, scripts("TestScripts")} {
		if s.detects(ctx, m) {
			return s.result, ctx.Err()
		}
	}
	return survived, ctx.Err()
}

// buildAll builds all programs, with a mutant if there is an overlay, and returns the environment in which scripts run them.
func buildAll(ctx context.Context, overlay, bin, child string) (env []string, err error) {
	args := append([]string{"go", "build", "-overlay=" + overlay, "-o", bin + "/"}, programs...)
	if err := run(ctx, processLimit, []string{"CGO_ENABLED=0"}, args...); err != nil {
		return nil, err
	}
	for name, to := range links {
		if err := os.Symlink(to, filepath.Join(bin, name)); err != nil {
			return nil, err
		}
	}
	return []string{"IMPL=ours", "SUPERVISORD=" + bin + "/supervisord", "SUPERVISORCTL=" + bin + "/supervisorctl", "LISTENERS=" + bin, "CHILD=" + child}, nil
}

// paths are packages as go test takes them.
func paths(packages []string) []string {
	all := make([]string, len(packages))
	for i, dir := range packages {
		all[i] = "./" + dir
	}
	return all
}

// publicDir creates a directory that other users may enter, for scripts that run programs as another user.
func publicDir() (string, error) {
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// write writes the changed file, and the overlay that replaces the original by it.
func write(m *mutant, dir string) (overlay string, err error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	changed := filepath.Join(dir, "changed.go")
	code := string(source[:m.start]) + m.new + string(source[m.end:])
	if err := os.WriteFile(changed, []byte(code), 0o644); err != nil {
		return "", err
	}
	original, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o644)
}

// confined runs a command in the sandbox, where wrong code can neither signal processes outside nor delete devices.
func confined(ctx context.Context, limit time.Duration, env []string, args ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return command(ctx, limit, env, confine, append([]string{self, insideArgument}, args...))
}

func run(ctx context.Context, limit time.Duration, env []string, args ...string) error {
	return command(ctx, limit, env, func(*exec.Cmd) {}, args)
}

func command(ctx context.Context, limit time.Duration, env []string, prepare func(*exec.Cmd), args []string) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = 10 * time.Second
	prepare(cmd)
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, &output)
	}
	return nil
}

// baseline checks that all tests pass without a change: one that fails anyway would kill every mutant.
func baseline(ctx context.Context, areas []*area, env []string) error {
	var steps []*step
	for _, a := range areas {
		args := append([]string{"go", "test", "-vet=off", "-count=1"}, paths(a.packages)...)
		steps = append(steps, &step{args: args})
	}
	steps = append(steps, &step{env: env, args: []string{"go", "test", "./conformance", "-count=1", longLimit, "-run=TestScripts"}})
	for _, s := range steps {
		var none mutant
		if s.detects(ctx, &none) {
			return fmt.Errorf("%s in %s", cmp.Or(none.killer, "a crash"), strings.Join(s.args, " "))
		}
	}
	return ctx.Err()
}
