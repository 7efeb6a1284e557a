package proc

import "time"

// addProcess adds what a process uses; ended children of a root count, too. A process that has ended meanwhile adds what was read before.
func (r *Reader) addProcess(u *Usage, s *stat, isRoot bool, what What) {
	spent := s.own
	if isRoot {
		spent += s.ended
	}
	u.CPU += time.Duration(spent) * (time.Second / ticksPerSecond)
	u.RSS += s.pages * r.system.pageSize()
	u.Threads += s.threads
	u.Processes++
	if s.fds == notRead {
		s.fds = count(r.system.fds, s.pid, isRoot)
	}
	u.FDs = sum(u.FDs, s.fds)
	if what.PSS {
		u.PSS = sum(u.PSS, count(r.system.pss, s.pid, isRoot))
	}
}

// count reads a number of a process. One of a tree that has ended has none any more.
func count(read func(pid int) (n int64, gone bool), pid int, isRoot bool) int64 {
	n, gone := read(pid)
	if gone && !isRoot {
		return 0
	}
	return n
}

// sum returns the sum of two numbers, which is Unknown if one is.
func sum(a, b int64) int64 {
	if a == Unknown || b == Unknown {
		return Unknown
	}
	return a + b
}
