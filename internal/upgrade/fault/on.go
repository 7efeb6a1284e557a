//go:build upgradefaults

// Package fault has an upgrade fail at a step, in programs that are built for tests with the tag upgradefaults. The variable
// SUPERVISORD_FAULTS names a file with lines of a step, what is to happen, and its argument:
//
//	STEP fail TEXT     the step fails with this error
//	STEP panic         the goroutine panics
//	STEP abort         another goroutine panics, which ends the program
//	STEP hang          the step does not end
//	STEP exit N        the program exits
//	STEP kill          the program is killed by SIGKILL
//	STEP write TEXT    TEXT is written to standard output, and the program exits
//	STEP wait FIFO     the file FIFO.reached is made; the step goes on when FIFO has been opened for writing and closed
//	limit to DURATION  steps have this limit
//
// The steps of the program that is replaced are rehearsed, frozen, guarded and executing; those of the one that takes over are
// trial, gap (no signal is caught yet), begun, restored and committed.
package fault

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// planned returns what is to happen at a step, and its argument.
func planned(step string) (what, argument string) {
	text, err := os.ReadFile(os.Getenv("SUPERVISORD_FAULTS"))
	if err != nil {
		return "", ""
	}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == step {
			what, argument, _ = strings.Cut(rest, " ")
			return what, argument
		}
	}
	return "", ""
}

// At is called at each step. An error is what the step is to fail with.
func At(step string) error {
	switch what, argument := planned(step); what {
	case "fail":
		return errors.New(argument)
	case "panic":
		panic("fault at " + step)
	case "abort":
		go panic("fault at " + step)
		hang()
	case "hang":
		hang()
	case "exit":
		n, _ := strconv.Atoi(argument)
		os.Exit(n)
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		hang()
	case "write":
		fmt.Print(argument)
		os.Exit(0)
	case "wait":
		return wait(argument)
	}
	return nil
}

func hang() {
	for {
		<-time.After(time.Hour)
	}
}

func wait(fifo string) error {
	if err := os.WriteFile(fifo+".reached", nil, 0o600); err != nil {
		return err
	}
	f, err := os.Open(fifo)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(io.Discard, f)
	return err
}

// Limit returns the limit of a step.
func Limit(normal time.Duration) time.Duration {
	if _, text := planned("limit"); text != "" {
		if limit, err := time.ParseDuration(text); err == nil {
			return limit
		}
	}
	return normal
}
