// Command sessiondiff runs the original and us side by side through made-up sessions: the same configurations, the same
// calls and commands of supervisorctl in the same order, each daemon with its own supervisorctl. It compares every answer
// and output, what all processes are after each call, and at the end the log, the events that a listener got, and the exit
// status. It is what `make session-diff` runs; a seed gives the same sessions again, and -first with -n 1 a single one.
//
// What differs on purpose is evened out by named rules; anything else is printed and fails the run. The original takes up
// to a second to notice anything, so nothing here depends on who is faster: after each call both come to rest, and no
// program ends by itself while a call waits for it.
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

// Arguments that make this program a child that does the steps after it, or a listener that writes events to a file.
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
	flag.Uint64Var(&s.seed, "seed", 1, "what the sessions are made from")
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

// run has the sessions run, some at a time, and prints what differs.
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
		fmt.Println("see", base)
	}
	fmt.Printf("%d sessions of %d calls with both, %d with differences\n", s.n, s.steps, differ)
	if differ > 0 {
		failures = append(failures, errors.New("the two differ"))
	}
	return errors.Join(failures...)
}
