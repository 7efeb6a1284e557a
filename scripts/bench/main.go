// Command bench measures ours and the installed original side by side, and with them the baseline: a small C program that makes
// only the system calls that every supervisor must make. Where they do the same work it also measures runit and s6, if they are
// installed. `make bench` runs it.
//
// The contenders take turns (A B A B ...), each with the same configuration in a directory of its own, and with Unix sockets only.
// The program is the sub-reaper of all processes that it starts: at its end, at an error and at Ctrl-C it kills the remaining ones
// by pid. It needs Linux, for /proc.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
)

// settings are the values of the flags.
type settings struct {
	ours, oursCtl           string
	reference, referenceCtl string
	only                    *regexp.Regexp
	repeat                  int
	quick, large, json      bool
	dir                     string
	logBytes                int // that a child writes to its log
	peers                   []who
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == childArgument {
		os.Exit(childMain(os.Args[2:]))
	}
	if len(os.Args) > 2 && os.Args[1] == bareArgument {
		os.Exit(bareMain(os.Args[2:]))
	}
	if len(os.Args) > 2 && os.Args[1] == proberArgument {
		os.Exit(proberMain(os.Args[2:]))
	}
	// SIGPIPE, too: to die of a closed output would leave a daemon behind.
	ctx, stop := signal.NotifyContext(context.Background(),
		os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures and prints. If a turn fails, it prints the other results and returns an error.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	set, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if err := adoptOrphans(); err != nil {
		return err
	}
	base, err := os.MkdirTemp(set.dir, "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(base)
	b, err := newBench(ctx, set, base, stderr)
	if err != nil {
		return err
	}
	failed := b.measure(ctx)
	if set.json {
		err = printJSON(stdout, b.machine, b.results)
	} else {
		err = printTable(stdout, b.machine, b.results)
	}
	return errors.Join(failed, err)
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var set settings
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&set.ours, "ours", "bin/supervisord", "our `supervisord`")
	flags.StringVar(&set.oursCtl, "ours-ctl", "", "our `supervisorctl` (default: beside -ours)")
	flags.StringVar(&set.reference, "reference", "/usr/bin/supervisord", "the original `supervisord`; empty for none")
	flags.StringVar(&set.referenceCtl, "reference-ctl", "", "the original `supervisorctl` (default: beside -reference)")
	only := flags.String("only", "", "measure only figures whose name matches the `regexp`")
	flags.IntVar(&set.repeat, "repeat", 3, "number of measurements of each figure and contender")
	flags.BoolVar(&set.quick, "quick", false, "one measurement, with short windows: a smoke test")
	flags.BoolVar(&set.large, "large", false, "also 4000 programs, and logs of 2 GiB instead of 1")
	flags.BoolVar(&set.json, "json", false, "print JSON instead of the table")
	peers := flags.String("peers", peerNames(), "also measure these `supervisors` where they are installed; none")
	flags.StringVar(&set.dir, "dir", "", "`directory` for logs and sockets (default: the temporary directory)")
	if err := flags.Parse(args); err != nil {
		return settings{}, flag.ErrHelp // already printed, with the usage
	}
	if flags.NArg() > 0 {
		return settings{}, fmt.Errorf("unexpected argument %s", flags.Arg(0))
	}
	set.logBytes = 1 << 30
	if set.large {
		set.logBytes = 2 << 30
	}
	if set.quick {
		set.repeat, set.logBytes = 1, 256<<20
	}
	if set.repeat < 1 {
		return settings{}, fmt.Errorf("-repeat %d is less than 1", set.repeat)
	}
	var err error
	if set.peers, err = parsePeers(*peers); err != nil {
		return settings{}, err
	}
	if set.only, err = regexp.Compile(*only); err != nil {
		return settings{}, fmt.Errorf("-only: %w", err)
	}
	for _, path := range []*string{&set.ours, &set.oursCtl, &set.reference, &set.referenceCtl} {
		if *path == "" {
			continue
		}
		if *path, err = filepath.Abs(*path); err != nil {
			return settings{}, err
		}
	}
	return set, nil
}
