package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// who is the name of a contender, as in the columns of the table.
type who string

const (
	original who = "original"
	ours     who = "ours"
	baseline who = "baseline"
	runit    who = "runit"
	s6       who = "s6"
)

// contender is a supervisor that is measured.
type contender struct {
	who    who
	daemon string         // path of its supervisord
	ctl    string         // path of its supervisorctl; empty for the others
	signal syscall.Signal // ends it; 0 for a supervisord, which is asked
	logger string         // path of the logger of a peer
	peer   *peer          // nil for the others
}

// isSupervisord reports whether the contender is a supervisord: the original or ours.
func (c contender) isSupervisord() bool { return c.signal == 0 }

// argv returns the command that runs the contender in the foreground with load, whose files are in dir.
func (c contender) argv(dir string, load load) []string {
	switch {
	case c.who == baseline:
		return append([]string{c.daemon, strconv.Itoa(load.programs), filepath.Join(dir, logFolder)}, load.command...)
	case c.peer != nil:
		return slices.Concat([]string{c.daemon}, c.peer.options, []string{filepath.Join(dir, servicesFolder)})
	}
	return []string{c.daemon, "-n", "-c", filepath.Join(dir, configName)}
}

// contenders returns the contenders that the flags name, in the order of their turns.
func contenders(set settings, baselinePath string) ([]contender, error) {
	var all []contender
	for _, c := range []contender{
		{who: original, daemon: set.reference, ctl: beside(set.reference, set.referenceCtl)},
		{who: ours, daemon: set.ours, ctl: beside(set.ours, set.oursCtl)},
	} {
		if c.daemon == "" {
			continue
		}
		if _, err := exec.LookPath(c.daemon); err != nil { // it is a path, and not looked for elsewhere
			return nil, fmt.Errorf("cannot measure %s: %w", c.who, err)
		}
		all = append(all, c)
	}
	if baselinePath != "" {
		all = append(all, contender{who: baseline, daemon: baselinePath, signal: syscall.SIGTERM})
	}
	return all, nil
}

// beside returns the supervisorctl of a supervisord: the given one, or that in the same directory.
func beside(daemon, ctl string) string {
	if ctl != "" {
		return ctl
	}
	return filepath.Join(filepath.Dir(daemon), "supervisorctl")
}
