package conformance

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// hasFleet reports whether the programs of a fleet are among the listeners.
func (s *Suite) hasFleet() bool {
	_, err := os.Stat(filepath.Join(s.Listeners, "supervisor-fleet-hub"))
	return s.Listeners != "" && err == nil
}

// cmdWaitexec runs a program until its output matches.
func cmdWaitexec(ts *testscript.TestScript, neg bool, args []string) {
	want, args := status(ts, args)
	if neg || len(args) < 2 {
		ts.Fatalf("usage: waitexec [-rc N] REGEXP PROGRAM ARG...")
	}
	s := of(ts)
	re := s.regexp(ts, args[0])
	var out []byte
	var last time.Time
	found := s.poll(func() bool {
		if time.Since(last) < 200*time.Millisecond { // a program costs more than a look at a file
			return false
		}
		last = time.Now()
		cmd := exec.Command("env", args[1:]...) // which looks in the PATH of the script
		cmd.Dir = ts.MkAbs(".")
		for _, name := range []string{"PATH", "HOME", "SUPERVISOR_FLEET_HUB", mark} {
			cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
		}
		cmd.Env = append(cmd.Env, coverEnv()...)
		out, _ = cmd.CombinedOutput()
		return cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == want && re.Match(out)
	})
	if !found {
		ts.Fatalf("%v never ended with status %d and printed %s; last:\n%s", args[1:], want, re, out)
	}
	fmt.Fprintf(ts.Stdout(), "%s", out)
}

// cmdEventids checks the ids of events in a file of JSON objects.
func cmdEventids(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: eventids FILE")
	}
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	type id struct{ epoch, n uint64 }
	last := map[string]id{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var event struct{ ID string }
		ts.Check(json.Unmarshal(lines.Bytes(), &event))
		var this id
		host, rest, _ := strings.Cut(event.ID, "/")
		if _, err := fmt.Sscanf(rest, "%d/%d", &this.epoch, &this.n); err != nil {
			ts.Fatalf("%q is not the id of an event", event.ID)
		}
		if before, ok := last[host]; ok && (this.n != before.n+1 || this.epoch < before.epoch) {
			ts.Fatalf("%s follows %d/%d", event.ID, before.epoch, before.n)
		}
		last[host] = this
	}
	ts.Check(lines.Err())
	if len(last) == 0 {
		ts.Fatalf("%s has no events", args[0])
	}
}
