package child

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/child/step"
)

// init reports what this process could not do as the shim, and ends it unless it may go on without.
func init() {
	for f := step.Failed; f != nil; f = f.GoOn() {
		text := f.What
		if f.Err != nil {
			text += ": " + ErrnoName(f.Err)
		}
		if !f.Fatal {
			fmt.Fprintf(os.Stderr, "supervisor: %s; going on without\n", text)
			continue
		}
		report(f, text)
		fmt.Fprintf(os.Stderr, "supervisor: %s\nsupervisor: child process was not spawned\n", text)
		os.Exit(failedStart)
	}
}

// failedStart is the exit status of a child that did not execute its command. A command may exit with it too.
const failedStart = 127

// maxReport is the longest report, so that it is written at once: the least PIPE_BUF of all systems.
const maxReport = 512

// report writes why this shim fails to the descriptor for it, if there is one, with more detail than its standard error gets: its process
// id, a blank, the reason, and a NUL.
func report(f *step.Failure, reason string) {
	if f.Report <= 2 {
		return
	}
	if f.Exec != "" {
		if detail := execDetail(f.Exec, f.Err); detail != "" {
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
	_, _ = unix.Write(f.Report, []byte(id+reason+"\x00"))
}

// ErrnoName is the symbolic name of the system error in err, such as "ENOENT"; for any other error its text.
func ErrnoName(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		if name := unix.ErrnoName(errno); name != "" {
			return name
		}
	}
	return err.Error()
}
