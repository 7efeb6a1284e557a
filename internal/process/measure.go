package process

import (
	"maps"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/check"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/proc"
)

// Measures are what is measured of a process.
type Measures struct {
	State    api.State
	Child    proc.Child // without a pid if there is none, or it has ended
	Start    int64      // of the child, in seconds since 1970; 0: there is none
	HasExit  bool       // a child has ended; ExitCode is the status of the last one, -1 if a signal has ended it
	ExitCode int
	Failures int          // failed starts in a row
	Health   check.Health // of a process with checks or a watchdog
	Counts   history.Counts
	Recycled map[api.Why]uint32 // a copy; nil: never

	logs [len(api.Channels)]logs.FileTarget // by channel
}

// Output returns what has been counted of a channel. It may wait for the disk to which its log is being written, so the loop must not call it.
func (m *Measures) Output(channel api.Channel) history.Output {
	return alone(m.logs[channel].Counted())
}

// alone leaves out what else is known of a log, such as its size.
func alone(counted history.Output, _ ...int64) history.Output { return counted }

// Measures returns what is measured of the process.
func (p *Process) Measures() Measures {
	m := Measures{State: p.machine.State, Failures: p.machine.Tries,
		Counts: p.Counts(), logs: p.LogTargets()}
	if p.pid != 0 && p.reaped == nil {
		m.Child, m.Start = proc.Child{PID: p.pid, Since: p.StartedAt()}, p.start
	}
	if e := p.Exit(); !e.At.IsZero() {
		m.HasExit, m.ExitCode = true, e.Status
		if e.Signal != 0 {
			m.ExitCode = -1
		}
	}
	if p.extra != nil {
		m.Recycled = maps.Clone(p.extra.recycled)
	}
	if p.Checked() {
		m.Health = p.combinedHealth()
	}
	return m
}
