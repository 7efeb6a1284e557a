package conformance

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// mark is an environment variable by which all processes of a script are found, however they were started.
const mark = "CONFORMANCE_SCRIPT"

// Inside reports whether this process was started by a script.
func Inside() bool { return os.Getenv(mark) != "" }

// marked returns the ids of the running processes, except our own, that have this value of mark in their environment. It needs
// /proc; elsewhere it finds none.
func marked(value string) []int {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil
	}
	want := []byte(mark + "=" + value + "\x00")
	var pids []int
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || pid == os.Getpid() {
			continue
		}
		env, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err == nil && bytes.Contains(append(env, 0), want) && running(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// running reports whether pid is a process that has not exited; a zombie has.
func running(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		if _, noProc := os.Stat("/proc/self/stat"); noProc != nil {
			return syscall.Kill(pid, 0) == nil
		}
		return false
	}
	_, rest, ok := strings.Cut(string(stat), ") ")
	return ok && !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}
