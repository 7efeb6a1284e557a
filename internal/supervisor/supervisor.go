// Package supervisor owns all state of the daemon: groups, processes, deadlines and the map from pid to child. One goroutine,
// the loop, changes it; it never waits for a child, a client or a log. A Supervisor is the handle that any goroutine may
// hold. Do and Read run a function in the loop and hand it the type that has the methods of the loop, so that a call from
// elsewhere does not compile. A reload is not a state of the loop: Run returns the next configuration and main makes a new
// Supervisor from it.
package supervisor

import (
	"cmp"
	"context"
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/audit"
	"github.com/gosupervisor/supervisor/internal/cgroup"
	"github.com/gosupervisor/supervisor/internal/check"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/orphans"
	"github.com/gosupervisor/supervisor/internal/plugin"
	"github.com/gosupervisor/supervisor/internal/proc"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/pump"
	"github.com/gosupervisor/supervisor/internal/socket"
	"github.com/gosupervisor/supervisor/internal/statefile"
)

// ErrDown is what Do and Read return when the loop has ended.
var ErrDown = errors.New("supervisord has shut down")

// Options is what a Supervisor is made from.
type Options struct {
	Config  *config.Config
	Log     *logs.Main
	Audit   *audit.Log       // nil: nothing is recorded
	Signals <-chan os.Signal // all but SIGCHLD
	Chld    <-chan os.Signal // SIGCHLD; capacity 1 is enough
	// Read is the last reading of the configuration, if that is not Config.
	Read *config.Config
	// InUse are the values of processes that have others from their next start, by their full names. Only Import looks at it.
	InUse map[string]*config.Process
	// ReadConfig reads the configuration again, for a reread or a restart, with numbers of processes. Any goroutine may call it.
	ReadConfig func(*config.Scaling) (*config.Config, error)
	// ShowConfig reads it again and returns its sections too, as config.LoadShown. Any goroutine may call it.
	ShowConfig func(*config.Scaling) (*config.Config, []api.ConfigSection, error)
	// Prepare, if not nil, opens what a restart with this configuration needs; after an error there is none. Any goroutine may
	// call it.
	Prepare func(*config.Config) error
	// Sockets has the sockets of [socket:x] sections. It outlives a restart. Nil: none are kept.
	Sockets *socket.Set
	// Restarted says that programs were stopped for this run: a FastCGI socket that cannot be opened then fails only the starts
	// of its own programs.
	Restarted bool
	// Settled, if not nil, is called when everything that starts by itself has been started for the first time.
	Settled func()
	// Leaving, if not nil, is called in the loop when a shutdown or restart begins, and must not wait.
	Leaving func(restart bool)
	// Reopened, if not nil, is called in the loop when the logs have been opened again for SIGUSR2, and must not wait.
	Reopened func()
	// Start starts a child.
	Start func(child.Spec) (int, error)
	// Signal signals a child, or its process group. Nil: child.Signal.
	Signal func(pid int, sig syscall.Signal, group bool) error
	// Upgrade executes another supervisord in place of this one. An error is a fault. Nil: it cannot.
	Upgrade func(ctx context.Context, dryRun bool) (api.Upgrade, error)
	// Environ is the environment that children inherit.
	Environ []string
	// EnvironOf is what children inherit after a new reading. It is called if the variables of files have changed.
	EnvironOf func(*config.Config) []string
	// Launcher is the process that has started this one, to have it in the background, and waits for it; 0: none.
	Launcher int
	// Cgroups are those of the system. Nil: those of the kernel.
	Cgroups cgroup.System
	// ListenerEnv has variables that only event listeners inherit.
	ListenerEnv map[string]string
	// Serial numbers events; it outlives a restart. Nil: a new one.
	Serial *events.Serial
	// History gets an entry for each change of a state; it outlives a restart. Nil: a new one that keeps none.
	History *history.Ring
	// Taken, if not nil, is called in the loop with each new reading of the configuration. It does not wait.
	Taken func(*config.Config)
	// Kept is what operators have changed; it outlives a restart. Nil: a new one without a file.
	Kept *statefile.File
}

// Supervisor is the handle of one run of the loop, from reading the configuration to a shutdown or restart. Any goroutine
// may call its methods.
type Supervisor struct {
	log        *logs.Main
	audit      *audit.Log
	identifier string
	readConfig func(*config.Scaling) (*config.Config, error)
	prepare    func(*config.Config) error

	calls   chan call
	down    chan struct{}           // closed when the loop has ended
	version atomic.Uint64           // grows before anything changes
	state   atomic.Int32            // an api.DaemonState
	plugins atomic.Pointer[plugins] // of the active groups
	usage   proc.Reader             // reads what processes use

	loop *Loop // for Run
}

type call struct {
	change func(*Loop)
	read   func(View)
	done   chan error // capacity 1; gets the failure of the function, or nil
}

// New makes a Supervisor with all groups of the configuration; their processes start when Run is called.
func New(o Options) (*Supervisor, error) {
	m, err := pump.New()
	if err != nil {
		return nil, err
	}
	s := newSupervisor(o, m, &logs.Syslog{Report: func(text string) { o.Log.Warnf("%s", text) }})
	l := s.loop
	l.ticks.Start(time.Now())
	for _, text := range config.SharedLogs(o.Config.Supervisord.Logfile, &o.Config.Supervisord.Audit, o.Config.Groups, 0) {
		l.log.Warnf("%s", text)
	}
	for _, g := range o.Config.Groups {
		if err := l.AddGroup(PrepareGroup(g)); err != nil {
			l.endFiles()
			l.removeSockets()
			m.Close()
			return nil, err
		}
	}
	l.options.Sockets.Settle(l.log)
	l.initialized = true
	return s, nil
}

// newSupervisor makes a Supervisor without groups.
func newSupervisor(o Options, m *pump.Pump, syslog *logs.Syslog) *Supervisor {
	s := &Supervisor{
		log: o.Log, audit: o.Audit, identifier: o.Config.Supervisord.Identifier, readConfig: o.ReadConfig, prepare: o.Prepare,
		calls: make(chan call), down: make(chan struct{}),
	}
	s.state.Store(int32(api.DaemonRunning))
	if o.Kept == nil {
		o.Kept = statefile.New()
	}
	l := &Loop{
		handle: s, log: o.Log, options: o, read: cmp.Or(o.Read, o.Config),
		drained: make(chan *process.Process), results: make(chan func(time.Time)), children: map[int]ownedChild{}, credentials: credentials(o.Config.Servers),
	}
	if l.options.Sockets == nil {
		l.options.Sockets = new(socket.Set)
	}
	l.View = View{l}
	s.loop = l
	l.storePlugins()
	l.shared = process.Shared{
		Log: o.Log, Pump: m, Start: o.Start, Signal: o.Signal, Syslog: syslog,
		Environ: o.Environ, ServerURL: serverURL(o.Config.Servers), StripANSI: o.Config.Supervisord.StripANSI, MakeDirs: o.Config.Supervisord.LogDirs,
		AutoLogDir: o.Config.Supervisord.ChildLogDir, Identifier: o.Config.Supervisord.Identifier,
		MaxFD: maxFD(), EndWith: l.endWith, Spawned: l.spawned, Changed: l.changed,
		Cgroups:  l.needCgroups,
		Notified: func(p *process.Process) { l.notices.add(p) }, Relisten: l.listenAnew, Schedule: l.timers.Set, Scheduled: l.scheduled, Recycle: l.Recycle, StopFor: l.stopFor, StartFor: l.startFor, Adopt: l.adopt,
		WatchFiles: func(p *process.Process) { l.watchFiles(p, FileSetState{}) },
		Drained: func(p *process.Process) {
			select {
			case l.drained <- p:
			case <-s.down:
			}
		},
	}
	if l.shared.Signal == nil {
		l.shared.Signal = child.Signal
	}
	l.shared.Helpers = helper.Host{Log: o.Log, Pump: m, MaxFD: l.shared.MaxFD, Start: o.Start, Signal: l.shared.Signal,
		Schedule: l.timers.Set, Send: l.send}
	l.shared.Checks, l.shared.Measure = check.NewHost(l.timers.Set, l.send), proc.Memory
	l.shared.Own = func(pid int, r *helper.Run, p *process.Process) { l.own(pid, r, p) }
	l.shared.Events.Serial = o.Serial
	if o.Serial == nil {
		l.shared.Events.Serial = new(events.Serial)
	}
	if l.shared.History = o.History; o.History == nil {
		l.shared.History = history.New("", 0)
	}
	l.notices.some = make(chan struct{}, 1)
	l.nextTick.run, l.nextResume.run = l.tick, l.resumeEvents
	return s
}

// Run is the loop. It returns when everything has been stopped: with the configuration to go on with after a restart, or with nil
// and the exit status of supervisord after a shutdown. Children are written to record, which may be nil. Nothing starts by itself before clear closes, if it
// is not nil. It is to be called once.
func (s *Supervisor) Run(record *orphans.Record, clear <-chan struct{}) (next *config.Config, status int) {
	s.loop.record, s.loop.clear = record, clear
	return s.loop.run()
}

// Do runs f in the loop and returns after it. When the loop has ended it returns ErrDown and f has not run; another error
// is a panic in f, which has been logged.
func (s *Supervisor) Do(f func(*Loop)) error { return s.call(call{change: f}) }

// Read is Do for a function that changes nothing: answers that were made before it stay valid.
func (s *Supervisor) Read(f func(View)) error { return s.call(call{read: f}) }

func (s *Supervisor) call(c call) error {
	c.done = make(chan error, 1)
	select {
	case s.calls <- c:
		return <-c.done
	case <-s.down:
		return ErrDown
	}
}

// Down is closed when the loop has ended.
func (s *Supervisor) Down() <-chan struct{} { return s.down }

// State is the state of the daemon.
func (s *Supervisor) State() api.DaemonState { return api.DaemonState(s.state.Load()) }

// Version is another number after every change of what the loop owns: while it stays the same, what a Read saw is still so.
func (s *Supervisor) Version() uint64 { return s.version.Load() }

// ShowConfig reads the configuration again, to show it. It is not to be called in the loop.
func (s *Supervisor) ShowConfig() (*config.Config, []api.ConfigSection, error) {
	return s.loop.options.ShowConfig(s.scaling())
}

// ReadConfig reads the configuration again, for a reread. It is not to be called in the loop, which must not wait for a disk.
func (s *Supervisor) ReadConfig() (*config.Config, error) { return s.readConfig(s.scaling()) }

// ReadNext is ReadConfig for a restart.
func (s *Supervisor) ReadNext() (*config.Config, error) {
	scaling := s.scaling()
	cfg, err := s.readConfig(scaling)
	if err == nil && scaling != nil && cfg.Supervisord.StateFile == "" { // numbers of processes are for this run
		return s.readConfig(nil)
	}
	return cfg, err
}

// Prepare makes sure that a restart with this configuration can begin; if it returns an error, all goes on as it is. It is not
// to be called in the loop.
func (s *Supervisor) Prepare(cfg *config.Config) error {
	if s.prepare == nil {
		return nil
	}
	return s.prepare(cfg)
}

// Upgrade executes another supervisord in place of this one. In a dry run it finds out only whether that is possible. An error is a
// fault. It is not to be called in the loop.
func (s *Supervisor) Upgrade(ctx context.Context, dryRun bool) (api.Upgrade, error) {
	if s.loop.options.Upgrade == nil {
		return api.Upgrade{}, api.NewFault(api.Failed, "upgrade is not available on this system")
	}
	return s.loop.options.Upgrade(ctx, dryRun)
}

// Plugins are the plug-ins of the active groups by the namespace of their methods. The map is never changed.
func (s *Supervisor) Plugins() map[string]*plugin.Plugin { return *s.plugins.Load() }

// Usage reads what processes use. It is not to be called in the loop.
func (s *Supervisor) Usage() *proc.Reader { return &s.usage }

// Pump reads the output of the children.
func (s *Supervisor) Pump() *pump.Pump { return s.loop.shared.Pump }

// Identifier is the name supervisord goes by.
func (s *Supervisor) Identifier() string { return s.identifier }

// History has what happened last.
func (s *Supervisor) History() *history.Ring { return s.loop.shared.History }

// Log is the main log.
func (s *Supervisor) Log() *logs.Main { return s.log }

// Audit is the audit log.
func (s *Supervisor) Audit() *audit.Log { return s.audit }

// serverURL is where children find us; empty: nowhere.
func serverURL(servers []config.Server) string {
	if len(servers) == 0 {
		return ""
	}
	return config.Reachable(servers).URL()
}
