package supervisor

import (
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/statefile"
)

// Kept is what operators have changed, also for later runs. Any goroutine may use it.
func (s *Supervisor) Kept() *statefile.File { return s.loop.options.Kept }

// Disabled reports whether operators have disabled the process of a name, which need not exist.
func (v View) Disabled(group, name string) bool {
	disabled := v.l.options.Kept.Data().Disabled
	return len(disabled) > 0 && disabled[api.Namespec(group, name)]
}

// applyDisabled makes a new process disabled if its name is.
func (l *Loop) applyDisabled(p *process.Process) {
	if !l.Disabled(p.Group, p.Name()) {
		return
	}
	p.SetDisabled(true)
	if l.depends != nil {
		l.depends.cancelled[p] = true
	}
}

// UpdateDisabled makes the process of a name disabled, or enabled, if what is kept says so. Of one that becomes disabled, an automatic
// start that waits does not come; what runs, or tries to, goes on.
func (l *Loop) UpdateDisabled(group, name string, now time.Time) {
	p := l.Find(group, name)
	if p == nil || p.Disabled() == l.Disabled(group, name) {
		return
	}
	p.SetDisabled(!p.Disabled())
	if !p.Disabled() || !p.State().IsStopped() {
		return
	}
	if l.depends != nil && p.Begun().IsZero() {
		l.depends.cancelled[p] = true
	}
	if g := p.Gate(); g.Held {
		p.SetGate(process.Gate{Shut: g.Shut})
	}
	p.CancelStart(now)
	if slices.Contains(l.pending, p) {
		l.pending = slices.DeleteFunc(l.pending, func(x *process.Process) bool { return x == p })
		l.settledIfNone()
	}
}

// settledIfNone notes the end of the first starts.
func (l *Loop) settledIfNone() {
	if len(l.pending) > 0 {
		return
	}
	l.pending = nil
	if l.options.Settled != nil {
		l.options.Settled()
	}
}

// StartsProcesses reports whether a process waits for its first start. It is to be called before Run.
func (s *Supervisor) StartsProcesses() bool { return len(s.loop.pending) > 0 }
