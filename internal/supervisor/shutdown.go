package supervisor

import (
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
)

// shutdown is what the loop knows of a shutdown or restart that has begun.
type shutdown struct {
	remaining []*Group // not yet stopped, in the order in which they start
	stopping  *Group   // of these the one whose processes have been asked to stop; nil: none
	report    deadline // when to log next what is waited for
	kill      deadline // when shutdown_timeout is over
}

// reportInterval is the least time between two lines about what a shutdown waits for.
const reportInterval = 3 * time.Second

// stopGroups goes on with the shutdown: one group at a time, the last one first; the next is stopped when this one is down.
// It returns true when all have stopped.
func (l *Loop) stopGroups(now time.Time) (over bool) {
	if l.shutdown == nil {
		l.beginShutdown(now)
	}
	s := l.shutdown
	for {
		last := len(s.remaining) - 1
		if last < 0 {
			if l.helpersEnded(now) && len(l.cgroupsLeft()) == 0 {
				return true
			}
			l.scheduleReport(now)
			return false
		}
		g := s.remaining[last]
		if l.depends != nil {
			l.depends.stopGroup(g, now)
		} else if s.stopping != g {
			s.stopping = g
			for _, p := range slices.Backward(g.Processes) {
				p.Stop(now)
			}
		}
		if !g.Stopped() {
			l.scheduleReport(now)
			return false
		}
		s.remaining = s.remaining[:last]
	}
}

func (l *Loop) beginShutdown(now time.Time) {
	s := &shutdown{}
	s.remaining = groupOrder.Sort(l.groups)
	s.report.run, s.kill.run = l.reportWaiting, l.killAll
	l.shutdown = s
	l.shared.ShuttingDown = true
	if l.depends != nil {
		l.depends.end()
	}
	if l.schedules != nil {
		l.schedules.end()
	}
	l.pending, l.recycles = nil, nil
	l.endFiles()
	if wait := l.options.Config.Supervisord.ShutdownTimeout; wait > 0 {
		l.schedule(&s.kill, now.Add(time.Duration(wait)*time.Second))
	}
	l.recordState(api.DaemonRunning, l.state())
	l.shared.Events.Emit(api.SupervisorStateChangeStopping, "")
	if l.options.Leaving != nil {
		l.options.Leaving(l.state() == api.DaemonRestarting)
	}
}

// scheduleReport logs what the shutdown waits for, unless that has been done.
func (l *Loop) scheduleReport(now time.Time) {
	if l.shutdown.report.at.IsZero() {
		l.reportWaiting(now)
	}
}

// reportWaiting logs which processes the shutdown waits for, and schedules the next line.
func (l *Loop) reportWaiting(now time.Time) {
	l.schedule(&l.shutdown.report, now.Add(reportInterval))
	l.log.Infof("waiting for %s to die", l.unstopped())
}

// unstopped names the processes that have not stopped, and the helpers that have not ended.
func (l *Loop) unstopped() string {
	var names []string
	for _, g := range l.groups {
		for _, p := range g.Processes {
			if !p.State().IsStopped() {
				names = append(names, p.Name())
			}
		}
	}
	return strings.Join(slices.Concat(names, l.helperNames(), l.cgroupsLeft()), ", ")
}

// killAll kills what still runs when shutdown_timeout is over. It is done once: a process that survives SIGKILL gets it
// again by itself.
func (l *Loop) killAll(now time.Time) {
	l.schedule(&l.shutdown.kill, time.Time{})
	l.log.Warnf("shutdown_timeout is over, killing %s", l.unstopped())
	for _, g := range l.groups {
		for _, p := range g.Processes {
			p.KillNow(now)
		}
	}
	l.shared.OutOfTime = true
	l.killHelpers(now)
}
