package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// Outcome is the result of a script.
type Outcome struct {
	Failed, Skipped bool
	Reason          string // why it was skipped
	Log             string
	Took            time.Duration
	Wavered         []string // the logs of runs that failed before this one, which passed
}

// maxRuns is how often a script is run on the original, whose own races make a script fail now and then.
const maxRuns = 3

// maxRepeated is the number of scripts that may fail in all their runs. After them, scripts are run once.
const maxRepeated = 5

// Try runs a script. On the original, one that fails is run again. It may be called from several goroutines.
func (s *Suite) Try(file string, verbose bool) Outcome {
	began := time.Now()
	var failures []string
	for {
		o := s.attempt(file, verbose)
		o.Took = time.Since(began)
		if !o.Failed {
			o.Wavered = failures
			return o
		}
		failures = append(failures, o.Log)
		if s.Name != "reference" || s.repeated.Load() >= maxRepeated {
			return o
		}
		if len(failures) == maxRuns {
			s.repeated.Add(1)
			return o
		}
	}
}

// attempt runs a script once, in a directory of its own.
func (s *Suite) attempt(file string, verbose bool) Outcome {
	t := &trial{verbose: verbose}
	work, err := os.MkdirTemp(s.Dir, filepath.Base(filepath.Dir(file)))
	if err == nil {
		err = os.Chmod(work, 0o755)
	}
	if err != nil {
		return Outcome{Failed: true, Log: err.Error() + "\n"}
	}
	t.do(func(t testscript.T) {
		testscript.RunT(t, testscript.Params{
			Files: []string{file}, WorkdirRoot: work, Setup: s.setup, Condition: s.condition, Cmds: commands(),
		})
	})
	_ = os.Remove(work) // a script that is kept is in it
	return Outcome{Failed: t.failed, Skipped: t.skipped, Reason: t.reason, Log: t.log.String()}
}

// trial runs one script. It implements testscript.T as package testing does, for programs that are no tests as well.
type trial struct {
	verbose  bool
	failed   bool
	skipped  bool
	reason   string
	cleanups []func()

	mu  sync.Mutex
	log strings.Builder
}

// do runs f in a goroutine, since f may end it, then the cleanups.
func (t *trial) do(f func(testscript.T)) {
	t.separately(func() { f(t) })
	for _, cleanup := range slices.Backward(t.cleanups) {
		t.separately(cleanup)
	}
}

func (t *trial) separately(f func()) {
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		defer func() {
			if problem := recover(); problem != nil {
				t.failed = true
				t.Log(problem)
			}
		}()
		f()
	}()
	<-finished
}

// Run runs f, the only script of the trial.
func (t *trial) Run(_ string, f func(testscript.T)) { t.separately(func() { f(t) }) }

// Parallel does nothing: the caller of Try decides how many scripts run at once.
func (t *trial) Parallel() {}

// Cleanup registers a function to be called when the script has ended.
func (t *trial) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

// Failed reports whether the script has failed.
func (t *trial) Failed() bool { return t.failed }

// Verbose reports whether the log of a script that passes is wanted.
func (t *trial) Verbose() bool { return t.verbose }

// Log adds to the log of the script.
func (t *trial) Log(args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintln(&t.log, args...)
}

// Skip ends the script as skipped.
func (t *trial) Skip(args ...any) {
	t.reason = strings.TrimSuffix(fmt.Sprintln(args...), "\n")
	t.skipped = true
	runtime.Goexit()
}

// Fatal ends the script as a failure.
func (t *trial) Fatal(args ...any) {
	t.Log(args...)
	t.FailNow()
}

// FailNow ends the script as a failure.
func (t *trial) FailNow() {
	t.failed = true
	runtime.Goexit()
}
