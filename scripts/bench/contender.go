package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// who names a contender, as the columns of the table do.
type who string

const (
	original who = "original"
	ours     who = "ours"
	floor    who = "floor"
)

// contender is one of those measured.
type contender struct {
	who    who
	daemon string // path of its supervisord
	ctl    string // path of its supervisorctl; the floor has none
}

// argv is the command that runs the contender in the foreground on load, whose files lie in dir.
func (c contender) argv(dir string, load load) []string {
	if c.who == floor {
		return append([]string{c.daemon, strconv.Itoa(load.programs), filepath.Join(dir, logFolder)}, load.command...)
	}
	return []string{c.daemon, "-n", "-c", filepath.Join(dir, configName)}
}

// contenders are those that the flags name and the machine has, in the order in which they take turns.
func contenders(set settings, floorPath string) ([]contender, error) {
	var all []contender
	for _, c := range []contender{
		{who: original, daemon: set.reference, ctl: beside(set.reference, set.referenceCtl)},
		{who: ours, daemon: set.ours, ctl: beside(set.ours, set.oursCtl)},
	} {
		if c.daemon == "" {
			continue
		}
		if _, err := os.Stat(c.daemon); err != nil {
			return nil, fmt.Errorf("cannot measure %s: %w", c.who, err)
		}
		all = append(all, c)
	}
	if floorPath != "" {
		all = append(all, contender{who: floor, daemon: floorPath})
	}
	return all, nil
}

// beside is the supervisorctl that belongs to a supervisord: the one given, else its neighbour.
func beside(daemon, ctl string) string {
	if ctl != "" {
		return ctl
	}
	return filepath.Join(filepath.Dir(daemon), "supervisorctl")
}
