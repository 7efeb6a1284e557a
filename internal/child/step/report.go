package step

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// FailedStart is the exit status of a child that did not execute its command. A command may exit with it too.
const FailedStart = 127

// maxReport is the longest report, so that it is written at once: the least PIPE_BUF of all systems.
const maxReport = 512

// report writes why this shim fails to a descriptor, if it has one, with more detail than its standard error gets: its process id, a blank, the
// reason, and a NUL.
func report(fd int, err error) {
	if fd <= 2 {
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
	_, _ = syscall.Write(fd, []byte(id+reason+"\x00"))
}

// execError is a command that could not be executed. The text is the original's.
type execError struct {
	text string
	path string
	err  error
}

func (e *execError) Error() string { return e.text }

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
