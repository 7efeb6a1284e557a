package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// adoptOrphans makes the bench the sub-reaper of its descendants, so that it finds the children of a daemon that dies.
func adoptOrphans() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("cannot become the reaper of orphans: %w", err)
	}
	return nil
}

// raiseFiles raises the limit of open files of a process to the most that it may set itself. Supervisords and the baseline do so, but
// s6-svscan does not, and has a pipe for each service.
func raiseFiles(pid int) error {
	var limit unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit); err != nil {
		return fmt.Errorf("cannot read the limit of open files of %d: %w", pid, err)
	}
	limit.Cur = limit.Max
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &limit, nil); err != nil {
		return fmt.Errorf("cannot raise the limit of open files of %d: %w", pid, err)
	}
	return nil
}
