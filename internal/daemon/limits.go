package daemon

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/daemon/startlimit"
)

// limited is a resource of which the configuration requires a minimum.
type limited struct {
	resource int
	name     string
	problem  string // format of the required number and the allowed one
}

var files = limited{unix.RLIMIT_NOFILE, "RLIMIT_NOFILE",
	`The minimum number of file descriptors required to run this process is %d as per the "minfds" command-line ` +
		`argument or config file setting. The current environment will only allow you to open %d file descriptors.  ` +
		`Either raise the number of usable file descriptors in your environment (see README.rst) or lower the minfds ` +
		`setting in the config file to allow the process to start.`}

var processes = limited{unix.RLIMIT_NPROC, "RLIMIT_NPROC",
	`The minimum number of available processes required to run this program is %d as per the "minprocs" ` +
		`command-line argument or config file setting. The current environment will only allow you to open %d ` +
		`processes.  Either raise the number of usable processes in your environment (see README.rst) or lower the ` +
		`minprocs setting in the config file to allow the program to start.`}

// RaiseLimits raises the limits of this process and its children to at least that many open files and processes. Limits that
// suffice are not changed: children then get the soft limit of open files that we were started with, although the Go runtime
// has raised our own. The messages are for the main log, at info; an error is a usage error. Source: minfds, minprocs.
func RaiseLimits(minFDs, minProcs int) (messages []string, err error) {
	for _, want := range []struct {
		limited
		min int
	}{{files, minFDs}, {processes, minProcs}} {
		soft, hard, err := want.current()
		if err != nil {
			return messages, fmt.Errorf("cannot read %s: %w", want.name, err)
		}
		newSoft, newHard, change := raised(soft, hard, want.min)
		if !change {
			continue
		}
		if err := setLimit(want.resource, newSoft, newHard); err != nil {
			return messages, fmt.Errorf(want.problem, want.min, hard)
		}
		messages = append(messages, fmt.Sprintf("Increased %s limit to %d", want.name, want.min))
	}
	return messages, nil
}

// raised returns the limit that allows at least min, and whether it differs from the present one. The hard limit is raised as
// well if it is too low, which needs CAP_SYS_RESOURCE; it is never lowered.
func raised(soft, hard uint64, min int) (newSoft, newHard uint64, change bool) {
	if min < 0 || soft >= uint64(min) {
		return soft, hard, false
	}
	return uint64(min), max(hard, uint64(min)), true
}

// current returns the limit that this process was started with. Infinity is the largest uint64.
func (l limited) current() (soft, hard uint64, err error) {
	if l.resource == unix.RLIMIT_NOFILE {
		if soft, hard, ok := startlimit.Files(); ok {
			return soft, hard, nil
		}
	}
	var now syscall.Rlimit
	if err := syscall.Getrlimit(l.resource, &now); err != nil {
		return 0, 0, err
	}
	return uint64(now.Cur), uint64(now.Max), nil
}

// setLimit uses package syscall, which from then on gives children our limit of open files instead of the one that this
// process was started with.
func setLimit(resource int, soft, hard uint64) error {
	var limit syscall.Rlimit
	assign(&limit.Cur, soft)
	assign(&limit.Max, hard)
	return syscall.Setrlimit(resource, &limit)
}

// assign converts a limit, which is signed on some systems.
func assign[T int64 | uint64](to *T, value uint64) { *to = T(value) }
