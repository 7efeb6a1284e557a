//go:build !linux

package proc

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/child"
)

func thisSystem() system { return nil }

// limit is how long ps may take.
const limit = 10 * time.Second

// Memory returns the resident memory of the targets in bytes, by their pid, without that of their descendants. What cannot be measured is
// left out; an error is about all.
func Memory(targets []Target) (map[int]int64, error) {
	var pids []string
	for _, t := range targets {
		pids = append(pids, strconv.Itoa(t.PID))
	}
	text, err := child.Output(limit, "ps", "-o", "pid=,rss=", "-p", strings.Join(pids, ","))
	if err != nil {
		return nil, err
	}
	used := map[int]int64{}
	for line := range strings.Lines(text) {
		var pid int
		var kilobytes int64
		if _, err := fmt.Sscan(line, &pid, &kilobytes); err == nil {
			used[pid] = kilobytes << 10
		}
	}
	return used, nil
}
