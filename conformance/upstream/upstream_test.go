// Package upstream runs the end-to-end tests that Debian's package of the original contains, unmodified, on our programs. They start
// programs with the Python interpreter, as "-m supervisor.supervisord"; the script python takes its place. IMPL=reference runs them
// on the original. With PYTHONPATH=DIRECTORY the tests are those of the package supervisor in DIRECTORY.
package upstream

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gosupervisor/supervisor/internal/exefile"
)

const interpreter = "/usr/bin/python3" // Debian's, for which the packages are installed

func TestEndToEnd(t *testing.T) {
	const find = "import os, pexpect, supervisor.tests.test_end_to_end; print(os.path.dirname(supervisor.__file__))"
	original, err := exec.Command(interpreter, "-c", find).Output()
	if err != nil {
		t.Skip("needs Debian's supervisor and python3-pexpect: ", err)
	}
	p := newPlace(t, strings.TrimSpace(string(original)))
	names := strings.Fields(string(p.run(t)))
	if len(names) == 0 {
		t.Fatal("the package has no tests")
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			if p.isolated { // otherwise those that use the same files disturb each other
				t.Parallel()
			}
			p.run(t, name)
		})
	}
}

// place is what the tests need.
type place struct {
	dir string // the package, the script python and run.py
	bin string // our programs
	// The tests' configurations name files in /tmp. With the isolation that root can have, a copy of dir is /tmp for a test, and the
	// processes that it leaves are killed.
	isolated bool
}

func newPlace(t *testing.T, original string) place {
	p := place{dir: t.TempDir(), bin: t.TempDir()}
	p.isolated = exec.Command("unshare", append(isolation, "true")...).Run() == nil
	if !p.isolated {
		t.Cleanup(removeNew(t, "/tmp/issue-*"))
	}
	copied := filepath.Join(p.dir, "supervisor")
	if err := os.CopyFS(copied, os.DirFS(original)); err != nil {
		t.Fatal(err)
	}
	install(t, "hello.sh", filepath.Join(copied, "tests/fixtures/hello.sh"))
	install(t, "python", filepath.Join(p.dir, "python"))
	install(t, "run.py", filepath.Join(p.dir, "run.py"))
	if os.Getenv("IMPL") == "reference" {
		return p
	}
	for _, name := range []string{"supervisord", "supervisorctl", "pidproxy", "echo_supervisord_conf"} {
		install(t, filepath.Join("../../bin", name), filepath.Join(p.bin, name))
	}
	return p
}

// removeNew returns a function that removes the files of a pattern that do not exist yet.
func removeNew(t *testing.T, pattern string) func() {
	glob := func() []string {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	before := glob()
	return func() {
		for _, file := range glob() {
			if !slices.Contains(before, file) {
				_ = os.Remove(file) // a supervisord that is ending may remove it, too
			}
		}
	}
}

var isolation = []string{"--mount", "--pid", "--fork", "--kill-child", "--mount-proc"}

// install copies a program. A file that is there stays.
func install(t *testing.T, from, to string) {
	in, err := os.Open(from)
	if err != nil {
		t.Fatal("make programs first: ", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if os.IsExist(err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// run runs run.py in a directory of its own and returns its output.
func (p place) run(t *testing.T, names ...string) []byte {
	t.Helper()
	root, bin, work := p.dir, p.bin, t.TempDir()
	if p.isolated {
		if err := exefile.CopyFS(work, os.DirFS(p.dir)); err != nil {
			t.Fatal(err)
		}
		root, bin = "/tmp", "/tmp/bin"
	}
	python := filepath.Join(root, "python")
	if os.Getenv("IMPL") == "reference" {
		python = interpreter
	}
	argv := append([]string{interpreter, filepath.Join(root, "run.py"), python}, names...)
	temporary := work
	if p.isolated {
		script := `mkdir "$1/bin" "$1/work" && mount --bind "$2" "$1/bin" && mount --rbind "$1" /tmp && cd /tmp/work && shift 2 && exec "$@"`
		argv = append([]string{"/bin/sh", "-c", script, "sh", work, p.bin}, argv...)
		argv = append(append([]string{"unshare"}, isolation...), argv...)
		temporary = "/tmp/work"
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir = work
	// A supervisord that starts removes the automatic logs of others from the temporary directory.
	cmd.Env = append(os.Environ(), "BIN="+bin, "PATH="+root+":/usr/bin:/bin", "PYTHONPATH="+root, "LANG=C.UTF-8", "TMPDIR="+temporary)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, &stdout, &stderr)
	}
	return stdout.Bytes()
}
