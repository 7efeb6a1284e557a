package orphans

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// start starts a child and returns its record. The child is killed and reaped at the end of the test.
func start(t *testing.T, name string, priority int, script string) Child {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
	})
	return Child{PID: cmd.Process.Pid, Group: "g", Name: name, GroupPriority: 999, Priority: priority,
		StopSignal: syscall.SIGTERM, StopWait: time.Minute, UID: os.Getuid()}
}

// until waits until the condition holds.
func until(t *testing.T, condition func() bool) {
	t.Helper()
	late := time.After(time.Minute)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("timeout")
		}
	}
}

// awaitEnd waits until a child has ended, reaped or not.
func awaitEnd(t *testing.T, c Child) {
	t.Helper()
	until(t, func() bool { _, runs := startOf(c.PID); return !runs })
}

// killOwner makes a record look as if its supervisord had been killed, by the id of a process that does not exist.
func killOwner(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := bytes.Cut(text, []byte("\n"))
	fields := strings.Fields(string(head))
	fields[1] = "999999999"
	if err := os.WriteFile(path, append([]byte(strings.Join(fields, " ")+"\n"), rest...), 0o600); err != nil {
		t.Fatal(err)
	}
}

// open opens the record and returns what was logged, without dates.
func open(path string) (r *Record, found []*Survivor, log string) {
	var text bytes.Buffer
	r, found = Open(path, "instance", logs.NewMain(&text, api.Info))
	return r, found, undated(text.String())
}

func undated(log string) string {
	var b strings.Builder
	for line := range strings.Lines(log) {
		b.WriteString(line[len("2006-01-02 15:04:05,000 "):])
	}
	return b.String()
}

func reopen(t *testing.T, path string) (*Record, []Child) {
	t.Helper()
	r, found, log := open(path)
	if r == nil {
		t.Fatal(log)
	}
	var survivors []Child
	for _, s := range found {
		survivors = append(survivors, s.Child)
	}
	Release(found)
	return r, survivors
}

func TestRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sd.pid.children")
	r, survivors := reopen(t, path)
	if len(survivors) != 0 {
		t.Errorf("%v", survivors)
	}
	a := start(t, `a "b" c`, 1, "sleep 1000")
	b := start(t, "ends", 2, "exit 0")
	for _, c := range []Child{a, b} {
		if err := r.Add(c, nil); err != nil {
			t.Fatal(err)
		}
	}
	awaitEnd(t, b)
	killOwner(t, path)
	r, survivors = reopen(t, path)
	if d := cmp.Diff([]Child{a}, survivors); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	killOwner(t, path)
	r.closeFile()
	if r, survivors = reopen(t, path); len(survivors) != 1 {
		t.Errorf("a child is lost when it is found for the second time: %v", survivors)
	}
	r.Close()
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file has been removed while a child still runs: %v", err)
	}
	if err := syscall.Kill(a.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, a)
	r, _ = reopen(t, path)
	r.Close()
	if _, err := os.Stat(path); err == nil {
		t.Error("no child runs, and the file has not been removed")
	}
}

// TestReusedPID shows that a process that began after its line was written is not a child of ours, nor is any after a reboot,
// and that a file that is not a record has no children.
func TestReusedPID(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "r")
	r, _ := reopen(t, path)
	c := start(t, "x", 1, "sleep 1000")
	began, ok := startOf(c.PID)
	if !ok {
		t.Fatal("it does not run")
	}
	line := func(at int64) string { return string(c.format(nil, at)) }
	head := "supervisord 999999999 1 " + r.boot + "\n"
	for _, test := range []struct {
		name, text string
		want       int
	}{
		{"at its start", head + line(began), 1},
		{"later", head + line(ticksNow()), 1},
		{"in the future", head + line(ticksNow()+1000), 0},
		{"before its start", head + line(began-2), 0},
		{"twice, the last counts", head + line(began) + line(began-2), 0},
		{"a field of a later version", head + strings.TrimSuffix(line(began), "\n") + " 5\n", 1},
		{"another boot", "supervisord 999999999 1 other\n" + line(began), 0},
		{"cut off", head + line(began)[:10], 0},
		{"not a record", "something else\n" + line(began), 0},
		{"empty", "", 0},
	} {
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, survivors := reopen(t, path)
		r.closeFile()
		if len(survivors) != test.want {
			t.Errorf("%s: %v", test.name, survivors)
		}
	}
}

// TestRunningOwner shows that the record of a supervisord that runs is not changed.
func TestRunningOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r")
	r, _ := reopen(t, path)
	owner, c := start(t, "owner", 1, "sleep 1000"), start(t, "c", 1, "sleep 1000")
	began, _ := startOf(owner.PID)
	text := strings.Join([]string{"supervisord", strconv.Itoa(owner.PID), strconv.FormatInt(began, 10), r.boot}, " ") + "\n" +
		string(c.format(nil, ticksNow()))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r, survivors, log := open(path)
	want := fmt.Sprintf("WARN supervisord with pid %d still runs and keeps %s: children that outlive us will not be found again\n",
		owner.PID, path)
	if r != nil || survivors != nil || log != want {
		t.Errorf("%v, %v, %s", r, survivors, log)
	}
	if now, err := os.ReadFile(path); err != nil || string(now) != text {
		t.Errorf("the record has changed: %s, %v", now, err)
	}
}

// TestManyStarts shows that the file does not grow with the number of starts, and still has all running children.
func TestManyStarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r")
	r, _ := reopen(t, path)
	c := start(t, "c", 1, "sleep 1000")
	running := func(yield func(Child) bool) { yield(c) }
	dead := c
	for dead.PID = 1 << 29; dead.PID < 1<<29+5*fewLines; dead.PID++ {
		if err := r.Add(dead, running); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(text, []byte("\n")); n > fewLines+2 {
		t.Errorf("%d lines", n)
	}
	killOwner(t, path)
	if _, survivors := reopen(t, path); len(survivors) != 1 {
		t.Errorf("%v", survivors)
	}
}

// TestWriteFails shows that a record that cannot be written returns one error, and is complete after the next success.
func TestWriteFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r")
	r, _ := reopen(t, path)
	c := start(t, "c", 1, "sleep 1000")
	running := func(yield func(Child) bool) { yield(c) }
	full, err := syscall.Open("/dev/full", syscall.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full")
	}
	good := r.fd
	r.fd = full
	if err := r.Add(c, running); err == nil {
		t.Error("no error")
	}
	syscall.Close(good)
	if err := r.Add(c, running); err != nil {
		t.Errorf("the second: %v", err)
	}
	killOwner(t, path)
	if _, survivors := reopen(t, path); len(survivors) != 1 {
		t.Errorf("%v", survivors)
	}
}

// TestStop shows the order, the signals, and SIGKILL for a child that ignores its stop signal.
func TestStop(t *testing.T) {
	dir := t.TempDir()
	up := filepath.Join(dir, "up")
	stubborn := start(t, "stubborn", 1, "trap '' TERM; touch "+up+"; while :; do sleep 1; done")
	stubborn.StopWait, stubborn.KillAsGroup = 100*time.Millisecond, true
	first := start(t, "first", 2, "sleep 1000")
	first.StopAsGroup, first.StopSignal = true, syscall.SIGINT
	ended := start(t, "ended", 1, "sleep 1000")
	until(t, func() bool { _, err := os.Stat(up); return err == nil })
	var text bytes.Buffer
	found := holdAll([]entry{{stubborn, ticksNow()}, {ended, ticksNow()}, {first, ticksNow()}})
	if err := syscall.Kill(ended.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, ended)
	Stop(found, logs.NewMain(&text, api.Info))
	var got []string
	for line := range strings.Lines(undated(text.String())) {
		line = strings.TrimSpace(line)
		for _, c := range []Child{stubborn, first} {
			line = strings.ReplaceAll(line, strconv.Itoa(c.PID), "PID")
		}
		got = append(got, line)
	}
	want := []string{
		`INFO stopping "g:first" (pid PID) of an earlier supervisord with SIGINT`,
		`INFO "g:first" (pid PID) of an earlier supervisord is gone`,
		`INFO stopping "g:stubborn" (pid PID) of an earlier supervisord with SIGTERM`,
		`WARN killing "g:stubborn" (pid PID) of an earlier supervisord with SIGKILL`,
		`INFO "g:stubborn" (pid PID) of an earlier supervisord is gone`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
