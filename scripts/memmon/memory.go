package main

// memories are the processes of this host: how much resident memory each uses, and who its parent is.
type memories map[int]memory

type memory struct {
	parent int
	bytes  int64
}

// of is how much a process uses, alone or with all its descendants.
func (m memories) of(pid int, cumulative bool) (bytes int64, ok bool) {
	p, ok := m[pid]
	if !ok || !cumulative {
		return p.bytes, ok
	}
	children := map[int][]int{}
	for child, c := range m {
		children[c.parent] = append(children[c.parent], child)
	}
	sum, seen := int64(0), map[int]bool{}
	for next := []int{pid}; len(next) > 0; {
		pid, next = next[0], next[1:]
		if !seen[pid] { // the table was not read at one moment: it may lie about who is whose child
			seen[pid] = true
			sum += m[pid].bytes
			next = append(next, children[pid]...)
		}
	}
	return sum, true
}
