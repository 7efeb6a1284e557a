package main

import (
	"bytes"
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
	unitTests   = "-timeout=100s"
	unitTime    = 15 * time.Minute
	scriptTests = "-timeout=10m"
	scriptTime  = 15 * time.Minute
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
	result result // if a test fails
	limit  time.Duration
	env    []string
	args   []string
}

// detects reports whether a test fails. A failure counts only if the same test, alone, fails again: on a busy machine a test may fail
// or take too long without a mutant, and the step is repeated then.
func (s *step) detects(ctx context.Context, m *mutant) bool {
	for range 3 {
		err := confined(ctx, s.limit, s.env, s.args...)
		if err == nil || ctx.Err() != nil {
			return false
		}
		m.killer, m.late = killer(err)
		again := s.args
		if m.killer != "" {
			again = append(slices.Clone(again), "-run=^"+strings.ReplaceAll(regexp.QuoteMeta(m.killer), "/", "$/^")+"$")
		}
		if confined(ctx, s.limit, s.env, again...) != nil {
			m.killer = strings.TrimPrefix(m.killer, "TestScripts/")
			return ctx.Err() == nil
		}
	}
	return false
}

// try builds the programs with the mutant and runs the unit tests of its package, those of its area, the scripts of its area, all
// other unit tests and all scripts, until one fails. The source is not changed: an overlay gives the compiler another file.
func try(ctx context.Context, m *mutant, child string) (result, error) {
	dir, err := publicDir()
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	overlay, err := write(m, dir)
	if err != nil {
		return 0, err
	}
	if err := run(ctx, unitTime, nil, "go", "build", "-overlay", overlay, "./"+m.dir); err != nil {
		return notBuilt, ctx.Err()
	}
	units := func(packages ...string) *step {
		args := append([]string{"go", "test", "-overlay", overlay, "-vet=off", "-failfast", "-count=1", unitTests}, paths(packages)...)
		return &step{killedByUnits, unitTime, nil, args}
	}
	if units(m.dir).detects(ctx, m) || units(m.area.packages...).detects(ctx, m) {
		return killedByUnits, ctx.Err()
	}
	bin := filepath.Join(dir, "bin") + "/"
	if err := run(ctx, unitTime, []string{"CGO_ENABLED=0"}, "go", "build", "-overlay", overlay, "-o", bin, "./supervisord", "./supervisorctl",
		"./supervisord/pidproxy", "./supervisord/echo_supervisord_conf"); err != nil {
		return notBuilt, ctx.Err()
	}
	env := []string{"IMPL=ours", "SUPERVISORD=" + bin + "supervisord", "SUPERVISORCTL=" + bin + "supervisorctl", "CHILD=" + child}
	scripts := func(which string) *step {
		return &step{killedByScripts, scriptTime, env, []string{"go", "test", "./conformance", "-failfast", "-count=1", scriptTests, "-run=" + which}}
	}
	for _, s := range []*step{scripts("TestScripts/(" + m.area.scripts + ")$"), units("internal/...", "supervisord/...", "supervisorctl/..."), scripts("TestScripts")} {
		if s.detects(ctx, m) {
			return s.result, ctx.Err()
		}
	}
	return survived, ctx.Err()
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
func baseline(ctx context.Context, areas []*area, child string) error {
	var problems []error
	for _, a := range areas {
		args := append([]string{"go", "test", "-vet=off", "-count=1"}, paths(a.packages)...)
		problems = append(problems, confined(ctx, unitTime, nil, args...))
	}
	env := []string{"IMPL=ours", "CHILD=" + child}
	problems = append(problems, confined(ctx, scriptTime, env, "go", "test", "./conformance", "-count=1", scriptTests, "-run=TestScripts"))
	return errors.Join(problems...)
}
