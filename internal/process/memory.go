package process

import (
	"fmt"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/proc"
	"github.com/gosupervisor/supervisor/internal/timers"
)

// memory is what a process with maxmemory has beyond others.
type memory struct {
	due    time.Time // of the next look; zero: it is not RUNNING
	over   bool      // the last look found that it uses too much
	warned bool      // that it cannot be measured
}

// newMemory returns the memory of a process, nil if it may use any amount.
func newMemory(c *config.Process) *memory {
	if c.Bounds().Memory == 0 {
		return nil
	}
	return &memory{}
}

// Looks are the looks at the memory of all processes with maxmemory. Those of the same interval fall due together, so that one look at the
// processes of the system serves them all. It is made in a goroutine, one at a time.
type Looks struct {
	timers.Slot
	shared    *Shared
	epoch     time.Time             // at which all intervals begin
	processes map[*Process]struct{} // those that are RUNNING
	busy      bool
}

// memoryChanged begins to look at the memory of a process when it becomes RUNNING, and ends that when it is not any more.
func (s *Shared) memoryChanged(p *Process, now time.Time) {
	m := p.extra.memory
	switch running := p.machine.State == api.Running; {
	case running && m.due.IsZero():
		if s.Looks == nil {
			s.Looks = &Looks{shared: s, epoch: now, processes: map[*Process]struct{}{}}
		}
		m.due = s.Looks.after(p, now)
		s.Looks.processes[p] = struct{}{}
		s.Schedule(s.Looks)
	case !running && !m.due.IsZero():
		s.endLooks(p)
	}
}

// endLooks ends the looks at the memory of a process.
func (s *Shared) endLooks(p *Process) {
	p.extra.memory.due, p.extra.memory.over = time.Time{}, false
	if s.Looks != nil {
		delete(s.Looks.processes, p)
		s.Schedule(s.Looks)
	}
}

// after is the first moment for a look at a process after now.
func (l *Looks) after(p *Process, now time.Time) time.Time {
	interval := p.Config.Bounds().Interval
	return l.epoch.Add((now.Sub(l.epoch)/interval + 1) * interval)
}

// Wake implements timers.Item.
func (l *Looks) Wake() (at time.Time) {
	if l.busy {
		return at
	}
	for p := range l.processes {
		if due := p.extra.memory.due; at.IsZero() || due.Before(at) {
			at = due
		}
	}
	return at
}

// Tick implements timers.Item. It begins a look at all processes that are due.
func (l *Looks) Tick(now time.Time) {
	var targets []proc.Target
	due := map[int]*Process{} // by pid
	for p := range l.processes {
		if p.extra.memory.due.After(now) {
			continue
		}
		p.extra.memory.due = l.after(p, now)
		if p.pid != 0 && p.reaped == nil {
			targets = append(targets, p.target())
			due[p.pid] = p
		}
	}
	l.busy = len(targets) > 0
	l.shared.Schedule(l)
	if !l.busy {
		return
	}
	go func() {
		used, err := l.shared.Measure(targets)
		l.shared.Helpers.Send(func(now time.Time) { l.measured(due, used, err, now) })
	}()
}

// target is what is measured of a process: its cgroup, if it has one, else its tree.
func (p *Process) target() proc.Target {
	if c := p.extra.cgroup; c != nil && c.used {
		return proc.Target{PID: p.pid, Cgroup: c.group.Memory()}
	}
	return proc.Target{PID: p.pid}
}

// measured does what follows from a look. A process that has got another child meanwhile is left alone.
func (l *Looks) measured(due map[int]*Process, used map[int]int64, err error, now time.Time) {
	l.busy = false
	for pid, p := range due {
		if _, running := l.processes[p]; !running || p.pid != pid || p.reaped != nil {
			continue
		}
		if n, ok := used[pid]; ok {
			p.uses(n, now)
		} else if m := p.extra.memory; !m.warned {
			m.warned = true
			if err == nil {
				err = fmt.Errorf("the system does not show process %d", pid)
			}
			p.Log().Warnf("the memory of %s cannot be measured: %v", p.Name(), err)
		}
	}
	l.shared.Schedule(l)
}

// uses does what follows if a process uses more memory than it may. A restart or stop is asked for at each look, since one that waits for
// other processes of the program may not come; everything else happens once, until it uses less again.
func (p *Process) uses(bytes int64, now time.Time) {
	m, b := p.extra.memory, p.Config.Bounds()
	if bytes <= int64(b.Memory) || p.shared.ShuttingDown {
		m.over = false
		return
	}
	text := fmt.Sprintf("%d MB", (bytes+1<<19)>>20)
	first := !m.over
	m.over = true
	if first {
		p.Log().Warnf("%s uses %s, more than maxmemory=%s", p.Name(), text, b.Limit())
	}
	if a := b.Action; first || a.Kind == config.ActionRestart || a.Kind == config.ActionStop {
		p.take(a, api.Reason{Why: api.WhyMemory, Text: text}, helper.Spec{Hook: "maxmemory", Label: "maxmemory_action",
			Env: []string{fmt.Sprintf("SUPERVISOR_MEMORY_BYTES=%d", bytes)}}, now)
	}
}
