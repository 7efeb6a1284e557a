package child

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// failures receives why shims did not execute their commands. It is one pipe for all of them, which the first shim opens: a
// shim writes its process id and the reason before it exits, and Reap reads it with the exit. The command of a shim does not
// inherit the pipe, so it cannot write there.
var failures failureReports

type failureReports struct {
	mu      sync.Mutex
	opened  bool
	in, out int            // the ends of the pipe; meaningful if opened
	rest    []byte         // of the pipe, an incomplete report
	reasons map[int]string // that were read before, by pid
}

// failedStart is the exit status of a child that did not execute its command. A command may exit with it too.
const failedStart = 127

// maxReport is the longest report, so that it is written at once: the least PIPE_BUF of all systems.
const maxReport = 512

// writeEnd returns the descriptor for a shim, -1 if there is none.
func (f *failureReports) writeEnd() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.opened {
		in, out, err := Pipe(true)
		if err != nil {
			return -1
		}
		f.in, f.out, f.opened, f.reasons = in, out, true, map[int]string{}
	}
	return f.out
}

// take returns the reason that a child has reported, empty if there is none.
func (f *failureReports) take(e Exit) (reason string) {
	if e.Status.Exited() && e.Status.ExitStatus() != failedStart {
		return "" // it executed its command; a shim that was killed may have reported before
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.opened {
		return ""
	}
	f.read()
	reason = f.reasons[e.PID]
	delete(f.reasons, e.PID)
	if e.Status.Signaled() {
		return ""
	}
	return reason
}

// read takes all reports from the pipe.
func (f *failureReports) read() {
	var buf [4096]byte
	for {
		n, err := syscall.Read(f.in, buf[:])
		if err == syscall.EINTR {
			continue
		}
		if n <= 0 {
			return
		}
		f.rest = append(f.rest, buf[:n]...)
		for {
			report, rest, complete := bytes.Cut(f.rest, []byte{0})
			if !complete {
				break
			}
			f.rest = rest
			id, reason, _ := strings.Cut(string(report), " ")
			if pid, err := strconv.Atoi(id); err == nil {
				f.reasons[pid] = reason
			}
		}
		if len(f.rest) == 0 {
			f.rest = nil
		}
	}
}

// reportArg is followed, on the shim's command line, by the descriptor for its report.
const reportArg = "report"

// reportTo returns the descriptor that the arguments of a shim name, -1 if there is none, and the other arguments.
func reportTo(args []string) (fd int, rest []string) {
	if len(args) < 2 || args[0] != reportArg {
		return -1, args
	}
	fd, err := strconv.Atoi(args[1])
	if err != nil || fd <= 2 {
		return -1, args[2:]
	}
	syscall.CloseOnExec(fd)
	return fd, args[2:]
}

// report writes why this shim fails, with more detail than its standard error gets.
func report(fd int, err error) {
	if fd < 0 {
		return
	}
	reason := err.Error()
	if failed := (*execError)(nil); errors.As(err, &failed) {
		if detail := failed.detail(); detail != "" {
			reason += " (" + detail + ")"
		}
	}
	id := fmt.Sprintf("%d ", os.Getpid())
	reason = strings.ReplaceAll(reason, "\x00", `\x00`)
	if most := maxReport - len(id) - 1; len(reason) > most { // its end says which error it was
		const gap = "..."
		half := (most - len(gap)) / 2
		reason = reason[:half] + gap + reason[len(reason)-half:]
	}
	_, _ = unix.Write(fd, []byte(id+reason+"\x00"))
}
