package supervisor

import (
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/orphans"
	"github.com/gosupervisor/supervisor/internal/process"
)

// spawned takes note of a child that was just started.
func (l *Loop) spawned(p *process.Process) {
	l.pids[p.PID()] = p
	if l.record == nil {
		return
	}
	if err := l.record.Add(remembered(p), l.running); err != nil {
		l.log.Warnf("children that outlive supervisord may not be found again: %v", err)
	}
}

// running yields all children.
func (l *Loop) running(yield func(orphans.Child) bool) {
	for _, p := range l.pids {
		if !yield(remembered(p)) {
			return
		}
	}
}

// remembered is what a later supervisord has to know of a child.
func remembered(p *process.Process) orphans.Child {
	return orphans.Child{PID: p.PID(), Group: p.Group, Name: p.Name(),
		GroupPriority: p.GroupPriority, Priority: p.Config.Priority, StopSignal: p.Config.Stop.Signal,
		StopAsGroup: p.Config.Stop.AsGroup, KillAsGroup: p.Config.Stop.KillAsGroup,
		StopWait: time.Duration(p.Config.Stop.WaitSecs) * time.Second}
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
