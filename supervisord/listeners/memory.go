package main

// memories are the processes of this host by pid, each with its resident memory and its parent.
type memories map[int]memory

type memory struct {
	parent int
	bytes  int64
}

// of returns how much a process uses, alone or with all its descendants. ok is false if there is no such process.
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
		if !seen[pid] { // the table is no snapshot: reused pids may form a cycle
			seen[pid] = true
			sum += m[pid].bytes
			next = append(next, children[pid]...)
		}
	}
	return sum, true
}
