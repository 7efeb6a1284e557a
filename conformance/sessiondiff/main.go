// Command sessiondiff runs the original and ours through generated sessions: the same configurations, calls and commands of
// supervisorctl in the same order, each daemon with its own supervisorctl. It compares every answer and output, the states of all
// processes after each call, and at the end the log, the events that a listener received, and the exit status. `make session-diff`
// runs it. A seed repeats a run; -first with -n 1 runs a single session.
//
// Named rules normalize deliberate differences. Any other is printed and fails the run. The original takes up to a second to notice
// a change, so a session must not depend on speed: after each call both daemons settle, and no program exits by itself while a call
// waits for it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/gosupervisor/supervisor/fixtures/child"
)

// Arguments that make this program a child that performs the steps in the next arguments, or a listener that writes events to a
// file.
const (
	childArgument  = "child"
	recordArgument = "record"
)

// installation is a daemon and its client.
type installation struct{ daemon, ctl string }

type settings struct {
	n, first, steps, jobs int
	seed                  uint64
	keep                  bool
	originals, ours       installation
}

func main() {
	if len(os.Args) > 2 {
		switch os.Args[1] {
		case childArgument:
			child.Main(os.Args[2:])
			return
		case recordArgument:
			if err := record(os.Args[2]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			return
		}
	}
	var s settings
	flag.IntVar(&s.n, "n", 20, "number of sessions")
	flag.IntVar(&s.first, "first", 0, "number of the first one")
	flag.IntVar(&s.steps, "steps", 15, "calls in a session")
	flag.IntVar(&s.jobs, "jobs", 8, "sessions at a time")
	flag.BoolVar(&s.keep, "keep", false, "print every call, and keep the directories of sessions that differ or fail")
	flag.Uint64Var(&s.seed, "seed", 1, "the seed of the generator")
	flag.StringVar(&s.originals.daemon, "reference", "/usr/bin/supervisord", "the original")
	flag.StringVar(&s.originals.ctl, "reference-ctl", "/usr/bin/supervisorctl", "its client")
	flag.StringVar(&s.ours.daemon, "supervisord", "bin/supervisord", "ours")
	flag.StringVar(&s.ours.ctl, "supervisorctl", "bin/supervisorctl", "its client")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "sessiondiff:", err)
		os.Exit(1)
	}
}

// run runs the sessions, some at a time, and prints the differences.
func run(ctx context.Context, s settings) error {
	for _, program := range []*string{&s.originals.daemon, &s.originals.ctl, &s.ours.daemon, &s.ours.ctl} {
		path, err := filepath.Abs(*program)
		if err != nil {
			return err
		}
		*program = path
	}
	base, err := os.MkdirTemp("", "sessiondiff")
	if err != nil {
		return err
	}
	var (
		wait     sync.WaitGroup
		mu       sync.Mutex
		failures []error
		differ   int
		numbers  = make(chan int)
	)
	for range s.jobs {
		wait.Go(func() {
			for number := range numbers {
				dir := filepath.Join(base, fmt.Sprint(number))
				report, err := session(ctx, s, number, dir)
				mu.Lock()
				if err != nil {
					failures = append(failures, fmt.Errorf("session %d: %w", number, err))
				}
				if report != "" {
					differ++
					fmt.Printf("=== seed %d, session %d\n%s", s.seed, number, report)
				}
				mu.Unlock()
				if !s.keep || report == "" && err == nil {
					os.RemoveAll(dir)
				}
			}
		})
	}
	for i := range s.n {
		numbers <- s.first + i
	}
	close(numbers)
	wait.Wait()
	if err := os.Remove(base); err != nil {
		fmt.Println("directories are kept in", base)
	}
	fmt.Printf("%d sessions of %d calls with both, %d with differences\n", s.n, s.steps, differ)
	if differ > 0 {
		failures = append(failures, errors.New("there are differences"))
	}
	return errors.Join(failures...)
}
