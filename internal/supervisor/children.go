package supervisor

import (
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/orphans"
	"github.com/gosupervisor/supervisor/internal/process"
)

// Remember has the children written to a record, which may be nil. Nothing starts by itself before clear closes, if it is
// not nil. To be called before Run.
func (s *Supervisor) Remember(record *orphans.Record, clear <-chan struct{}) {
	s.record, s.clear = record, clear
}

// spawned takes note of a child that was just started.
func (s *Supervisor) spawned(p *process.Process) {
	s.pids[p.PID()] = p
	if s.record == nil {
		return
	}
	if err := s.record.Add(remembered(p), s.running); err != nil {
		s.log.Warnf("children that outlive supervisord may not be found again: %v", err)
	}
}

// running yields all children.
func (s *Supervisor) running(yield func(orphans.Child) bool) {
	for _, p := range s.pids {
		if !yield(remembered(p)) {
			return
		}
	}
}

// remembered is what a later supervisord has to know of a child.
func remembered(p *process.Process) orphans.Child {
	return orphans.Child{PID: p.PID(), Group: p.Group, Name: p.Name(),
		GroupPriority: p.GroupPriority, Priority: p.Config.Priority, StopSignal: p.Config.StopSignal,
		StopAsGroup: p.Config.StopAsGroup, KillAsGroup: p.Config.KillAsGroup,
		StopWait: time.Duration(p.Config.StopWaitSecs) * time.Second}
}

// reserved is how many descriptors no child's pipe may take: with all gone, nobody could ask any more what is wrong.
const reserved = 32

// maxFD is the largest descriptor that a child's pipe may have here, 0 for any.
func maxFD() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return mostOf(uint64(limit.Cur)) // int64 on FreeBSD
}

// mostOf is maxFD with so many descriptors. Where there are very few, children may have them all.
func mostOf(limit uint64) int {
	if limit > 1<<30 || limit < 4*reserved {
		return 0
	}
	return int(limit) - reserved - 1
}
