package proc

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// Memory returns the resident memory of the targets in bytes, by their pid: that of the process, of all its descendants, and of all
// processes whose process group it leads, because one whose parent has ended stays in that. All targets are served by one look at all
// processes of the system. What cannot be measured is left out; an error is about all.
func Memory(targets []Target) (map[int]int64, error) {
	used, roots := map[int]int64{}, map[int]bool{}
	for _, t := range targets {
		if t.Cgroup != nil {
			if n, ok := t.Cgroup(); ok {
				used[t.PID] = int64(n)
				continue
			}
		}
		roots[t.PID] = true
	}
	if len(roots) == 0 {
		return used, nil
	}
	table, err := scan("/proc")
	if err != nil {
		return used, err
	}
	for pid, pages := range table.trees(roots) {
		used[pid] = pages * int64(os.Getpagesize())
	}
	return used, nil
}

// table has all processes of the system by their pid.
type table map[int]stat

// stat is a process: numbers of its file stat.
type stat struct {
	parent, group int
	pages         int64 // resident
}

// scan reads all processes. One that ends meanwhile is left out.
func scan(root string) (table, error) {
	dir, err := os.Open(root)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	t := table{}
	buf := make([]byte, 4096)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if s, err := readStat(root+"/"+name+"/stat", buf); err == nil {
			t[pid] = s
		}
	}
	return t, nil
}

func readStat(path string, buf []byte) (stat, error) {
	f, err := os.Open(path)
	if err != nil {
		return stat{}, err
	}
	defer f.Close()
	n, err := f.Read(buf)
	if err != nil {
		return stat{}, err
	}
	return parseStat(buf[:n])
}

// The places of fields in stat, behind the name of the command, see proc_pid_stat(5).
const (
	parentField = 1
	groupField  = 2
	pagesField  = 21
)

// parseStat reads the file stat of a process. The name of the command may contain blanks and parentheses.
func parseStat(text []byte) (s stat, err error) {
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) <= pagesField {
		return s, fmt.Errorf("not a stat file: %q", text)
	}
	for _, f := range []struct {
		place int
		store func(int64)
	}{
		{parentField, func(n int64) { s.parent = int(n) }},
		{groupField, func(n int64) { s.group = int(n) }},
		{pagesField, func(n int64) { s.pages = n }},
	} {
		n, err := strconv.ParseInt(string(fields[f.place]), 10, 64)
		if err != nil {
			return s, err
		}
		f.store(n)
	}
	return s, nil
}

// trees returns the sum of the pages of the trees of roots, without roots that are not there.
func (t table) trees(roots map[int]bool) map[int]int64 {
	sums := map[int]int64{}
	for pid := range roots {
		if _, ok := t[pid]; ok {
			sums[pid] = 0
		}
	}
	known := map[int]int{} // the root above a process; 0: none
	for pid, s := range t {
		root := t.root(pid, roots, known)
		if root != 0 {
			sums[root] += s.pages
		}
		if _, ok := sums[s.group]; ok && s.group != root {
			sums[s.group] += s.pages
		}
	}
	return sums
}

// root returns the nearest of roots at or above a process, 0 if there is none.
func (t table) root(pid int, roots map[int]bool, known map[int]int) int {
	var path []int
	root := 0
	for {
		s, ok := t[pid]
		if !ok {
			break
		}
		if at, seen := known[pid]; seen {
			root = at
			break
		}
		if roots[pid] {
			root = pid
			break
		}
		known[pid] = 0 // a process is not above itself, but its number may be another's in a part of the table
		path = append(path, pid)
		pid = s.parent
	}
	for _, pid := range path {
		known[pid] = root
	}
	return root
}
