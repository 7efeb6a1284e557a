// Command conformance runs the scripts on any supervisord and supervisorctl, without the source tree and without Go: the
// scripts and the program that supervised processes run are inside. Its exit status is 0 if no script failed, 1 if one did,
// and 2 if it could not run.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/conformance"
	"github.com/gosupervisor/supervisor/fixtures/child"
)

func main() {
	if conformance.Inside() { // a copy of this program that a script runs as its child
		child.Main(os.Args[1:])
		return
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// options are the values of the flags.
type options struct {
	supervisord, supervisorctl, expect string
	filter                             *regexp.Regexp
	ids                                []string
	parallel                           int
	keep, list, verbose                bool
	tap, junit, markdown               string
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.supervisord, "supervisord", "/usr/bin/supervisord", "the `program` to test; pidproxy and echo_supervisord_conf are beside it")
	flags.StringVar(&o.supervisorctl, "supervisorctl", "", "its client (default: beside -supervisord)")
	flags.StringVar(&o.expect, "expect", "", "where the two differ, what `ours` or the original, \"reference\", does "+
		"(default: by the version of -supervisord)")
	filter := flags.String("run", "", "only scripts whose AREA/NAME matches the `regexp`")
	ids := flags.String("id", "", "only scripts that cover one of these rows of the ledger, `ID,ID`")
	flags.IntVar(&o.parallel, "parallel", 0, "how many scripts run at once (default: by the number of processors)")
	flags.BoolVar(&o.keep, "keep", false, "leave the directories of failed scripts in place")
	flags.BoolVar(&o.list, "list", false, "list the scripts and run none")
	flags.BoolVar(&o.verbose, "v", false, "show the log of each script")
	flags.StringVar(&o.tap, "tap", "", "write TAP to the `file`, - for standard output")
	flags.StringVar(&o.junit, "junit", "", "write JUnit XML to the `file`")
	flags.StringVar(&o.markdown, "markdown", "", "write a report in Markdown to the `file`")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.filter, err = regexp.Compile(*filter); err != nil {
		return o, fmt.Errorf("-run: %w", err)
	}
	if *ids != "" {
		o.ids = strings.Split(*ids, ",")
	}
	if o.expect != "" && o.expect != "ours" && o.expect != "reference" {
		return o, fmt.Errorf("-expect: %q is neither ours nor reference", o.expect)
	}
	if o.supervisorctl == "" {
		o.supervisorctl = filepath.Join(filepath.Dir(o.supervisord), "supervisorctl")
	}
	for _, path := range []*string{&o.supervisord, &o.supervisorctl} {
		if *path, err = filepath.Abs(*path); err != nil {
			return o, err
		}
	}
	return o, nil
}

func run(args []string, stdout, stderr io.Writer) (status int) {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	failed := false
	if err == nil {
		failed, err = o.run(stdout)
	}
	switch {
	case err != nil:
		fmt.Fprintln(stderr, "conformance:", err)
		return 2
	case failed:
		return 1
	}
	return 0
}

// run runs the selected scripts and writes the requested reports.
func (o options) run(stdout io.Writer) (failed bool, err error) {
	scripts, err := o.selected()
	if err != nil {
		return false, err
	}
	if o.list {
		for _, s := range scripts {
			fmt.Fprintf(stdout, "%-40s %s\n", s.Name, s.Behavior)
		}
		return false, nil
	}
	for _, path := range []string{o.supervisord, o.supervisorctl} {
		if _, err := exec.LookPath(path); err != nil {
			return false, err
		}
	}
	if o.expect == "" {
		if o.expect, err = expectation(o.supervisord); err != nil {
			return false, err
		}
	}
	suite, err := o.prepare()
	if err != nil {
		return false, err
	}
	if o.keep {
		defer fmt.Fprintln(stdout, "left in place:", suite.Dir)
	} else {
		defer os.RemoveAll(suite.Dir)
	}
	r, err := newRunner(suite, o.parallel, o.verbose)
	if err != nil {
		return false, err
	}
	progress := stdout
	if o.tap == "-" || o.junit == "-" || o.markdown == "-" {
		progress = io.Discard
	}
	r.run(scripts, progress)
	for _, out := range []struct {
		path  string
		write func(io.Writer, *runner) error
	}{{o.tap, writeTAP}, {o.junit, writeJUnit}, {o.markdown, writeMarkdown}} {
		if err := writeTo(out.path, stdout, r, out.write); err != nil {
			return false, err
		}
	}
	passed, bad, skipped := r.count()
	fmt.Fprintf(progress, "%d passed, %d failed, %d skipped\n", passed, bad, skipped)
	return bad > 0, nil
}

func writeTo(path string, stdout io.Writer, r *runner, write func(io.Writer, *runner) error) error {
	switch path {
	case "":
		return nil
	case "-":
		return write(stdout, r)
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f, r); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// selected returns the scripts that match the filters.
func (o options) selected() ([]conformance.Script, error) {
	all, err := conformance.ReadScripts(conformance.Files)
	if err != nil {
		return nil, err
	}
	chosen := slices.DeleteFunc(all, func(s conformance.Script) bool {
		covers := o.ids == nil || slices.ContainsFunc(s.Covers, func(id string) bool { return slices.Contains(o.ids, id) })
		return !covers || !o.filter.MatchString(s.Name)
	})
	if len(chosen) == 0 {
		return nil, errors.New("no script matches")
	}
	return chosen, nil
}

// expectation returns whose behavior is expected of a program, by its version: the first version in Go is 5.
func expectation(supervisord string) (string, error) {
	out, err := exec.Command(supervisord, "-v").Output()
	if err != nil {
		return "", fmt.Errorf("%s -v: %w; -v tells the original (4.x) from ours: choose what is expected of another program with "+
			"-expect reference or -expect ours", supervisord, err)
	}
	major, _, _ := strings.Cut(strings.TrimSpace(string(out)), ".")
	if len(major) == 1 && major < "5" {
		return "reference", nil
	}
	return "ours", nil
}

// prepare creates the directory of this run, with the scripts and the child program in it.
func (o options) prepare() (*conformance.Suite, error) {
	dir, err := os.MkdirTemp("/tmp", "sc")
	if err != nil {
		return nil, err
	}
	s := &conformance.Suite{Name: o.expect, Supervisord: o.supervisord, Supervisorctl: o.supervisorctl, Dir: dir,
		Child: filepath.Join(dir, "child"), Keep: o.keep}
	scripts, err := fs.Sub(conformance.Files, "scripts")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err == nil {
		err = copySelf(s.Child)
	}
	if err == nil {
		err = os.CopyFS(filepath.Join(dir, "scripts"), scripts)
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return s, nil
}

func copySelf(path string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	in, err := os.Open(self)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}
