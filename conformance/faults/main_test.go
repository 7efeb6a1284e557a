package faults

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

var (
	reference   bool   // the original is under test
	supervisord string // path of the program under test
	self        string // path of this binary, which is also the children's program
)

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == childWord {
		os.Exit(child(os.Args[2:]))
	}
	flag.Parse()
	if err := choose(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	for _, f := range cleanups {
		f()
	}
	os.Exit(status)
}

// cleanups are called after all tests.
var cleanups []func()

func choose() (err error) {
	supervisord = os.Getenv("SUPERVISORD")
	switch impl := os.Getenv("IMPL"); impl {
	case "reference":
		reference = true
		if supervisord == "" {
			supervisord = "/usr/bin/supervisord"
		}
	case "", "ours":
		if supervisord == "" {
			supervisord = "../../bin/supervisord"
		}
	default:
		return fmt.Errorf("IMPL=%s is neither reference nor ours", impl)
	}
	if supervisord, err = filepath.Abs(supervisord); err != nil {
		return err
	}
	if _, err := os.Stat(supervisord); err != nil {
		return err
	}
	self, err = os.Executable()
	return err
}

// timeout returns how long a case waits for a condition before it fails: long, for a busy machine.
func timeout() time.Duration {
	scale, err := strconv.ParseFloat(os.Getenv("CONFORMANCE_SCALE"), 64)
	if err != nil || scale <= 0 {
		scale = 1
	}
	return time.Duration(scale * float64(3*time.Minute))
}

// poll calls condition until it returns true, and reports whether it did in time. It is the only place that polls: what other
// processes do cannot be waited for otherwise.
func poll(condition func() bool) bool { return pollFor(timeout(), condition) }

func pollFor(wait time.Duration, condition func() bool) bool {
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	pause := 2 * time.Millisecond
	for {
		if condition() {
			return true
		}
		next := time.NewTimer(pause)
		select {
		case <-deadline.C:
			next.Stop()
			return condition()
		case <-next.C:
		}
		pause = min(pause*5/4, 200*time.Millisecond) // polling takes time from the processes that are waited for
	}
}
