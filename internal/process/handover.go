package process

import (
	"slices"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/child/step"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/state"
)

// State is a process as data, without its configuration.
type State struct {
	Machine    state.MachineState `json:"machine"`
	PID        int                `json:"pid,omitempty"`
	User       *step.User         `json:"user,omitempty"`
	UsesSocket bool               `json:"uses_socket,omitempty"`
	Stdin      *StdinState        `json:"stdin,omitempty"`
	Out        ChannelState       `json:"out,omitzero"`
	Err        ChannelState       `json:"err,omitzero"`
	SpawnErr   string             `json:"spawn_error,omitempty"`
	ExitStatus int                `json:"exit_status,omitempty"`
	LastExit   uint32             `json:"last_exit,omitempty"` // as wait4 returned it
	Started    int64              `json:"started,omitempty"`   // seconds since 1970
	Stopped    int64              `json:"stopped,omitempty"`
	Since      handover.Time      `json:"since,omitzero"` // of the state
	Extra      *ExtraState        `json:"extra,omitempty"`
	Past       *pastState         `json:"past,omitempty"`
}

// Export returns the state of the process. Everything that it shares is frozen, and no exit is being finished.
func (p *Process) Export(w *handover.Writer, now time.Time) State {
	s := State{
		Machine: p.machine.Export(), PID: p.pid, User: p.user, UsesSocket: p.holds,
		Stdin: p.stdin.Export(w, "stdin of "+p.fullName()), Out: p.out.Export(w), Err: p.err.Export(w),
		SpawnErr: p.spawnErr, ExitStatus: p.exitStatus, LastExit: uint32(p.last), Started: p.start, Stopped: p.stop,
		Since: handover.Time{Time: p.stateSince}, Past: p.exportPast(),
	}
	if p.extra != nil {
		s.Extra = p.exportExtra(w, now)
	}
	return s
}

// Import makes a process of its state. Begin goes on with it.
func Import(r *handover.Reader, s State, cfg *config.Process, group *config.Group, role Role, shared *Shared) *Process {
	shared.keepAutoLog(&cfg.Out, s.Out.Path)
	shared.keepAutoLog(&cfg.Err, s.Err.Path)
	p := New(cfg, group, s.User, role, shared)
	p.restore(r, s)
	return p
}

func (p *Process) restore(r *handover.Reader, s State) {
	p.machine, p.pid, p.user, p.holds = state.ImportMachine(s.Machine), s.PID, s.User, s.UsesSocket
	p.spawnErr, p.exitStatus, p.last = s.SpawnErr, s.ExitStatus, syscall.WaitStatus(s.LastExit)
	p.start, p.stop, p.stateSince = s.Started, s.Stopped, s.Since.Time
	restarts := 0
	if s.Extra != nil {
		p.importExtra(r, s.Extra)
		restarts = s.Extra.Restarts
	}
	p.importPast(s.Past, restarts)
	p.stdin = ImportStdin(r, s.Stdin, "stdin of "+p.fullName())
	p.out.Import(r, s.Out)
	p.err.Import(r, s.Err)
}

// Begin goes on with an imported process: its exit is waited for, and its deadlines count.
func (p *Process) Begin() {
	p.stdin.Begin()
	if p.pid != 0 && !p.lingering() {
		p.shared.Spawned(p)
	}
	p.shared.Schedule(p)
	if p.extra != nil {
		p.beginExtra()
	}
}

// Knows reports whether the process waits for a helper, or knows what it is for.
func (p *Process) Knows(r *helper.Run) bool {
	x := p.extra
	return x != nil && (x.hooks.runs != nil && slices.Contains(x.hooks.runs.last[:], r) || x.checks.Knows(r))
}

// Forgotten is what a helper was started with whose end nothing waits for.
func Forgotten(s *helper.RunState) helper.Spec {
	return helper.Spec{Label: s.Label, Timeout: s.Timeout, Command: config.HelperCommand{Privileged: s.Privileged, MayFail: s.MayFail}, Check: s.Check}
}

// Listener is its part in its pool, nil if it is no event listener.
func (p *Process) Listener() *events.Listener { return p.role.Listener }

// Socket is what its children get as standard input, nil for a pipe.
func (p *Process) Socket() Socket { return p.role.Socket }

// Draining reports whether its child has been reaped, and the last output is being read.
func (p *Process) Draining() bool { return p.reaped != nil }

func (p *Process) fullName() string { return p.Group + ":" + p.Name() }
