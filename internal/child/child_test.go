package child

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain makes the test binary the child program.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "report" {
		reportStart()
		return
	}
	for fd := 3; fd < 1024; fd++ { // as supervisord does with inherited descriptors
		syscall.CloseOnExec(fd)
	}
	os.Exit(m.Run())
}

// reported is what a child has been started with.
type reported struct {
	Args  string // quoted: JSON cannot have bytes that are no UTF-8
	Env   []string
	Group int // its process group
	PID   int
}

func reportStart() {
	json.NewEncoder(os.Stdout).Encode(reported{fmt.Sprintf("%q", os.Args), os.Environ(), unix.Getpgrp(), os.Getpid()})
}

// start starts spec with pipes and returns the pid and what it writes to stdout and stderr until both are closed.
func start(t *testing.T, spec Spec) (pid int, stdout, stderr string) {
	t.Helper()
	return startWith(t, starters["Start"].start, spec)
}

func startWith(t *testing.T, start func(*testing.T, Spec) (int, error), spec Spec) (pid int, stdout, stderr string) {
	t.Helper()
	var ours [3]int
	for i := range ours {
		our, their, err := Pipe(i > 0)
		if err != nil {
			t.Fatal(err)
		}
		ours[i], spec.Files[i] = our, their
	}
	pid, err := start(t, spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range spec.Files {
		unix.Close(fd)
	}
	unix.Close(ours[0])
	read := func(fd int) string {
		if err := unix.SetNonblock(fd, false); err != nil {
			t.Fatal(err)
		}
		f := os.NewFile(uintptr(fd), "pipe")
		defer f.Close()
		data, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	return pid, read(ours[1]), read(ours[2])
}

// end waits for the child and returns its status.
func end(t *testing.T, pid int) syscall.WaitStatus {
	t.Helper()
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
		t.Fatal(err)
	}
	return status
}

func executable(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// TestStart shows that each way to start a child gives it the arguments, the environment and the descriptors of its spec, no
// others, and a process group of its own.
func TestStart(t *testing.T) {
	exe := executable(t)
	env := []string{"A=1", "GORACE=atexit_sleep_ms=0"}
	args := []string{"renamed", "report", "x y", `back\\slash \0`, "not UTF-8: \xff", ""}
	for name, s := range starters {
		t.Run(name, func(t *testing.T) {
			pid, out, errOut := startWith(t, s.start, Spec{Path: exe, Args: args, Env: env})
			if st := end(t, pid); st.ExitStatus() != 0 {
				t.Fatalf("status %v, stderr %s", st, errOut)
			}
			var r reported
			if err := json.Unmarshal([]byte(out), &r); err != nil {
				t.Fatal(err, out)
			}
			if got, want := r.Args, fmt.Sprintf("%q", args); got != want {
				t.Errorf("arguments %s, want %s", got, want)
			}
			if r.PID != pid || r.Group != pid {
				t.Errorf("%+v", r)
			}
			if !slices.Equal(r.Env, env) {
				t.Errorf("environment: %v", r.Env)
			}
			pid, out, _ = startWith(t, s.start, Spec{Path: "/bin/ls", Args: []string{"ls", "/proc/self/fd"}})
			if end(t, pid); out != "0\n1\n2\n3\n" { // 3 is the directory that ls reads
				t.Errorf("open descriptors: %q", out)
			}
			testMore(t, s.start)
		})
	}
}

// testMore shows that a child gets the descriptors of Spec.More at their places, with gaps between them, and no others.
func testMore(t *testing.T, start func(*testing.T, Spec) (int, error)) {
	r, w := pipeToRead(t)
	for _, c := range []struct {
		more  []int
		fds   string // as ls shows them, with the first free one, which is the directory
		write int    // the place of the pipe
	}{
		{[]int{w}, "0 1 2 3 4", 3},
		{[]int{-1, -1, w}, "0 1 2 3 5", 5},
		{[]int{w, -1, w}, "0 1 2 3 4 5", 5},
		{append(slices.Repeat([]int{-1}, 1020), w), "0 1 1023 2 3", 1023},
	} {
		want := slices.Clone(c.more)
		pid, out, _ := startWith(t, start, Spec{Path: "/bin/ls", Args: []string{"ls", "/proc/self/fd"}, More: c.more})
		if end(t, pid); strings.Join(strings.Fields(out), " ") != c.fds {
			t.Errorf("%s: open descriptors: %q", c.fds, out)
		}
		script := fmt.Sprintf("echo ready > /proc/self/fd/%d", c.write)
		pid, _, errOut := startWith(t, start, Spec{Path: "/bin/sh", Args: []string{"sh", "-c", script}, More: c.more})
		if end(t, pid); errOut != "" {
			t.Errorf("%s: %s", c.fds, errOut)
		}
		buf := make([]byte, 10)
		if n, err := unix.Read(r, buf); string(buf[:max(n, 0)]) != "ready\n" {
			t.Errorf("%s: through the pipe came %q, %v", c.fds, buf[:max(n, 0)], err)
		}
		if !slices.Equal(c.more, want) {
			t.Errorf("%s: the caller's descriptors have become %v", c.fds, c.more)
		}
	}
}

// pipeToRead returns a pipe whose reading end does not block.
func pipeToRead(t *testing.T) (r, w int) {
	t.Helper()
	r, w, err := Pipe(true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(r); unix.Close(w) })
	return r, w
}

// TestExecFails shows that a command that cannot be executed is reported by the child, with exit status 127.
func TestExecFails(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/nonexistent/interpreter\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no program\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		args []string
		want string
	}{
		"interpreter": {script, []string{script}, "couldn't exec " + script + ": ENOENT"},
		"format":      {text, []string{"text"}, "couldn't exec text: ENOEXEC"},
		"NUL":         {"/bin/echo", []string{"echo", "a\x00b"}, "couldn't exec echo: EINVAL"},
	} {
		t.Run(name, func(t *testing.T) {
			expectFailure(t, starters["Start"].start, Spec{Path: c.path, Args: c.args}, c.want)
		})
	}
}

// TestReap reaps many children, each once.
func TestReap(t *testing.T) {
	chld := make(chan os.Signal, 1)
	signal.Notify(chld, syscall.SIGCHLD)
	defer signal.Stop(chld)
	want := map[int]int{}
	for i := range 20 {
		pid, _, _ := start(t, Spec{Path: "/bin/sh", Args: []string{"sh", "-c", fmt.Sprintf("exit %d", i)}})
		want[pid] = i
	}
	late := time.After(20 * time.Second)
	for len(want) > 0 {
		if err := Reap(func(e Exit) {
			if code, ours := want[e.PID]; !ours || e.Status.ExitStatus() != code {
				t.Errorf("%d: %v", e.PID, e.Status)
			}
			delete(want, e.PID)
		}); err != nil {
			t.Fatal(err)
		}
		if len(want) == 0 {
			return
		}
		select {
		case <-chld:
		case <-late:
			t.Fatalf("not reaped: %v", want)
		}
	}
}

// TestForkFails shows that an error of Start means that there is no child.
func TestForkFails(t *testing.T) {
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	low := old
	low.Cur = 3
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	_, err := Start(Spec{Path: "/bin/sh", Args: []string{"sh"}})
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, syscall.EMFILE) {
		t.Errorf("%v", err)
	}
}
