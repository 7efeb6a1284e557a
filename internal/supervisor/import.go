package supervisor

import (
	"cmp"
	"os"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/cgroup"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/filewatch"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/plugin"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/pump"
	"github.com/gosupervisor/supervisor/internal/socket"
)

// imported is what Begin needs of a state.
type imported struct {
	plugins map[*plugin.Plugin]plugin.State
	helpers []beginner
	named   map[string]*process.Process // by their full names
	files   []FileSetState
	watcher *filewatch.Watcher // of the files; nil: it was not handed over
}

type beginner interface{ Begin() }

// Import makes a Supervisor of its state, whose groups have the configurations active, in that order. The configuration of the options
// is the last reading. Nothing happens before Begin.
func Import(o Options, r *handover.Reader, s State, active []*config.Group, syslog *logs.Syslog) *Supervisor {
	sup := newSupervisor(o, pump.Import(), syslog)
	l := sup.loop
	l.imported = &imported{plugins: map[*plugin.Plugin]plugin.State{}, named: map[string]*process.Process{}, files: s.Files}
	if s.Watcher != nil {
		l.imported.watcher = filewatch.Import(r, s.Watcher)
	}
	l.layout, l.shared.Environ = s.Layout, s.Environ
	l.ticks.Import(s.Ticks)
	if s.Cgroups != nil {
		l.cgroups = cgroup.Import(s.Cgroups, l.cgroupOptions())
	}
	l.options.Sockets.Import(r, s.Sockets, l.log)
	for i, cfg := range active {
		if i < len(s.Groups) {
			l.groups = append(l.groups, l.importGroup(r, cfg, s.Groups[i]))
		}
	}
	l.shared.Events.Import(r, s.Events, l.input)
	for _, name := range s.Pending {
		if p := l.named(name); p != nil {
			l.pending = append(l.pending, p)
		}
	}
	for section, queue := range s.Recycles {
		l.importRecycles(section, queue)
	}
	for name, reason := range s.Leaving {
		if p := l.named(name); p != nil {
			l.retired(p, reason)
		}
	}
	for _, h := range s.Helpers {
		if p := l.named(h.Process); p != nil {
			l.imported.helpers = append(l.imported.helpers, p.ImportHelper(r, h.Run, process.Forgotten(h.Run)))
		}
	}
	if s.Depends != nil {
		l.needDepends().restore(s.Depends)
	}
	l.importUpcoming(r, s.Upcoming)
	l.importActivations(s.Activations)
	if l.schedules != nil {
		l.schedules.restore(s.Scheduled)
	}
	l.initialized = true
	l.storePlugins()
	return sup
}

func (l *Loop) importGroup(r *handover.Reader, cfg *config.Group, s GroupState) *Group {
	g := &Group{Config: cfg, added: s.Added, Processes: make([]*process.Process, 0, len(cfg.Processes))}
	if cfg.Pool != nil {
		g.pool = l.newPool(cfg)
		l.shared.Events.Add(g.pool)
	}
	if s.Plugin != nil && cfg.Plugin != nil {
		g.plugin = plugin.Import(r, *s.Plugin, l.pluginOptions(g), g.pool)
		l.imported.plugins[g.plugin] = *s.Plugin
	}
	sockets := map[*config.Socket]*socket.Socket{}
	for _, c := range cfg.Processes {
		role := l.role(g, c)
		if c.Socket != nil {
			if sockets[c.Socket] == nil {
				sockets[c.Socket] = socket.Import(r, s.Sockets[c.Section], c.Socket, l.log)
				g.sockets = append(g.sockets, sockets[c.Socket])
			}
			role.Socket = sockets[c.Socket]
		}
		inUse := cmp.Or(l.options.InUse[cfg.Name+":"+c.ProcessName], c)
		p := process.Import(r, s.Processes[c.ProcessName], inUse, cfg, role, &l.shared)
		p.Defer(c)
		l.addGate(p, cfg)
		l.applyDisabled(p)
		l.setSockets(p, func(c *config.Socket) *socket.Socket {
			return l.importSocket(r, c, s.Own[ownSocket(c, p)])
		})
		l.addSchedule(p)
		g.Processes, l.imported.named[fullName(p)] = append(g.Processes, p), p
		if role.Handler != nil {
			g.handler = p
		}
	}
	return g
}

// input is the standard input of a listener of a pool, or of its result handler if process is empty; nil for none.
func (l *Loop) input(pool *events.Pool, name string) events.Input {
	for _, g := range l.groups {
		if g.pool != pool {
			continue
		}
		if g.plugin != nil {
			return g.plugin.Input()
		}
		p := g.handler
		if name != "" {
			p = g.Process(name)
		}
		if p == nil {
			return nil
		}
		return p.Input()
	}
	return nil
}

// named is the process of a full name, nil if there is none.
func (l *Loop) named(name string) *process.Process { return l.imported.named[name] }

func (l *Loop) importRecycles(section string, s RecyclesState) {
	queue := &recycles{current: l.named(s.Current)}
	for _, r := range s.Waiting {
		if p := l.named(r.Process); p != nil {
			queue.waiting = append(queue.waiting, recycle{p, r.Reason, p.Begun()})
			p.Queue(true)
		}
	}
	if l.recycles == nil {
		l.recycles = map[string]*recycles{}
		l.nextRecycle.run = l.continueRecycles
	}
	l.recycles[section] = queue
}

// Upgraded logs that this version has taken over from another one, and emits the event. It comes after Begin.
func (s *Supervisor) Upgraded(from, to string) {
	l := s.loop
	running := 0
	for _, p := range l.Processes() {
		if p.PID() != 0 {
			running++
		}
	}
	programs := "programs"
	if running == 1 {
		programs = "program"
	}
	l.log.Infof("supervisord was upgraded from %s to %s with pid %d, %d %s kept running", from, to, os.Getpid(), running, programs)
	l.shared.Events.Emit(api.SupervisorUpgraded, events.Upgraded(from, to))
}

// Open opens what Begin needs, so that nothing can fail after it.
func (s *Supervisor) Open() error { return s.loop.shared.Pump.Open() }

// Begin goes on with an imported Supervisor. Run comes next.
func (s *Supervisor) Begin() {
	l, now := s.loop, time.Now()
	l.shared.Pump.Begin()
	for _, p := range l.Processes() {
		p.Begin()
		if pid := p.Launcher(); pid != 0 {
			l.children[pid] = ownedChild{launcher{p}, p}
		}
	}
	for _, h := range l.imported.helpers {
		h.Begin()
	}
	for p, state := range l.imported.plugins {
		p.Begin(state)
	}
	l.beginFiles(l.imported.files, l.imported.watcher)
	l.imported, l.resumed = nil, true
	if l.recycles != nil {
		l.schedule(&l.nextRecycle, now)
	}
	if l.leaving != nil {
		l.schedule(&l.nextLeave, now)
	}
	if l.depends != nil {
		l.depends.resume()
	}
	if l.options.Sockets.Keeps() {
		l.settleSockets(now)
	}
	l.shared.Events.Begin()
	l.resumeEvents(now)
	l.scheduleTick(now)
	l.watchMainLog(now)
	l.reap(now) // exits of which no signal came to this program
}
