package proc

// table has processes of the system.
type table struct {
	list []stat
	at   map[int]int // places in list by pid
}

func newTable(list ...stat) *table {
	t := &table{at: make(map[int]int, len(list))}
	for _, s := range list {
		t.add(s)
	}
	return t
}

// add adds a process, or replaces the one with its number.
func (t *table) add(s stat) {
	if i, ok := t.at[s.pid]; ok {
		t.list[i] = s
		return
	}
	t.at[s.pid] = len(t.list)
	t.list = append(t.list, s)
}

// find returns the process with a number, nil if there is none.
func (t *table) find(pid int) *stat {
	if i, ok := t.at[pid]; ok {
		return &t.list[i]
	}
	return nil
}

// trees calls f for each process in the tree of one of roots: the root, its descendants down to other roots, and the processes of which it
// leads the process group. A process may be in two of them.
func (t *table) trees(roots map[int]bool, f func(root int, s *stat)) {
	known := make(map[int]int, len(t.list)) // the root above a process; 0: none
	for i := range t.list {
		s := &t.list[i]
		root := t.root(s.pid, roots, known)
		if root != 0 {
			f(root, s)
		}
		if roots[s.group] && s.group != root && t.find(s.group) != nil {
			f(s.group, s)
		}
	}
}

// root returns the nearest of roots at or above a process, 0 if there is none.
func (t *table) root(pid int, roots map[int]bool, known map[int]int) int {
	var buffer [16]int
	path := buffer[:0]
	root := 0
	for {
		s := t.find(pid)
		if s == nil {
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
