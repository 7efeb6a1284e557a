// Command configdiff reads generated configurations with the original and with ours, and compares the results: the message of a
// refusal, or every value. `make config-diff` runs it. A seed repeats a run.
//
// Named rules normalize deliberate differences. Any other is printed with its configuration and fails the run. With -live some
// configurations are run by both daemons, and the results of getAllConfigInfo and the environments of the children are compared.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gosupervisor/supervisor/internal/config"
)

type settings struct {
	n, first, live         int
	seed                   uint64
	reference, supervisord string
	bench                  bool
	show                   int
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == dumpArgument {
		os.Exit(dump(os.Args[2], os.Args[3:]))
	}
	var s settings
	flag.IntVar(&s.n, "n", 2000, "number of configurations")
	flag.IntVar(&s.first, "first", 0, "number of the first one, to repeat a single one")
	flag.Uint64Var(&s.seed, "seed", 1, "the seed of the generator")
	flag.IntVar(&s.live, "live", 0, "number of configurations that both daemons run")
	flag.IntVar(&s.show, "show", 5, "number of differences to show")
	flag.BoolVar(&s.bench, "bench", false, "measure the reading of large configurations instead")
	flag.StringVar(&s.reference, "reference", "/usr/bin/supervisord", "the original")
	flag.StringVar(&s.supervisord, "supervisord", "bin/supervisord", "ours, for -live")
	flag.Parse()
	if err := run(s, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "configdiff:", err)
		os.Exit(1)
	}
}

func run(s settings, out io.Writer) error {
	supervisord, err := filepath.Abs(s.supervisord)
	if err != nil {
		return err
	}
	s.supervisord = supervisord
	base, err := os.MkdirTemp("", "configdiff")
	if err != nil {
		return err
	}
	defer os.RemoveAll(base)
	if err := os.Chdir(base); err != nil { // relative paths start here on both sides
		return err
	}
	os.Clearenv()
	for _, entry := range environ {
		name, text, _ := strings.Cut(entry, "=")
		if err := os.Setenv(name, text); err != nil {
			return err
		}
	}
	d, err := startDriver(s.reference, base)
	if err != nil {
		return err
	}
	if s.bench {
		err = bench(d, base, out)
	} else {
		err = compare(s, d, base, out)
	}
	return errors.Join(err, d.close())
}

// compare compares all configurations and, of those, some live.
func compare(s settings, d *driver, base string, out io.Writer) error {
	used := map[string]int{}
	differences, refused := 0, 0
	for i := s.first; i < s.first+s.n; i++ {
		dir := filepath.Join(base, fmt.Sprint(i))
		g := newGenerator(s.seed, uint64(i), dir)
		path, err := g.write()
		if err != nil {
			return err
		}
		var original outcome
		if err := d.ask("read", path, &original); err != nil {
			return err
		}
		own, _ := ours(path, environ)
		names := applyRules(&original, &own)
		for _, name := range names {
			used[name]++
		}
		if original.Message != "" {
			refused++
		}
		diff := cmp.Diff(original, own, cmpopts.EquateEmpty())
		if diff == "" {
			diff = checkAgrees(path, own)
		}
		if diff != "" {
			differences++
			if differences <= s.show {
				fmt.Fprintf(out, "=== configuration %d (-seed %d -first %[1]d -n 1), rules %[3]v\n--- original\n+++ ours\n"+
					"%[4]s\n%[5]s\n", i, s.seed, names, diff, texts(path, g))
			}
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%d configurations, %d of them refused by both, %d unexplained differences\n%s",
		s.n, refused, differences, listing(used))
	if differences > 0 {
		return fmt.Errorf("%d differences", differences)
	}
	return live(s, base, out)
}

// texts returns the files of the configuration, to be printed.
func texts(path string, g *generator) string {
	var b strings.Builder
	main, _ := os.ReadFile(path)
	fmt.Fprintf(&b, "--- sd.conf\n%s\n", visible(string(main)))
	for name, text := range g.files {
		fmt.Fprintf(&b, "--- %s\n%s\n", name, visible(text))
	}
	return b.String()
}

// visible makes carriage returns visible.
func visible(text string) string { return strings.ReplaceAll(text, "\r", "\\r") }

// checkAgrees returns how Check and Load contradict each other, or nothing.
func checkAgrees(path string, own outcome) string {
	o, err := config.ParseArgs("supervisord", []string{"-c", path})
	if err != nil {
		return err.Error()
	}
	errs := config.Check(o, environ).Errors
	if (len(errs) == 0) != (own.Message == "") {
		return fmt.Sprintf("Check finds %d errors, Load says %q", len(errs), own.Message)
	}
	return ""
}
