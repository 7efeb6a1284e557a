package upgrade

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/parentthread"
)

// The variables by which the test binary is a program of these tests.
const (
	trialVariable = "UPGRADE_TRIAL" // how it answers a trial
	roleVariable  = "UPGRADE_ROLE"  // what it does when it takes over
	dirVariable   = "UPGRADE_DIR"   // where it writes what happens
)

func TestMain(m *testing.M) {
	Trial("2.0", answerTrial)
	Guard(handover.Load, func(children json.RawMessage) { note("stopped %s", children) })
	switch os.Getenv(roleVariable) {
	case "":
	case stormRole:
		storm()
	default:
		parentthread.Main(supervise)
	}
	os.Exit(m.Run())
}

func answerTrial(state int) (note string, err error) {
	text, err := handover.Load(state)
	if err != nil {
		return "", err
	}
	switch os.Getenv(trialVariable) {
	case "":
		return "read " + string(text), nil
	case "refuses":
		return "", errors.New("2.0 cannot take over: this supervisord uses cron")
	case "panics":
		panic("oh")
	case "exits":
		os.Exit(3)
	case "writes":
		fmt.Print("hello")
		os.Exit(0)
	case "hangs":
		_ = unix.Pause()
	}
	return "", nil
}

// note appends a line to what happens.
func note(format string, args ...any) {
	f, err := os.OpenFile(filepath.Join(os.Getenv(dirVariable), "notes"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		os.Exit(9)
	}
	fmt.Fprintf(f, format+"\n", args...)
	f.Close()
}

// supervise is a program that is upgraded once, and notes what happens.
func supervise() {
	role := os.Getenv(roleVariable)
	t := Take()
	if t == nil {
		if _, err := os.Stat(filepath.Join(os.Getenv(dirVariable), "notes")); err == nil {
			note("started anew")
			os.Exit(0)
		}
		note("first %d", os.Getpid())
		begin(role)
		os.Exit(8)
	}
	if role == "dies early" {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	t.Begin()
	text, err := handover.Load(t.State)
	if err != nil {
		note("%v", err)
		os.Exit(7)
	}
	switch {
	case t.Failed != "":
		note("back %d %s: %s", os.Getpid(), text, t.Failed)
	case role == "fails":
		note("failed: %v", t.GoBack(errors.New("descriptor 17: it is not what it was")))
		os.Exit(6)
	case strings.HasPrefix(role, "dies"):
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	default:
		note("next %d %s", os.Getpid(), text)
	}
	t.Commit()
	var status syscall.WaitStatus
	for { // the guard ends after the commit
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.EINTR {
			continue
		}
		note("guard is %v, and ended with %d: %v", pid == t.guardPID, status.ExitStatus(), err)
		os.Exit(0)
	}
}

// begin does what the old program does.
func begin(role string) {
	state, err := handover.Seal([]byte(`{"a":1}`))
	if err != nil {
		note("%v", err)
		return
	}
	back, err := Self()
	if err != nil {
		note("%v", err)
		return
	}
	plan, err := json.Marshal(Guarded{Children: json.RawMessage(`["c"]`), Args: os.Args, Env: os.Environ(), Managed: strings.HasSuffix(role, "managed")})
	if err != nil {
		note("%v", err)
		return
	}
	planned, err := handover.Seal(plan)
	if err != nil {
		note("%v", err)
		return
	}
	h := Handed{State: state, Back: back, Guard: -1}
	if err := h.StartGuard(planned); err != nil {
		note("%v", err)
		return
	}
	path := "/proc/self/exe"
	if role == "not there" {
		path = "/nonexistent"
	}
	note("goes on: %v", Execute(path, h, make(chan os.Signal)))
	h.EndGuard()
	os.Exit(0)
}

// TestTakeOver executes a program that takes over, fails, or dies at each step.
// covers: L12-g L12-h L12-i
func TestTakeOver(t *testing.T) {
	for _, c := range []struct{ role, want string }{
		{"works", "first PID\nnext PID {\"a\":1}\nguard is true, and ended with 0: <nil>\n"},
		{"fails", "first PID\nback PID {\"a\":1}: descriptor 17: it is not what it was\nguard is true, and ended with 0: <nil>\n"},
		{"dies early", "first PID\nstopped [\"c\"]\n"},
		{"dies", "first PID\nstopped [\"c\"]\nstarted anew\n"},
		{"dies, managed", "first PID\nstopped [\"c\"]\n"},
		{"not there", "first PID\ngoes on: cannot execute /nonexistent: no such file or directory\n"},
	} {
		t.Run(c.role, func(t *testing.T) {
			dir := t.TempDir()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), roleVariable+"="+c.role, dirVariable+"="+dir)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(c.want, "PID", strconv.Itoa(cmd.Process.Pid))
			_ = cmd.Wait()
			got := ""
			for deadline := time.Now().Add(20 * time.Second); got != want && time.Now().Before(deadline); { // the guard writes when it has seen the end
				text, err := os.ReadFile(filepath.Join(dir, "notes"))
				if err != nil {
					t.Fatal(err)
				}
				got = string(text)
			}
			if got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
		})
	}
}

// covers: L12-f
func TestTry(t *testing.T) {
	state, err := handover.Seal([]byte("the state"))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(state)
	for _, c := range []struct{ how, note, problem string }{
		{"", "read the state", ""},
		{"refuses", "", "2.0 cannot take over: this supervisord uses cron"},
		{"panics", "", "2.0 fails: oh\n"},
		{"exits", "", os.Args[0] + ": not a supervisord that can take over"},
		{"writes", "", os.Args[0] + ": not a supervisord that can take over"},
		{"hangs", "", os.Args[0] + " did not answer within 200ms"},
	} {
		t.Setenv(trialVariable, c.how)
		limit := Limit
		if c.how == "hangs" {
			limit = 200 * time.Millisecond
		}
		v, err := Try(os.Args[0], state, limit)
		switch {
		case c.problem == "" && (err != nil || v != Verdict{"2.0", c.note}):
			t.Errorf("%s: %+v, %v", c.how, v, err)
		case c.problem != "" && (err == nil || !strings.HasPrefix(err.Error(), c.problem)):
			t.Errorf("%s: %v", c.how, err)
		}
	}
}

// covers: L12-f
func TestFind(t *testing.T) {
	dir := t.TempDir()
	ours, other, script := filepath.Join(dir, "supervisord"), filepath.Join(dir, "pidproxy"), filepath.Join(dir, "script")
	for path, pkg := range map[string]string{ours: "../../supervisord", other: "../../supervisord/pidproxy"} {
		if out, err := exec.Command("go", "build", "-o", path, pkg).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if err := os.WriteFile(script, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	target, err := Find(ours)
	if err != nil || target.Changed() {
		t.Errorf("%+v, %v", target, err)
	}
	refused := func(path, why string) {
		t.Helper()
		if _, err := Find(path); err == nil || err.Error() != path+": "+why {
			t.Errorf("%s: %v", path, err)
		}
	}
	refused(filepath.Join(dir, "nothing"), "no such file or directory")
	refused(dir, "not a supervisord that can take over")
	refused(other, "not a supervisord that can take over")
	refused(script, "not a supervisord that can take over")
	if err := os.Chmod(ours, 0o755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	refused(ours, "it has a set-user-ID or set-group-ID bit")
	if err := os.Chmod(ours, 0o644); err != nil {
		t.Fatal(err)
	}
	refused(ours, "permission denied")
	if err := os.Rename(other, ours); err != nil {
		t.Fatal(err)
	}
	if !target.Changed() {
		t.Error("another file is not noticed")
	}
}
