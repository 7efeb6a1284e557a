package supervisor

import (
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/orphans"
	"github.com/gosupervisor/supervisor/internal/process"
)

// owner handles the exit of a child. A process owns its main child; what a process starts beside it has an owner of its own.
type owner interface {
	Reaped(e child.Exit, now time.Time)
}

// ownedChild is a child that runs, or has ended and was not reaped.
type ownedChild struct {
	owner   owner
	process *process.Process // on whose behalf it runs
}

// spawned takes over the main child of a process.
func (l *Loop) spawned(p *process.Process) { l.own(p.PID(), p, p) }

// own has the exit of a child handled by o, and writes the child to the record for the next supervisord.
func (l *Loop) own(pid int, o owner, p *process.Process) {
	l.children[pid] = ownedChild{o, p}
	if l.record == nil {
		return
	}
	if err := l.record.Add(recorded(pid, l.children[pid]), l.running); err != nil {
		l.log.Warnf("children that outlive supervisord may not be found again: %v", err)
	}
}

// running yields all children.
func (l *Loop) running(yield func(orphans.Child) bool) {
	for pid, c := range l.children {
		if !yield(recorded(pid, c)) {
			return
		}
	}
}

// reap takes the exit of every child that has ended, and hands it to the owner.
func (l *Loop) reap(now time.Time) {
	err := child.Reap(func(e child.Exit) { l.reaped(e, now) })
	if err != nil {
		l.log.Critf("waitpid error %v; a process may not be cleaned up properly", err)
	}
}

func (l *Loop) reaped(e child.Exit, now time.Time) {
	c, owned := l.children[e.PID]
	if !owned {
		l.log.Infof("reaped unknown pid %d (%s)", e.PID, process.ExitText(e))
		return
	}
	delete(l.children, e.PID)
	c.owner.Reaped(e, now)
	if r, ok := c.owner.(*helper.Run); ok && r.Draining() {
		l.draining = append(slices.DeleteFunc(l.draining, drained), r)
	}
}

// drained reports whether the last output of a helper has been read.
func drained(r *helper.Run) bool { return !r.Draining() }

// recorded is what the next supervisord has to know of a child.
func recorded(pid int, c ownedChild) orphans.Child {
	p, uid := c.process, os.Geteuid()
	helping, ok := c.owner.(*helper.Run)
	if user := p.Config.Run.User; user != nil && !(ok && helping.Privileged()) {
		uid = user.UID
	}
	if ok { // like those that live with their own children
		return orphans.Child{PID: pid, UID: uid, Group: p.Group, Name: p.Name(), GroupPriority: p.GroupPriority,
			Priority: p.Config.Priority, StopSignal: syscall.SIGTERM, StopAsGroup: true, KillAsGroup: true, StopWait: helperWait}
	}
	return orphans.Child{PID: pid, UID: uid, Group: p.Group, Name: p.Name(), Plan: signalPlan(p.Config),
		GroupPriority: p.GroupPriority, Priority: p.Config.Priority, StopSignal: p.Config.Stop.Signal,
		StopAsGroup: p.Config.Stop.AsGroup, KillAsGroup: p.Config.Stop.KillAsGroup,
		StopWait: time.Duration(p.Config.Stop.WaitSecs) * time.Second}
}

// signalPlan is the stop_sequence of a program, nil if it has none. The hooks and commands of its stop plan are not run for a child
// that outlives supervisord.
func signalPlan(c *config.Process) (plan []orphans.Step) {
	if c.Extra == nil {
		return nil
	}
	wait := max(time.Duration(c.Stop.WaitSecs)*time.Second, 0)
	sequence := c.Extra.StopPlan.Sequence
	for i, s := range sequence.Signals {
		if i > 0 && s.Signal == syscall.SIGKILL {
			break // it follows anyway
		}
		if s.Wait < 0 {
			s.Wait = wait
		}
		plan = append(plan, orphans.Step{Signal: s.Signal, Wait: s.Wait})
	}
	if n := len(plan); n > 0 && sequence.Endless {
		plan[n-1].Wait = -1
	}
	return plan
}

// reserved is how many descriptors no child's pipe may take, so that the daemon can still accept a client.
const reserved = 32

// maxFD is the largest descriptor that a child's pipe may have here, 0 for any.
func maxFD() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return maxFDFor(uint64(limit.Cur)) // int64 on FreeBSD
}

// maxFDFor is maxFD for the given limit. If that is very low, children may have all descriptors.
func maxFDFor(limit uint64) int {
	if limit > 1<<30 || limit < 4*reserved {
		return 0
	}
	return int(limit) - reserved - 1
}
