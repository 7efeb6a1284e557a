package process

import (
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/check"
	"github.com/gosupervisor/supervisor/internal/proc"
)

// Measures are what is measured of a process.
type Measures struct {
	State    api.State
	Child    proc.Child // without a pid if there is none, or it has ended
	Start    int64      // of the child, in seconds since 1970; 0: there is none
	HasExit  bool       // a child has ended, whose exit status is ExitCode
	ExitCode int
	Failures int          // failed starts in a row
	Health   check.Health // of a process with checks or a watchdog
}

// Measures returns what is measured of the process.
func (p *Process) Measures() Measures {
	m := Measures{State: p.machine.State, HasExit: p.stop != 0, ExitCode: p.exitStatus, Failures: p.machine.Tries}
	if p.pid != 0 && p.reaped == nil {
		m.Child, m.Start = proc.Child{PID: p.pid, Since: p.machine.Since}, p.start
	}
	if p.Checked() {
		m.Health = p.combinedHealth()
	}
	return m
}
