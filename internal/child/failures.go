package child

import (
	"bytes"
	"strconv"
	"strings"
	"sync"
	"syscall"
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
