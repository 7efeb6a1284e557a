//go:build !linux

package main

import (
	"fmt"
	"os/exec"
	"strings"
)

// readMemory asks ps, which prints kilobytes.
func readMemory() (memories, error) {
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=,rss=").Output()
	if err != nil {
		return nil, fmt.Errorf("ps: %w", err)
	}
	all := memories{}
	for line := range strings.Lines(string(out)) {
		var pid, parent int
		var kilobytes int64
		if _, err := fmt.Sscan(line, &pid, &parent, &kilobytes); err != nil {
			return nil, fmt.Errorf("ps printed %q: %w", line, err)
		}
		all[pid] = memory{parent: parent, bytes: kilobytes << 10}
	}
	return all, nil
}
