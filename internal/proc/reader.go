package proc

import (
	"sync"
	"time"
)

// kept is how long what was read serves all who ask.
const kept = time.Second

// ticksPerSecond is the unit of times in stat files; the kernel has the same on all systems.
const ticksPerSecond = 100

// system is what a Reader asks of the system.
type system interface {
	// boot returns the time since the system was started in ticks.
	boot() uint64
	// processes returns all processes.
	processes() (*table, error)
	process(pid int) (stat, error)
	fds(pid int) (n int64, gone bool) // Unknown if they cannot be read
	pss(pid int) (n int64, gone bool)
	pageSize() int64
}

// Reader reads what processes use. One reading serves all who ask within a second, and there is one at a time. The zero value reads from
// this system, and has nothing open.
type Reader struct {
	mu     sync.Mutex
	system system // nil: the one that this program runs on
	now    func() time.Time
	read   time.Time // when the reading of table began
	table  *table    // nil: nothing is kept
	whole  bool      // it has all processes
}

// Drop drops what is kept for those who ask within a second.
func (r *Reader) Drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.table = nil
}

// Read returns what children use, in their order. They all existed at a time, listed: a process that is younger is another one, which has
// got the number of a child that has ended meanwhile.
func (r *Reader) Read(children []Child, listed time.Time, what What) []Usage {
	used := make([]Usage, len(children))
	for i := range used {
		used[i] = unknown
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.system == nil {
		r.system, r.now = thisSystem(), time.Now
	}
	if r.system == nil || !r.refresh(children, what.Tree) {
		return used
	}
	// Ticks are rounded down, and the two clocks are not read at the same moment.
	youngest := r.system.boot() + 1 - uint64(max(0, r.now().Sub(listed))/(time.Second/ticksPerSecond))
	places := make(map[int]int, len(children))
	for i, c := range children {
		s := r.table.find(c.PID)
		if s == nil || s.start > youngest || r.whole && c.Since.After(r.read) {
			continue
		}
		places[c.PID] = i
		used[i] = Usage{PSS: Unknown}
		if what.PSS {
			used[i].PSS = 0
		}
	}
	r.sum(used, places, what)
	return used
}

// refresh reads what is not there, or older than a second.
func (r *Reader) refresh(children []Child, whole bool) bool {
	now := r.now()
	if r.table == nil || now.Sub(r.read) >= kept || whole && !r.whole {
		r.table, r.read, r.whole = newTable(), now, false
		if whole {
			t, err := r.system.processes()
			if err != nil {
				r.table = nil
				return false
			}
			r.table, r.whole = t, true
		}
	}
	if r.whole {
		return true
	}
	for _, c := range children {
		if c.PID == 0 || !c.Since.After(r.read) && r.table.find(c.PID) != nil {
			continue
		}
		if s, err := r.system.process(c.PID); err == nil {
			r.table.add(s)
		} else {
			delete(r.table.at, c.PID)
		}
	}
	return true
}

// sum adds up what children use, whose places in used are known by pid.
func (r *Reader) sum(used []Usage, places map[int]int, what What) {
	add := func(root int, s *stat) {
		r.addProcess(&used[places[root]], s, s.pid == root, what)
	}
	if !what.Tree {
		for pid := range places {
			add(pid, r.table.find(pid))
		}
		return
	}
	roots := make(map[int]bool, len(places))
	for pid := range places {
		roots[pid] = true
	}
	r.table.trees(roots, add)
}
