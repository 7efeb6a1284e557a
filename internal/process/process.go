// Package process is one supervised process: its machine, its child, its pipes and its logs. Everything here belongs to
// the loop of supervisord and is called by it alone, unless a comment says otherwise. It decides nothing about states:
// internal/state does that, and move carries it out.
package process

import (
	"fmt"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/pump"
	"github.com/gosupervisor/supervisor/internal/signame"
	"github.com/gosupervisor/supervisor/internal/state"
)

// Host is what the processes of one life of supervisord share, and how they reach its loop.
type Host struct {
	Log        *logs.Main
	Syslog     *logs.Syslog
	Pump       *pump.Pump
	Start      func(child.Spec) (pid int, err error)
	Environ    []string // of supervisord
	ServerURL  string   // for SUPERVISOR_SERVER_URL; empty: none
	StripANSI  bool
	AutoLogDir string
	Identifier string
	Events     events.Bus
	MaxFD      int // the largest descriptor that a child's pipe may have here; 0: any
	// Spawned is called when a child exists.
	Spawned func(*Process)
	// Changed is called after each change of state or deadline.
	Changed func(*Process)
	// Drained is called from another goroutine when the output of a reaped child has been taken; the loop then calls Gone.
	Drained func(*Process)
}

// Process is one supervised process. Group is the name of the group it is a member of.
type Process struct {
	Config *config.Process
	Group  string
	Index  int // for the owner of the deadlines
	// GroupPriority is the group's own.
	GroupPriority int

	host    *Host
	rules   state.Rules
	user    *child.User // nil: as supervisord
	machine state.Machine
	// What few processes have.
	listener *events.Listener        // an event listener's part in its pool
	judge    *events.ExternalHandler // a result handler's part in its pool
	socket   Socket                  // a FastCGI program's, or a plug-in's
	holds    bool                    // the child, or the start that is going on, uses the socket
	told     map[string]string
	emits    func(captured []byte) // takes what is captured, in place of an event about it; nil: nothing does

	pid    int
	reaped *child.Exit // set between the child's end and the end of its output
	ended  time.Time   // when it was reaped
	stdin  *stdin      // nil: no child, or none that reads
	out    channel
	err    channel

	spawnErr   string
	exitStatus int
	last       syscall.WaitStatus // how the last child ended; it outlives the next start
	start      int64              // seconds since 1970; 0: never
	stop       int64
	stateSince time.Time     // when its state changed last
	changed    chan struct{} // closed at the next change; nil while nobody waits
}

// New makes a process that has never run, and the automatic log files that it needs. User is whom its children become.
func New(cfg *config.Process, group string, user *child.User, host *Host) *Process {
	p := &Process{Config: cfg, Group: group, Index: -1, host: host, rules: rules(cfg.Program), user: user}
	p.out.init(p, api.Stdout, &cfg.Out)
	p.err.init(p, api.Stderr, &cfg.Err)
	return p
}

// Listen makes p the process of a listener. It has not been started yet.
func (p *Process) Listen(l *events.Listener) {
	p.listener = l
}

// Judge makes p the process of a result handler. It has not been started yet.
func (p *Process) Judge(j *events.ExternalHandler) {
	p.judge = j
}

// Socket is a listening socket for children.
type Socket interface {
	Acquire() (fd int, err error) // for one child more
	Release()                     // after its end
}

// Serve gives the children of p a listening socket as their standard input. It has not been started yet.
func (p *Process) Serve(s Socket) { p.socket = s }

// Tell puts variables into the environment of p's children; those of its configuration count more.
func (p *Process) Tell(vars map[string]string) { p.told = vars }

// Emits has f take what the children of p write between the tokens. It has not been started yet, and f is called in the
// pump's goroutine.
func (p *Process) Emits(f func(captured []byte)) { p.emits = f }

func rules(c *config.Program) state.Rules {
	return state.Rules{
		StartSecs:         time.Duration(c.Start.Secs) * time.Second,
		StartRetries:      c.Backoff.Retries,
		ExitCodes:         c.Exit.Codes,
		RestartExpected:   c.Exit.Restart == config.RestartAlways,
		RestartUnexpected: c.Exit.Restart != config.RestartNever,
		StopWait:          time.Duration(c.Stop.WaitSecs) * time.Second,
	}
}

// Name is the process name, without its group.
func (p *Process) Name() string { return p.Config.ProcessName }

// State is the state it is in.
func (p *Process) State() api.State { return p.machine.State }

// PID is the child's process id, 0 when there is none.
func (p *Process) PID() int { return p.pid }

// Wake is when Tick is due, zero for never. While the last output of a reaped child is being taken nothing is due: its
// end decides what comes next.
func (p *Process) Wake() time.Time {
	if p.reaped != nil {
		return time.Time{}
	}
	return p.machine.Wake
}

// NeverStarted is true until the first start was tried.
func (p *Process) NeverStarted() bool { return p.start == 0 }

// Changed closes at the next change of state.
func (p *Process) Changed() <-chan struct{} {
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.changed
}

// StateSince is when its state changed last.
func (p *Process) StateSince() time.Time { return p.stateSince }

// Start starts it on request. It returns false, and changes nothing, in a state that starts from nowhere.
func (p *Process) Start(now time.Time) bool {
	if p.pid != 0 {
		p.host.Log.Warnf("process '%s' already running", p.Name())
		return false
	}
	return p.step(state.Event{Kind: state.Start}, now)
}

// Tick does what is due at Wake.
func (p *Process) Tick(now time.Time) { p.step(state.Event{Kind: state.Tick}, now) }

// Stop stops it on request. Problem is empty, or says why the signal could not be delivered.
func (p *Process) Stop(now time.Time) (problem string) { return p.end(state.Stop, now) }

// Abandon stops it because supervisord ends; a process that waits for its next try is given up.
func (p *Process) Abandon(now time.Time) { p.end(state.Abandon, now) }

// Hurry kills what still runs, because supervisord can wait no longer.
func (p *Process) Hurry(now time.Time) { p.end(state.Hurry, now) }

func (p *Process) end(kind state.Kind, now time.Time) string {
	if p.machine.State == api.Backoff && kind == state.Stop {
		p.host.Log.Debugf("Attempted to kill %s, which is in BACKOFF state.", p.Name())
	}
	p.step(state.Event{Kind: kind}, now)
	if p.machine.State == api.Unknown {
		return p.spawnErr
	}
	return ""
}

// step is the one way by which anything changes: it asks the machine, takes the new state and does what the machine
// wants done, which may be a further event. It returns false if the event was refused.
func (p *Process) step(e state.Event, now time.Time) bool {
	from := p.machine.State
	next, action := p.machine.Next(e, now, p.rules)
	if action == state.Refuse {
		return false
	}
	p.move(next, false)
	switch action {
	case state.Spawn:
		if problem := p.spawn(now); problem != "" {
			p.spawnErr = problem
			p.host.Log.Infof("spawnerr: %s", problem)
			p.releaseSocket()
			p.step(state.Event{Kind: state.SpawnFailed}, now)
		}
	case state.Term:
		p.kill(p.Config.Stop.Signal, p.Config.Stop.AsGroup, now)
	case state.Kill:
		p.host.Log.Warnf("killing '%s' (%d) with SIGKILL", p.Name(), p.pid)
		p.kill(syscall.SIGKILL, p.Config.Stop.KillAsGroup, now)
	}
	if e.Kind == state.Tick {
		switch {
		case from == api.Starting:
			p.host.Log.Infof("success: %s entered RUNNING state, process has stayed up for > than %d seconds (startsecs)",
				p.Name(), p.Config.Start.Secs)
		case next.State == api.Fatal: // by this step, not by one inside it, which has said so
			p.host.Log.Infof("gave up: %s entered FATAL state, too many start retries too quickly", p.Name())
		}
	}
	// What is due at once happens at once: startsecs=0 counts, the last failure gives up.
	if s := p.machine.State; (s == api.Starting || s == api.Backoff) && !p.machine.Wake.After(now) && p.reaped == nil {
		p.step(state.Event{Kind: state.Tick}, now)
	}
	return true
}

// move takes the new state and tells everybody who waits for it. It is the one place where a state changes. Expected
// counts for EXITED only.
func (p *Process) move(next state.Machine, expected bool) {
	from := p.machine.State
	p.machine = next
	p.host.Changed(p)
	if from == next.State {
		return
	}
	p.host.Log.Blatherf("%s is %s", p.Name(), next.State)
	p.stateSince = time.Now()
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
	if p.listener != nil && from == api.Running {
		p.listener.Disable() // before it could be sent the event about its own end
	}
	if p.host.Events.Wants(events.OfState(next.State)) {
		p.host.Events.Emit(events.Move{Process: p.Name(), Group: p.Group, From: from, To: next.State,
			Tries: next.Tries, Expected: expected, PID: p.pid}.Payload())
	}
	if p.listener != nil && next.State == api.Running && p.stdin != nil { // nil: it was up long enough, and is gone already
		p.listener.Enable(p.stdin)
	}
}

// releaseSocket gives the socket back if it was in use.
func (p *Process) releaseSocket() {
	if p.holds {
		p.holds = false
		p.socket.Release()
	}
}

// kill sends a signal that is meant to end the child. A child that has just gone by itself needs none.
func (p *Process) kill(sig syscall.Signal, group bool, now time.Time) {
	what := ""
	if group {
		what = "process group "
	}
	p.host.Log.Debugf("killing %s (pid %d) %swith signal %s", p.Name(), p.pid, what, signame.Name(sig))
	p.deliver(sig, group, now, "unable to signal %s (pid %d), it probably just exited on its own: %v",
		"unknown problem killing %s (%d):%v")
}

// Signal sends sig to the child alone and changes no state. Problem is empty, or says why it could not be delivered.
func (p *Process) Signal(sig syscall.Signal, now time.Time) (problem string) {
	p.host.Log.Debugf("sending %s (pid %d) sig %s", p.Name(), p.pid, signame.Name(sig))
	return p.deliver(sig, false, now, "unable to signal %s (pid %d), it probably just now exited on its own: %v",
		"unknown problem sending sig %s (%d):%v")
}

func (p *Process) deliver(sig syscall.Signal, group bool, now time.Time, gone, lost string) (problem string) {
	err := error(syscall.ESRCH)
	if p.pid != 0 && p.reaped == nil {
		err = child.Signal(p.pid, sig, group)
	}
	switch err {
	case nil:
		return ""
	case syscall.ESRCH:
		p.host.Log.Debugf(gone, p.Name(), p.pid, err)
		return ""
	}
	problem = fmt.Sprintf(lost, p.Name(), p.pid, err)
	p.host.Log.Critf("%s", problem)
	p.spawnErr = problem
	p.step(state.Event{Kind: state.SignalLost}, now)
	return problem
}

// SpawnErr is why the last start failed or how the last run ended badly, empty if neither. Source: getProcessInfo,
// "spawnerr".
func (p *Process) SpawnErr() string { return p.spawnErr }
