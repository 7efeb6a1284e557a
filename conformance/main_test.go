package conformance

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

var keep = flag.Bool("keep", false, "leave the directories of failed scripts in place")

// suite is the suite under test.
var suite = &Suite{}

// wavered are the scripts that passed in a second run.
var wavered struct {
	sync.Mutex
	scripts []string
}

// failed is set when a script has failed. The testing package starts parallel tests that wait for their turn even with -failfast.
var failed atomic.Bool

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if suite.Dir, err = os.MkdirTemp("/tmp", "sc"); err == nil {
		err = os.Chmod(suite.Dir, 0o755)
	}
	if err == nil {
		err = choose()
	}
	if err == nil && suite.Name == "ours" && os.Getenv("SUPERVISORD") == "" {
		err = copyProgram()
	}
	if err == nil && flag.Lookup("test.parallel").Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		err = flag.Set("test.parallel", strconv.Itoa(suite.Parallelism()))
	}
	if err == nil {
		suite.Child, err = buildChild()
	}
	if suite.Name == "ours" {
		suite.Build = buildVariant
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	suite.Keep = *keep
	status := m.Run()
	for _, name := range wavered.scripts {
		fmt.Println("wavered: the original failed, then passed:", name)
	}
	if !*keep {
		if err := os.RemoveAll(suite.Dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	return status
}

// choose sets the programs of the suite from IMPL, SUPERVISORD, SUPERVISORCTL and LISTENERS, a directory.
func choose() error {
	bin := "../bin"
	switch suite.Name = os.Getenv("IMPL"); suite.Name {
	case "reference":
		bin = "/usr/bin"
	case "", "ours":
		suite.Name = "ours"
	default:
		return fmt.Errorf("IMPL=%s is neither reference nor ours", suite.Name)
	}
	for _, p := range []struct {
		path           *string
		variable, name string
	}{
		{&suite.Supervisord, "SUPERVISORD", "supervisord"}, {&suite.Supervisorctl, "SUPERVISORCTL", "supervisorctl"},
	} {
		path := os.Getenv(p.variable)
		if path == "" {
			path = filepath.Join(bin, p.name)
		}
		var err error
		if *p.path, err = filepath.Abs(path); err != nil {
			return err
		}
	}
	var err error
	if suite.Listeners, err = filepath.Abs(cmp.Or(os.Getenv("LISTENERS"), "../bin")); err == nil {
		suite.Samples, err = filepath.Abs("../docs/examples")
	}
	return err
}

// copyProgram has scripts run a copy of our supervisord, beside which are the other programs. As root it upgrades only to a program that
// other users cannot replace, and the tree may belong to one.
func copyProgram() error {
	text, err := os.ReadFile(suite.Supervisord)
	if errors.Is(err, fs.ErrNotExist) { // TestScripts reports it
		return nil
	}
	if err != nil {
		return err
	}
	beside, dir := filepath.Dir(suite.Supervisord), filepath.Join(suite.Dir, "bin")
	suite.Supervisord = filepath.Join(dir, "supervisord")
	err = errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(suite.Supervisord, text, 0o755))
	for _, name := range []string{"pidproxy", "echo_supervisord_conf"} {
		err = errors.Join(err, os.Symlink(filepath.Join(beside, name), filepath.Join(dir, name)))
	}
	return err
}

func buildChild() (string, error) {
	if path := os.Getenv("CHILD"); path != "" {
		return filepath.Abs(path)
	}
	path := filepath.Join(suite.Dir, "child")
	out, err := exec.Command("go", "build", "-o", path, "../fixtures/child/cmd").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("cannot build fixtures/child/cmd: %w\n%s", err, out)
	}
	return path, nil
}

// variant is our supervisord built in another way.
type variant struct {
	version string
	file    string // of the tree, in which a key has another name: it is unknown, as to an older version
	key     string
}

var variants = map[string]variant{
	"next":  {version: "5.0.1"},
	"older": {version: "4.9.9", file: "../internal/config/policykeys.go", key: "crashlimit"},
}

func buildVariant(name, path string) error {
	v, ok := variants[name]
	if !ok {
		return fmt.Errorf("there is no variant %s", name)
	}
	// The other flags are those of the Makefile.
	args := []string{"build", "-o", path, "-ldflags", "-s -w -X github.com/gosupervisor/supervisor/internal/api.Version=" + v.version}
	if v.file != "" {
		overlay, err := v.rename(filepath.Dir(path))
		if err != nil {
			return err
		}
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.Command("go", append(args, "../supervisord")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-trimpath")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot build the variant %s: %w\n%s", name, err, out)
	}
	return nil
}

// rename writes the file, with another name of the key, below dir. It returns the path of the text that makes go build use it.
func (v variant) rename(dir string) (overlay string, err error) {
	text, err := os.ReadFile(v.file)
	if err != nil {
		return "", err
	}
	name := []byte(`Name: "` + v.key + `"`)
	if !bytes.Contains(text, name) {
		return "", fmt.Errorf("%s has no key %s", v.file, v.key)
	}
	from, err := filepath.Abs(v.file)
	if err != nil {
		return "", err
	}
	to := filepath.Join(dir, filepath.Base(v.file))
	list, err := json.Marshal(map[string]map[string]string{"Replace": {from: to}})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, errors.Join(os.MkdirAll(dir, 0o755),
		os.WriteFile(to, bytes.ReplaceAll(text, name, []byte(`Name: "unknown_`+v.key+`"`)), 0o644), os.WriteFile(overlay, list, 0o644))
}

// TestScripts runs every script below scripts, each area as a subtest.
func TestScripts(t *testing.T) {
	const dir = "scripts"
	if _, err := os.Stat(suite.Supervisord); err != nil {
		t.Fatalf("no programs to test: %v", err)
	}
	areas, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(areas) == 0 {
		t.Fatalf("no areas below %s: %v", dir, err)
	}
	for _, area := range areas {
		files, err := filepath.Glob(filepath.Join(area, "*.txtar"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no scripts in %s: %v", area, err)
		}
		name := filepath.Base(area)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, file := range files {
				t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
					t.Parallel()
					if failed.Load() && flag.Lookup("test.failfast").Value.String() == "true" {
						t.Skip("another script has failed")
					}
					report(t, suite.Try(file, testing.Verbose()))
				})
			}
		})
	}
}

// report makes the outcome of a script that of a test.
func report(t *testing.T, o Outcome) {
	if o.Log != "" {
		t.Log(o.Log)
	}
	if len(o.Wavered) > 0 {
		wavered.Lock()
		defer wavered.Unlock()
		wavered.scripts = append(wavered.scripts, strings.TrimPrefix(t.Name(), "TestScripts/"))
		t.Logf("wavered: passed in run %d; before:\n%s", len(o.Wavered)+1, strings.Join(o.Wavered, "\n"))
	}
	switch {
	case o.Failed:
		failed.Store(true)
		t.FailNow()
	case o.Skipped:
		t.Skip(o.Reason)
	}
}
