package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// stat has the fields of /proc/PID/stat that the bench needs.
type stat struct {
	name   string
	state  string
	parent int
}

func readStat(pid int) (stat, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	return parseStat(data)
}

// parseStat parses /proc/PID/stat. The second field is a name in parentheses, which may contain blanks and parentheses.
func parseStat(data []byte) (stat, error) {
	open, end := bytes.IndexByte(data, '('), bytes.LastIndexByte(data, ')')
	fields := bytes.Fields(data[end+1:])
	if open < 0 || end < open || len(fields) < 2 {
		return stat{}, fmt.Errorf("bad stat line %q", data)
	}
	parent, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return stat{}, fmt.Errorf("bad stat line %q: %w", data, err)
	}
	return stat{name: string(data[open+1 : end]), state: string(fields[0]), parent: parent}, nil
}

// memoryOfProcess returns the proportional set size of a process in bytes.
func memoryOfProcess(pid int) (int, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	kilobytes, err := field(data, "Pss:")
	return kilobytes * 1024, err
}

// switches returns the number of context switches of the threads of a process.
func switches(pid int) (int, error) {
	paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(paths) == 0 {
		return 0, fmt.Errorf("process %d has no threads", pid)
	}
	sum := 0
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return 0, err
		}
		for _, key := range []string{"voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"} {
			n, err := field(data, key)
			if err != nil {
				return 0, err
			}
			sum += n
		}
	}
	return sum, nil
}

// onCPU returns the processor time of all threads of a process so far, also of those that have exited. It reads the clock of the
// process, since the times in /proc/PID/stat are in ticks of 10 ms, and other files of /proc depend on the kernel's configuration.
func onCPU(pid int) (time.Duration, error) {
	const scheduled = 2 // CPUCLOCK_SCHED; the id is that of clock_getcpuclockid(3)
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduled), &ts); err != nil {
		return 0, fmt.Errorf("cannot read the processor time of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// field returns the number after a key at the start of a line.
func field(data []byte, key string) (int, error) {
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) > 1 && fields[0] == key {
			return strconv.Atoi(fields[1])
		}
	}
	return 0, fmt.Errorf("no %s here", key)
}

// family returns the ids of the children of each process.
func family() (map[int][]int, error) {
	paths, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	all := map[int][]int{}
	for _, path := range paths {
		child, err := strconv.Atoi(filepath.Base(path))
		if err != nil {
			continue
		}
		if s, err := readStat(child); err == nil { // an error: it has exited
			all[s.parent] = append(all[s.parent], child)
		}
	}
	return all, nil
}

// children returns the ids of the children of a process.
func children(pid int) ([]int, error) {
	all, err := family()
	return all[pid], err
}

// descendants returns the ids of the children of a process, of their children, and so on.
func descendants(pid int) ([]int, error) {
	all, err := family()
	found := slices.Clone(all[pid])
	for i := 0; i < len(found); i++ {
		found = append(found, all[found[i]]...)
	}
	return found, err
}

// total returns the sum of a figure of several processes.
func total[T int | time.Duration](pids []int, of func(pid int) (T, error)) (sum T, err error) {
	for _, pid := range pids {
		n, err := of(pid)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// alive reports whether a process exists and is not a zombie.
func alive(pid int) bool {
	s, err := readStat(pid)
	return err == nil && s.state != "Z" && s.state != "X"
}

// endOrphans kills and reaps all children of the bench. It is called when no contender and no command runs.
func endOrphans() error {
	for {
		orphans, err := children(os.Getpid())
		if err != nil || len(orphans) == 0 {
			return err
		}
		for _, pid := range orphans {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				return fmt.Errorf("cannot kill %d: %w", pid, err)
			}
		}
		for _, pid := range orphans {
			if _, err := syscall.Wait4(pid, nil, 0, nil); err != nil && err != syscall.EINTR {
				return fmt.Errorf("cannot reap %d: %w", pid, err)
			}
		}
	}
}
