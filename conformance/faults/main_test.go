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
	os.Exit(m.Run())
}

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

// patience is how long a case waits for one fact before it fails: long, for a machine that has much else to do.
func patience() time.Duration {
	scale, err := strconv.ParseFloat(os.Getenv("CONFORMANCE_SCALE"), 64)
	if err != nil || scale <= 0 {
		scale = 1
	}
	return time.Duration(scale * float64(3*time.Minute))
}

// poll asks fact until it answers true and says whether it did in time. It is the only place that looks again and again;
// facts of other processes have no channel to wait on.
func poll(fact func() bool) bool { return pollFor(patience(), fact) }

func pollFor(wait time.Duration, fact func() bool) bool {
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	pause := 2 * time.Millisecond
	for {
		if fact() {
			return true
		}
		next := time.NewTimer(pause)
		select {
		case <-deadline.C:
			next.Stop()
			return fact()
		case <-next.C:
		}
		pause = min(pause*5/4, 200*time.Millisecond) // looking costs what is being waited for
	}
}
