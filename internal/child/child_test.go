package child

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestMain makes the test binary both the shim and the child program.
func TestMain(m *testing.M) {
	Main()
	if len(os.Args) > 1 && os.Args[1] == "report" {
		report()
		return
	}
	for fd := 3; fd < 1024; fd++ { // as supervisord does with what it inherits
		syscall.CloseOnExec(fd)
	}
	os.Exit(m.Run())
}

// seen is what a child finds itself in.
type seen struct {
	Args  []string
	Env   []string
	Dir   string
	Umask int
	Group int // its process group
	PID   int
}

func report() {
	var s seen
	s.Args, s.Env, s.PID = os.Args, os.Environ(), os.Getpid()
	s.Dir, _ = os.Getwd()
	s.Umask = syscall.Umask(0)
	s.Group = unix.Getpgrp()
	json.NewEncoder(os.Stdout).Encode(s)
}

// start starts spec with pipes and returns the pid and what it writes to stdout and stderr until both are closed.
func start(t *testing.T, spec Spec) (pid int, stdout, stderr string) {
	t.Helper()
	var ours [3]int
	for i := range ours {
		our, their, err := Pipe(i > 0)
		if err != nil {
			t.Fatal(err)
		}
		ours[i], spec.Files[i] = our, their
	}
	pid, err := Start(spec)
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

func self4test(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// TestStart shows that the fast path and the shim give a child the same surroundings.
func TestStart(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	exe := self4test(t)
	for name, umask := range map[string]int{"fast": -1, "shim": 0o27} {
		t.Run(name, func(t *testing.T) {
			pid, out, errOut := start(t, Spec{Path: exe, Args: []string{"renamed", "report", "x y"}, Env: []string{"A=1"},
				Dir: dir, Umask: umask})
			if st := end(t, pid); st.ExitStatus() != 0 {
				t.Fatalf("status %v, stderr %s", st, errOut)
			}
			var s seen
			if err := json.Unmarshal([]byte(out), &s); err != nil {
				t.Fatal(err, out)
			}
			if fmt.Sprint(s.Args) != "[renamed report x y]" || s.Dir != dir || s.PID != pid || s.Group != pid {
				t.Errorf("%+v", s)
			}
			if umask >= 0 && s.Umask != umask {
				t.Errorf("umask %o", s.Umask)
			}
			if fmt.Sprint(s.Env) != "[A=1]" {
				t.Errorf("environment: %v", s.Env)
			}
			pid, out, _ = start(t, Spec{Path: "/bin/ls", Args: []string{"ls", "/proc/self/fd"}, Umask: umask})
			if end(t, pid); out != "0\n1\n2\n3\n" { // 3 is the directory that ls reads
				t.Errorf("open descriptors: %q", out)
			}
		})
	}
}

// TestFailures shows that what goes wrong in the child is told by the child, with exit status 127.
func TestFailures(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/nonexistent/interpreter\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no program\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	other := &User{UID: os.Getuid() + 1, GID: os.Getgid()}
	for name, c := range map[string]struct {
		spec Spec
		want string
	}{
		"interpreter": {Spec{Path: script, Args: []string{script}, Umask: -1}, "couldn't exec " + script + ": ENOENT"},
		"format":      {Spec{Path: text, Args: []string{"text"}, Umask: -1}, "couldn't exec text: ENOEXEC"},
		"directory":   {Spec{Path: "/bin/sh", Args: []string{"sh"}, Umask: -1, Dir: "/nonexistent"}, "couldn't chdir to /nonexistent: ENOENT"},
		"user":        {Spec{Path: "/bin/sh", Args: []string{"sh"}, Umask: -1, User: other}, fmt.Sprintf("couldn't setuid to %d: Can't drop privilege as nonroot user", other.UID)},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "user" && os.Getuid() == 0 {
				t.Skip("root can become anybody")
			}
			pid, _, stderr := start(t, c.spec)
			want := "supervisor: " + c.want + "\nsupervisor: child process was not spawned\n"
			if st := end(t, pid); st.ExitStatus() != 127 || stderr != want {
				t.Errorf("status %d, stderr %q, want %q", st.ExitStatus(), stderr, want)
			}
		})
	}
}

// TestUser starts a child as somebody else, by both paths. It needs root.
func TestUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to become somebody else")
	}
	for name, umask := range map[string]int{"fast": -1, "shim": 0o22} {
		pid, out, stderr := start(t, Spec{Path: "/bin/sh", Args: []string{"sh", "-c", "id -u; id -g; id -G"}, Umask: umask,
			Env: os.Environ(), User: &User{UID: 65534, GID: 65533, Groups: []int{65534, 4}}})
		if st := end(t, pid); st.ExitStatus() != 0 || out != "65534\n65533\n65533 4 65534\n" {
			t.Errorf("%s: %q %q", name, out, stderr)
		}
	}
}

// TestFastPath needs no shim for a child of the same user, nor, as root, of another one.
func TestFastPath(t *testing.T) {
	defer func(shim string) { self = shim }(self)
	self = "/nonexistent"
	users := []*User{nil}
	if os.Getuid() == 0 {
		users = append(users, &User{UID: 65534, GID: 65534})
	}
	for _, user := range users {
		pid, err := Start(Spec{Path: "/bin/true", Args: []string{"true"}, Umask: -1, User: user, Files: [3]int{0, 1, 2}})
		if err != nil {
			t.Errorf("%v: %v", user, err)
			continue
		}
		if status := end(t, pid); status.ExitStatus() != 0 {
			t.Errorf("%v: %v", user, status)
		}
	}
}

// TestReap takes the exits of many children, each once.
func TestReap(t *testing.T) {
	chld := make(chan os.Signal, 1)
	signal.Notify(chld, syscall.SIGCHLD)
	defer signal.Stop(chld)
	want := map[int]int{}
	for i := range 20 {
		pid, _, _ := start(t, Spec{Path: "/bin/sh", Args: []string{"sh", "-c", fmt.Sprintf("exit %d", i)}, Umask: -1})
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
	_, err := Start(Spec{Path: "/bin/sh", Args: []string{"sh"}, Umask: -1})
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(err, syscall.EMFILE) {
		t.Errorf("%v", err)
	}
}
