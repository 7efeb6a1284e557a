package child

import (
	"errors"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A command's output is returned, whether Reap is in use or not, and Reap does not report its exit.
func TestOutput(t *testing.T) {
	chld := make(chan os.Signal, 1)
	signal.Notify(chld, syscall.SIGCHLD)
	defer signal.Stop(chld)
	for _, reaping := range []bool{false, true} {
		helpers.reaping = reaping
		got, err := Output(time.Minute, "sh", "-c", "echo out; echo err >&2; cat; exit 3")
		if got != "out\n" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if reaping != (len(helpers.pids) == 1) {
			t.Errorf("reaping: %t, not waited for: %v", reaping, helpers.pids)
		}
		for len(helpers.pids) > 0 {
			<-chld
			if err := Reap(func(e Exit) { t.Errorf("Reap reports %d", e.PID) }); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// What does not answer is killed, with what it has started.
func TestOutputLimit(t *testing.T) {
	helpers.reaping = false
	dir := t.TempDir()
	_, err := Output(50*time.Millisecond, "sh", "-c", "echo $$ >"+dir+"/pid; sleep 1000; echo late")
	if err == nil || err.Error() != "sh did not answer within 50ms" {
		t.Error(err)
	}
	if text, err := os.ReadFile(dir + "/pid"); err == nil { // else it was killed before it wrote the file
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil || syscall.Kill(pid, 0) != syscall.ESRCH {
			t.Errorf("%q, %v is not dead", text, err)
		}
	}
}

// A command that writes without end is killed at the limit of output.
func TestOutputTooMuch(t *testing.T) {
	helpers.reaping = false
	got, err := Output(time.Minute, "sh", "-c", "yes")
	if len(got) != maxOutput || err != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// Commands of the system are found without PATH; relative directories in it are not searched.
func TestOutputFinds(t *testing.T) {
	helpers.reaping = false
	t.Chdir(t.TempDir())
	if err := os.WriteFile("id", []byte("#!/bin/sh\necho fake\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", ".:")
	if got, err := Output(time.Minute, "id", "-u"); err != nil || strings.Contains(got, "fake") {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Output(time.Minute, "no-such-command"); !errors.Is(err, ErrNoCommand) {
		t.Error(err)
	}
}
