package conformance

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
)

var keep = flag.Bool("keep", false, "leave the directories of failed scripts in place")

// programs are the paths of the implementation under test.
type programs struct {
	name                                         string // reference or ours
	supervisord, supervisorctl, pidproxy, sample string
}

var (
	impl  programs
	child string // fixtures/child
	// Our listeners and samples, which have to work under every implementation.
	bin, samples string
	root         string // short temporary directory of this run, readable by every user
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

// atOnce is how many scripts run at once unless -parallel says otherwise: they mostly wait. The original and its client
// are interpreted and keep the processors busy for a second at each start.
func atOnce() int {
	if impl.name == "reference" {
		return 2 * runtime.GOMAXPROCS(0)
	}
	return 4 * runtime.GOMAXPROCS(0)
}

func run(m *testing.M) int {
	var err error
	if root, err = os.MkdirTemp("/tmp", "sc"); err == nil {
		err = os.Chmod(root, 0o755)
	}
	if err == nil {
		impl, err = choose()
	}
	if err == nil && flag.Lookup("test.parallel").Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		err = flag.Set("test.parallel", strconv.Itoa(atOnce()))
	}
	if err == nil {
		child, err = buildChild()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	status := m.Run()
	if !*keep {
		if err := os.RemoveAll(root); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	return status
}

// choose finds the programs that IMPL, SUPERVISORD and SUPERVISORCTL name.
func choose() (programs, error) {
	var err error
	if bin, err = filepath.Abs("../bin"); err != nil {
		return programs{}, err
	}
	if samples, err = filepath.Abs("../scripts/samples"); err != nil {
		return programs{}, err
	}
	dir := bin
	name := os.Getenv("IMPL")
	switch name {
	case "reference":
		dir = "/usr/bin"
	case "", "ours":
		name = "ours"
	default:
		return programs{}, fmt.Errorf("IMPL=%s is neither reference nor ours", name)
	}
	p := programs{name, os.Getenv("SUPERVISORD"), os.Getenv("SUPERVISORCTL"), "", ""}
	if p.supervisord == "" {
		p.supervisord = filepath.Join(dir, "supervisord")
	}
	if p.supervisorctl == "" {
		p.supervisorctl = filepath.Join(dir, "supervisorctl")
	}
	for _, path := range []*string{&p.supervisord, &p.supervisorctl} {
		if *path, err = filepath.Abs(*path); err != nil {
			return programs{}, err
		}
	}
	beside := filepath.Dir(p.supervisord)
	p.pidproxy = filepath.Join(beside, "pidproxy")
	p.sample = filepath.Join(beside, "echo_supervisord_conf")
	return p, nil
}

func buildChild() (string, error) {
	if path := os.Getenv("CHILD"); path != "" {
		return filepath.Abs(path)
	}
	path := filepath.Join(root, "child")
	out, err := exec.Command("go", "build", "-o", path, "../fixtures/child").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("cannot build fixtures/child: %w\n%s", err, out)
	}
	return path, nil
}
