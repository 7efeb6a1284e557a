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

// Timeouts, since a mutant may hang. They are longer than any test takes.
const (
	unitTime   = 3 * time.Minute
	scriptTime = 8 * time.Minute
)

// failed matches the failures in the output of go test.
var failed = regexp.MustCompile(`(?m)^ *--- FAIL: (TestScripts/\S+/\S+|\S+)`)

// killer returns the test that failed: the first script, or else the first unit test.
func killer(err error) string {
	by := ""
	for _, m := range failed.FindAllStringSubmatch(err.Error(), -1) {
		if by == "" || strings.HasPrefix(m[1], "TestScripts/") {
			by = m[1]
		}
	}
	if by == "" {
		return "a crash or a timeout"
	}
	return strings.TrimPrefix(by, "TestScripts/")
}

// try builds the programs with the mutant and runs the unit tests of its package, those of its area, the scripts of its area and
// all scripts, until one fails. The source is not changed: an overlay gives the compiler another file.
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
	units := []string{"go", "test", "-overlay", overlay, "-vet=off", "-failfast", "-count=1", "-timeout=100s"}
	for _, packages := range [][]string{{m.dir}, m.area.packages} {
		args := units
		for _, dir := range packages {
			args = append(args, "./"+dir)
		}
		if err := confined(ctx, unitTime, nil, args...); err != nil {
			m.killer = killer(err)
			return killedByUnits, ctx.Err()
		}
	}
	bin := filepath.Join(dir, "bin") + "/"
	if err := run(ctx, unitTime, []string{"CGO_ENABLED=0"}, "go", "build", "-overlay", overlay, "-o", bin, "./supervisord", "./supervisorctl",
		"./supervisord/pidproxy", "./supervisord/echo_supervisord_conf"); err != nil {
		return notBuilt, ctx.Err()
	}
	env := []string{"IMPL=ours", "SUPERVISORD=" + bin + "supervisord", "SUPERVISORCTL=" + bin + "supervisorctl", "CHILD=" + child}
	for _, scripts := range []string{"-run=TestScripts/(" + m.area.scripts + ")$", "-run=TestScripts"} {
		if err := confined(ctx, scriptTime, env, "go", "test", "./conformance", "-failfast", "-count=1", scripts); err != nil {
			m.killer = killer(err)
			return killedByScripts, ctx.Err()
		}
	}
	return survived, nil
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
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, &output)
	}
	return nil
}

// baseline checks that all tests pass without a change: one that fails anyway would kill every mutant.
func baseline(ctx context.Context, areas []*area, child string) error {
	var problems []error
	for _, a := range areas {
		packages := make([]string, len(a.packages))
		for i, dir := range a.packages {
			packages[i] = "./" + dir
		}
		problems = append(problems, confined(ctx, unitTime, nil, append([]string{"go", "test", "-vet=off", "-count=1"}, packages...)...))
	}
	env := []string{"IMPL=ours", "CHILD=" + child}
	problems = append(problems, confined(ctx, scriptTime, env, "go", "test", "./conformance", "-count=1", "-run=TestScripts"))
	return errors.Join(problems...)
}
