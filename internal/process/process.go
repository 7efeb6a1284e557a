// Package process is one supervised process: its state machine, its child, its pipes and its logs. Only the loop of
// supervisord calls it, unless a comment says otherwise. It decides nothing about states: internal/state does, and apply
// carries out what it says.
package process

import (
	"fmt"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/cgroup"
	"github.com/gosupervisor/supervisor/internal/check"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/child/step"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/output"
	"github.com/gosupervisor/supervisor/internal/proc"
	"github.com/gosupervisor/supervisor/internal/pump"
	"github.com/gosupervisor/supervisor/internal/signame"
	"github.com/gosupervisor/supervisor/internal/state"
	"github.com/gosupervisor/supervisor/internal/timers"
)

// Shared is what the processes of one run of the loop share, and how they reach it.
type Shared struct {
	Log        *logs.Main
	Syslog     *logs.Syslog
	Pump       *pump.Pump
	Start      func(child.Spec) (pid int, err error)
	Signal     func(pid int, sig syscall.Signal, group bool) error
	Environ    []string // of supervisord
	ServerURL  string   // for SUPERVISOR_SERVER_URL; empty: none
	StripANSI  bool
	MakeDirs   bool // of logs
	AutoLogDir string
	AutoLogs   map[*config.Channel]string // paths of automatic logs for processes that are made again; nil: none
	Identifier string
	Events     events.Bus
	History    *history.Ring // gets an entry for each change of a state; nil: none is kept
	MaxFD      int           // the largest descriptor that a child's pipe may have here; 0: any
	// ShuttingDown is true once a shutdown or restart has begun. Nothing is started any more.
	ShuttingDown bool
	// EndWith has supervisord shut down with an exit status. It returns false if a shutdown has begun before. Nil: false.
	EndWith func(status int) bool
	// OutOfTime is true once shutdown_timeout is over. No hook is started any more.
	OutOfTime bool
	// Spawned is called when a child exists.
	Spawned func(*Process)
	// Changed is called after each change of state or deadline.
	Changed func(*Process)
	// Notified is called from any goroutine when the child has sent notifications; the loop then calls Notified. It must not
	// block.
	Notified func(*Process)
	// Relisten calls SetSockets again, because the process, which has no child, has another configuration.
	Relisten func(*Process)
	// Recycle stops a process and starts it again, StopFor stops it. What depends on it may be stopped before.
	Recycle, StopFor func(p *Process, reason api.Reason, now time.Time)
	// StartFor starts a process for a reason of supervisord's own, unless it waits for dependencies.
	StartFor func(p *Process, reason api.Reason, now time.Time)
	// WatchFiles begins to watch the files of a process, or goes on with others.
	WatchFiles func(p *Process)
	// Adopt has the exit of another process passed to Reaped, as that of the child. Problem is empty, or why that is impossible.
	Adopt func(p *Process, pid int) (problem string)
	// Schedule takes over the deadline of an item.
	Schedule func(timers.Item)
	// Drained is called from another goroutine when the output of a reaped child has been read; the loop then calls
	// FinishExit.
	Drained func(*Process)
	// Helpers is what the helpers of processes need.
	Helpers helper.Host
	Checks  *check.Host
	// Cgroups returns the cgroups of supervisord. Nil: there are none.
	Cgroups func() *cgroup.Tree
	// Scheduled is called when the timetables of a process are others than before.
	Scheduled func(*Process)
	// Measure is proc.Memory.
	Measure func([]proc.Target) (map[int]int64, error)
	Looks   *Looks // at the memory of processes; nil: none has been needed
	// Own has the exit of a helper passed to it.
	Own func(pid int, r *helper.Run, p *Process)

	lastExtra   *config.Extra // of the last process that was made
	lastProgram *config.Program
	lastMore    *state.More // its rules
}

// Role is what distinguishes the process of an event listener, a FastCGI program or a plug-in from that of an ordinary
// program. The zero value is an ordinary program.
type Role struct {
	Listener *events.Listener        // its part in its pool; its standard output is the protocol of listeners
	Handler  *events.ExternalHandler // as the result handler of a pool; its standard output is the protocol of handlers
	Socket   Socket                  // the children's standard input
	ExtraEnv map[string]string       // variables of the children; those of the configuration win
	Captured func(captured []byte)   // takes captured output in place of an event about it; called in the pump's goroutine
}

// Socket is a listening socket for children.
type Socket interface {
	Acquire() (fd int, err error) // for one child more
	Release()                     // after its end
}

// Process is one supervised process. Group is the name of the group it is a member of.
type Process struct {
	timers.Slot
	Config *config.Process
	Group  string
	// GroupPriority is the group's own.
	GroupPriority int

	shared  *Shared
	rules   state.Rules
	user    *step.User // nil: as supervisord
	role    Role
	machine state.Machine
	holds   bool // the child, or the start that is going on, uses the socket

	pid    int
	reaped *child.Exit // set between the child's end and the end of its output
	ended  time.Time   // when the last child was reaped
	stdin  *stdin      // nil: no child, or none that reads
	out    channel
	err    channel

	spawnErr   string
	exitStatus int
	last       syscall.WaitStatus // how the last child ended; it outlives the next start
	start      int64              // seconds since 1970; 0: never
	stop       int64
	stateSince time.Time     // when its state changed last
	changed    chan struct{} // closed at the next change; nil while nothing waits for it
	past       past
	extra      *extra // nil: the program has no key of config.Extra and no limits, and nothing holds the process back
}

// New makes a process that has never run, and the automatic log files that it needs. User is whom its children become, nil
// for the user of supervisord.
func New(cfg *config.Process, group *config.Group, user *step.User, role Role, shared *Shared) *Process {
	p := &Process{Config: cfg, Group: group.Name, GroupPriority: group.Priority, shared: shared, rules: shared.rules(cfg),
		user: user, role: role, extra: newExtra(cfg)}
	if p.extra != nil {
		p.extra.notify = newNotify(p)
		p.extra.timing, p.extra.aging, p.extra.memory = newTiming(cfg, time.Now()), newAging(p), newMemory(cfg)
	}
	if cfg.Extra != nil {
		p.extra.cgroup = newCgrouped(p)
		p.extra.checks = check.New(shared.Checks, (*checked)(p), cfg.Extra.Checks)
		p.extra.files = newFiles(cfg)
	}
	p.out.init(p, api.Stdout, &cfg.Out)
	p.err.init(p, api.Stderr, &cfg.Err)
	return p
}

// keepAutoLog has the next process of a channel's configuration use an automatic log.
func (s *Shared) keepAutoLog(c *config.Channel, path string) {
	if c.Log.Kind != config.LogAuto || path == "" {
		return
	}
	if s.AutoLogs == nil {
		s.AutoLogs = map[*config.Channel]string{}
	}
	s.AutoLogs[c] = path
}

// KeepAutoLogs has the next process of the same configuration use the automatic logs of this one. Source:
// supervisor.options.create_autochildlogs.
func (p *Process) KeepAutoLogs() {
	for _, c := range []*channel{&p.out, &p.err} {
		p.shared.keepAutoLog(c.config, c.path)
	}
}

// SetUser sets whom the next children become, nil for the user of supervisord.
func (p *Process) SetUser(user *step.User) { p.user = user }

func (s *Shared) rules(c *config.Process) state.Rules {
	return state.Rules{
		StartSecs:         time.Duration(c.Start.Secs) * time.Second,
		StartRetries:      c.Backoff.Retries,
		ExitCodes:         c.Exit.Codes,
		RestartExpected:   c.Exit.Restart == config.RestartAlways,
		RestartUnexpected: c.Exit.Restart != config.RestartNever,
		StopWait:          time.Duration(c.Stop.WaitSecs) * time.Second,
		More:              s.moreRules(c),
	}
}

// Name is the process name, without its group.
func (p *Process) Name() string { return p.Config.ProcessName }

// State is the state it is in.
func (p *Process) State() api.State { return p.machine.State }

// PID is the child's process id, 0 when there is none.
func (p *Process) PID() int { return p.pid }

// Wake is when Tick is due, zero for never. While the last output of a reaped child is being read nothing is due: its exit
// decides what comes next.
func (p *Process) Wake() time.Time {
	if p.reaped != nil || p.HeldBack() && p.machine.Restarts(p.rules) {
		return time.Time{}
	}
	return p.machine.Wake
}

// Changed closes at the next change of state.
func (p *Process) Changed() <-chan struct{} {
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.changed
}

// StateSince is when its state changed last.
func (p *Process) StateSince() time.Time { return p.stateSince }

// NoteChange notes that something has changed that clients see.
func (p *Process) NoteChange() {
	if p.extra != nil { // others have nothing but their state
		p.extra.changed = time.Now()
	}
}

// ChangedAt is when something changed last that clients see.
func (p *Process) ChangedAt() time.Time {
	if p.extra != nil && p.extra.changed.After(p.stateSince) {
		return p.extra.changed
	}
	return p.stateSince
}

// Start starts it on request. It returns false, and changes nothing, if the state does not allow a start.
func (p *Process) Start(now time.Time) bool {
	p.unqueueStart()
	p.watchFilesAgain()
	if p.StartAgain(now) {
		return true
	}
	if p.machine.State == api.Stopping {
		p.Log().Warnf("process '%s' already running", p.Name())
	}
	return false
}

// StartAgain starts it for a reason of supervisord's own, in states in which Start does.
func (p *Process) StartAgain(now time.Time) bool {
	return p.handle(state.Event{Kind: state.Start}, now)
}

// AutoStart starts it without a request, unless it has been started before.
func (p *Process) AutoStart(now time.Time) { p.handle(state.Event{Kind: state.AutoStart}, now) }

// Tick does what is due at Wake.
func (p *Process) Tick(now time.Time) { p.handle(state.Event{Kind: state.Tick}, now) }

// Stop stops it, on request or because supervisord shuts down. Problem is empty, or says why the signal could not be
// delivered.
func (p *Process) Stop(now time.Time) (problem string) {
	p.unqueueStart()
	if g := p.Gate(); g.Held {
		p.SetGate(Gate{Shut: g.Shut})
	}
	if p.machine.State == api.Backoff && !p.shared.ShuttingDown {
		p.Log().Debugf("Attempted to kill %s, which is in BACKOFF state.", p.Name())
	}
	if p.handle(state.Event{Kind: state.Stop}, now) && p.machine.State == api.Stopping {
		p.because(p.stopReason())
	}
	if p.machine.State == api.Unknown {
		return p.spawnErr
	}
	return ""
}

// KillNow kills what still runs, because shutdown_timeout is over.
func (p *Process) KillNow(now time.Time) {
	p.handle(state.Event{Kind: state.KillNow}, now)
	p.cgroup().kill(now)
}

// handle applies an event, and then what is due at once: startsecs=0 counts, the last failure gives up. It returns false
// if the event was refused.
func (p *Process) handle(e state.Event, now time.Time) bool {
	if !p.apply(e, now, now) {
		return false
	}
	p.settle(now)
	return true
}

// settle does what is due at once.
func (p *Process) settle(now time.Time) {
	p.catchUp(now)
	for p.dueAtOnce(now) {
		p.apply(state.Event{Kind: state.Tick}, now, now)
	}
}

func (p *Process) dueAtOnce(now time.Time) bool {
	s, at := p.machine.State, p.Wake()
	return (s == api.Starting || s == api.Backoff) && !at.IsZero() && !at.After(now)
}

// apply asks the state machine about an event that happened at a time up to now, and does what it says, which may be a
// further event. It returns false if the event was refused; then nothing has changed.
func (p *Process) apply(e state.Event, at, now time.Time) bool {
	rules := p.currentRules()
	before := p.machine
	from := before.State
	next, action := p.machine.Next(withChance(e, rules), at, rules)
	if action == state.Refuse {
		return false
	}
	if from != next.State && next.State == api.Starting {
		p.past.starting(e.Kind == state.Tick)
	}
	if next.Phase == state.Late && p.machine.Phase != state.Late {
		p.late()
	}
	p.move(next, e.Kind == state.Exit, e.Kind == state.Exit && rules.Expected(e.Code), now)
	if e.Kind == state.Ready && next.State == api.Running {
		p.succeeded()
	}
	if e.Kind == state.Tick {
		switch next.State {
		case api.Running:
			p.succeeded()
		case api.Fatal:
			p.gaveUp(from)
		}
	}
	if next.State == api.Fatal {
		p.exitOnFatal(e.Kind)
	}
	if next.State == api.Running && from != api.Running && e.Kind != state.Exit {
		p.postStart(now)
	}
	switch action {
	case state.Spawn:
		p.catchUp(now)
		if problem, failed := p.spawn(now); problem != "" {
			p.spawnErr = problem
			p.marked(output.Event{Name: markSpawnErr}).Infof("spawnerr: %s", problem)
			p.releaseSockets()
			p.noChild()
			p.apply(state.Event{Kind: failed}, now, now)
			p.runEnded(nil, now)
			p.leaveCgroup(now)
		}
	case state.Prepare:
		p.catchUp(now)
		p.prepare(now)
	case state.Term:
		if next.Phase == state.Preparing {
			p.stopPreparing(false, now)
			break
		}
		p.kill(p.stopSignal(), p.Config.Stop.AsGroup, now)
	case state.TakeStep:
		p.takeStep(now)
	case state.Kill:
		if next.Phase == state.Preparing {
			p.stopPreparing(true, now)
			break
		}
		p.lastStep(before.Step == next.Step && before.State == next.State && e.Kind == state.Tick, now)
	case state.Repeat:
		p.apply(e, at, now)
	}
	if p.extra != nil {
		p.watchHealth(now)
		p.watchBounds(now)
	}
	return true
}

// move takes the next state of the machine, wakes what waits for it and emits the event. It is the one place where a state
// changes. Exit says that the child has ended; expected counts for EXITED only.
func (p *Process) move(next state.Machine, exit, expected bool, now time.Time) {
	from := p.machine.State
	p.machine = next
	if p.extra != nil && from != next.State {
		p.extra.setGate(Gate{Shut: p.Gate().Shut})
		p.extra.asked = p.extra.asked && p.StartComes()
	}
	p.shared.Changed(p)
	if from == next.State {
		return
	}
	p.Log().Blatherf("%s is %s", p.Name(), next.State)
	p.stateSince = now
	p.record(from, exit, expected, now)
	p.wakeWaiters()
	listener := p.role.Listener
	if listener != nil && from == api.Running {
		listener.Disable() // before it could be sent the event about its own end
	}
	if p.shared.Events.Wants(events.OfState(next.State)) {
		p.shared.Events.Emit(events.Move{Process: p.Name(), Group: p.Group, From: from, To: next.State,
			Tries: next.Tries, Expected: expected, PID: p.pid}.Payload())
	}
	if n := p.notify(); n != nil {
		n.arm(now)
		n.leftRunning()
	}
	if listener != nil && next.State == api.Running && p.stdin != nil { // nil: its child has been reaped already
		listener.Enable(p.stdin)
	}
}

// wakeWaiters wakes what waits for a change.
func (p *Process) wakeWaiters() {
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// releaseSockets gives back the sockets that were in use.
func (p *Process) releaseSockets() {
	if l := p.listening(); l != nil {
		l.release()
	}
	if p.holds {
		p.holds = false
		p.role.Socket.Release()
	}
}

// kill sends a signal that is meant to end the child. A child that has just gone by itself needs none.
func (p *Process) kill(sig syscall.Signal, group bool, now time.Time) {
	what := ""
	if c := p.cgroup(); group && c != nil && c.kills && c.used {
		what = "cgroup "
	} else if group {
		what = "process group "
	}
	p.Log().Debugf("killing %s (pid %d) %swith signal %s", p.Name(), p.pid, what, signame.Name(sig))
	p.deliver(sig, group, now, "unable to signal %s (pid %d), it probably just exited on its own: %v",
		"unknown problem killing %s (%d):%v")
}

// Signal sends sig to the child alone and changes no state. Problem is empty, or says why it could not be delivered.
func (p *Process) Signal(sig syscall.Signal, now time.Time) (problem string) {
	p.Log().Debugf("sending %s (pid %d) sig %s", p.Name(), p.pid, signame.Name(sig))
	return p.deliver(sig, false, now, "unable to signal %s (pid %d), it probably just now exited on its own: %v",
		"unknown problem sending sig %s (%d):%v")
}

func (p *Process) deliver(sig syscall.Signal, group bool, now time.Time, gone, lost string) (problem string) {
	err := error(syscall.ESRCH)
	if p.pid != 0 && p.reaped == nil {
		err = p.signal(sig, group)
	}
	switch err {
	case nil:
		return ""
	case syscall.ESRCH:
		p.Log().Debugf(gone, p.Name(), p.pid, err)
		return ""
	}
	problem = fmt.Sprintf(lost, p.Name(), p.pid, err)
	p.Log().Critf("%s", problem)
	p.spawnErr = problem
	p.apply(state.Event{Kind: state.SignalFailed}, now, now)
	return problem
}

// SpawnErr is why the last start failed or how the last run ended badly, empty if neither. Source: getProcessInfo.
func (p *Process) SpawnErr() string { return p.spawnErr }
