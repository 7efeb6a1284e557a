package child

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// ErrNoCommand is the error of Output if the command is not installed.
var ErrNoCommand = errors.New("command not found")

// maxOutput is how much Output reads: more than the list of groups of a large directory has.
const maxOutput = 16 << 20

// helpers are the children that Output has started and that are not reaped. Reap takes their exits, which are of no
// interest to its caller. Before the first Reap, Output waits for them itself.
var helpers = struct {
	sync.Mutex
	pids    map[int]bool
	reaping bool // Reap is in use
}{pids: map[int]bool{}}

// Output runs a command of the system and returns the beginning of what it writes to standard output, until it closes that;
// its exit status is not known. The command is looked for in the absolute directories of PATH, and in those where a system
// has it. An error names it, also if it has not ended within limit and was killed. Any goroutine may call Output but the
// loop of supervisord, which must not wait.
func Output(limit time.Duration, name string, args ...string) (string, error) {
	path := systemCommand(name)
	if path == "" {
		return "", fmt.Errorf("%s: %w", name, ErrNoCommand)
	}
	return OutputOf(limit, path, append([]string{name}, args...))
}

// OutputOf is Output of the program at a path. It gets more descriptors, from 3 on.
func OutputOf(limit time.Duration, path string, args []string, more ...int) (string, error) {
	name := args[0]
	ours, theirs, err := Pipe(true)
	if err != nil {
		return "", fmt.Errorf("cannot run %s: %w", name, err)
	}
	in := os.NewFile(uintptr(ours), name)
	defer in.Close()
	pid, err := startHelper(path, args, theirs, more)
	_ = syscall.Close(theirs)
	if err != nil {
		return "", fmt.Errorf("cannot run %s: %w", name, err)
	}
	err = in.SetReadDeadline(time.Now().Add(limit))
	var out []byte
	if err == nil {
		out, err = io.ReadAll(io.LimitReader(in, maxOutput))
	}
	endHelper(pid)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("%s did not answer within %v", name, limit)
	}
	return string(out), err
}

// systemCommand returns the path of a command, empty if there is none.
func systemCommand(name string) string {
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/bin", "/bin", "/usr/sbin", "/sbin") {
		if path := filepath.Join(dir, name); filepath.IsAbs(dir) && mayExecute(path) {
			return path
		}
	}
	return ""
}

// startHelper starts a command with the given standard output and no other descriptors than more. Its pid is known before Reap can
// see its exit.
func startHelper(path string, args []string, stdout int, more []int) (pid int, err error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	spec := Spec{Env: os.Environ(), Files: [3]int{int(null.Fd()), stdout, int(null.Fd())}, More: more}
	helpers.Lock()
	defer helpers.Unlock()
	if pid, err = forkExec(path, args, &spec, nil); err == nil {
		helpers.pids[pid] = true
	}
	return pid, err
}

// Background starts a program without output. Reap takes its exit, which is of no interest.
func Background(path string, args []string, more ...int) (pid int, err error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	return startHelper(path, args, int(null.Fd()), more)
}

// endHelper kills a helper that still runs, and waits for its end unless Reap will see it.
func endHelper(pid int) {
	helpers.Lock()
	defer helpers.Unlock()
	if !helpers.pids[pid] { // reaped
		return
	}
	_ = syscall.Kill(-pid, syscall.SIGKILL)
	if helpers.reaping {
		return
	}
	for {
		if _, err := syscall.Wait4(pid, nil, 0, nil); err != syscall.EINTR {
			break
		}
	}
	delete(helpers.pids, pid)
}

// waitAny takes the exit of a child, as wait4 does, and reports whether it was a helper.
func waitAny(status *syscall.WaitStatus) (pid int, helper bool, err error) {
	helpers.Lock()
	defer helpers.Unlock()
	helpers.reaping = true
	if pid, err = syscall.Wait4(-1, status, syscall.WNOHANG, nil); pid > 0 && helpers.pids[pid] {
		delete(helpers.pids, pid)
		helper = true
	}
	return pid, helper, err
}
