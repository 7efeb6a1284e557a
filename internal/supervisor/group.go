package supervisor

import (
	"slices"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/order"
	"github.com/gosupervisor/supervisor/internal/plugin"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/socket"
)

// Group is an active group. Processes are in the order of the configuration: ascending priority.
type Group struct {
	Config    *config.Group
	Processes []*process.Process
	pool      *events.Pool            // of event listeners, or of a plug-in that subscribed to events
	plugin    *plugin.Plugin          // of an [rpcinterface:x] with a program or a URL
	external  *events.ExternalHandler // of a pool with result_handler_exec
	handler   *process.Process        // this program
	sockets   []*socket.Socket        // of the FastCGI programs in it
	added     int                     // grows from one that is added to the next
}

// Name is the group's name.
func (g *Group) Name() string { return g.Config.Name }

// Process is the process of that name, nil if there is none.
func (g *Group) Process(name string) *process.Process {
	for _, p := range g.Processes {
		if p.Name() == name {
			return p
		}
	}
	return nil
}

// Descending are the processes in the order in which a request stops them. A shutdown reverses equal priorities too.
func (g *Group) Descending() []*process.Process { return processOrder.Descending(g.Processes) }

// processOrder and groupOrder are the orders of starts and stops.
var (
	processOrder = order.Rules[*process.Process]{Priority: func(p *process.Process) int { return p.Config.Priority }}
	groupOrder   = order.Rules[*Group]{Priority: func(g *Group) int { return g.Config.Priority }}
)

// Stopped is true if no process of the group runs or is to run.
func (g *Group) Stopped() bool {
	return !slices.ContainsFunc(g.Processes, func(p *process.Process) bool { return !p.State().IsStopped() })
}

// PreparedGroup is a group that can be added without waiting for a name server.
type PreparedGroup struct {
	Config    *config.Group
	Starts    func(process string) bool // says which of its processes may be started by themselves; nil: all
	addresses socket.Addresses
}

// PrepareGroup looks up the host names of sockets, which may take seconds. The loop must not call it.
func PrepareGroup(cfg *config.Group) PreparedGroup {
	return PreparedGroup{Config: cfg, addresses: socket.Resolve(cfg)}
}

// AddGroup makes a group active; what starts by itself starts soon. The group must not be active yet. After an error
// nothing is left of it.
func (l *Loop) AddGroup(prepared PreparedGroup) error {
	cfg := prepared.Config
	if l.initialized {
		l.warnOfSharedLogs(cfg)
	}
	g := &Group{Config: cfg, added: l.layout, Processes: make([]*process.Process, 0, len(cfg.Processes))}
	if cfg.Pool != nil {
		g.pool = l.newPool(cfg)
	}
	if err := l.openPlugin(g); err != nil {
		return err
	}
	sockets, err := l.openSockets(g, prepared.addresses)
	if err != nil {
		return err
	}
	used, err := l.useSockets(cfg.Processes, prepared.addresses)
	if err != nil {
		g.removeSockets()
		return err
	}
	for _, c := range cfg.Processes {
		role := l.role(g, c)
		if c.Socket != nil {
			role.Socket = sockets[c.Socket]
		}
		p := l.newProcess(c, cfg, role)
		l.listen(p, prepared.addresses)
		g.Processes = append(g.Processes, p)
		if role.Handler != nil {
			g.handler = p
		}
	}
	l.dropSockets(used)
	l.startSoon(l.withoutHeld(g.Processes, prepared.Starts))
	l.groups = groupOrder.Insert(l.groups, g)
	l.groupsChanged()
	l.storePlugins()
	if g.pool != nil {
		now := time.Now()
		l.ticks.Tick(&l.shared.Events, now) // a new pool does not get the tick of the current interval
		l.shared.Events.Add(g.pool)
		l.scheduleTick(now)
	}
	if l.initialized { // the others are those of the configuration
		l.recordGroup(cfg.Name, history.Added)
	}
	l.shared.Events.Emit(api.ProcessGroupAdded, events.Group(cfg.Name))
	return nil
}

// role is the role of a process in a group that is being added.
func (l *Loop) role(g *Group, c *config.Process) (r process.Role) {
	switch {
	case g.plugin != nil:
		return l.pluginRole(g, c)
	case c.HandlesResults:
		g.external = g.pool.UseExternalHandler(time.Duration(g.Config.Pool.HandlerTimeout) * time.Second)
		r.Handler, r.ExtraEnv = g.external, l.options.ListenerEnv
	case g.pool != nil:
		r.Listener, r.ExtraEnv = g.pool.AddListener(c.ProcessName), l.options.ListenerEnv
	}
	return r
}

// newProcess makes a process that has never run.
func (l *Loop) newProcess(c *config.Process, g *config.Group, role process.Role) *process.Process {
	l.openCgroups(c)
	p := process.New(c, g, process.UserOf(c, c.Run.User), role, &l.shared)
	l.addGate(p, g)
	l.applyDisabled(p)
	l.watchFiles(p, FileSetState{})
	l.addSchedule(p)
	l.catchUp(p, time.Now())
	return p
}

// startSoon has those processes started that start by themselves, in their order and after all that wait already.
func (l *Loop) startSoon(processes []*process.Process) {
	for _, p := range processes {
		if p.Config.AutoStarts() && !p.Disabled() {
			l.pending = append(l.pending, p)
		}
	}
	if l.depends != nil {
		l.depends.queue(processes)
	}
}

// withoutHeld returns the processes that may be started by themselves, and holds the others.
func (l *Loop) withoutHeld(processes []*process.Process, starts func(string) bool) []*process.Process {
	if starts == nil {
		return processes
	}
	var free, held []*process.Process
	for _, p := range processes {
		if starts(p.Name()) {
			free = append(free, p)
		} else {
			held = append(held, p)
		}
	}
	l.HoldStarts(held)
	return free
}

// HoldStarts notes that processes that have never run will not be started by themselves.
func (l *Loop) HoldStarts(processes []*process.Process) {
	if l.depends == nil {
		return
	}
	for _, p := range processes {
		l.depends.cancelled[p] = true
	}
}

// Starts reports whether a process waits for its first start.
func (v View) Starts(p *process.Process) bool {
	d := v.l.depends
	return slices.Contains(v.l.pending, p) || d != nil && d.gates[p] != nil && d.gates[p].first != notHeld
}

// warnOfSharedLogs warns if a group that comes writes to a log that another one writes to.
func (l *Loop) warnOfSharedLogs(cfg *config.Group) {
	groups := make([]*config.Group, 0, len(l.groups)+1)
	for _, g := range l.groups {
		groups = append(groups, g.Config)
	}
	for _, text := range config.SharedLogs(l.log.Path(), &l.read.Supervisord.Audit, append(groups, cfg), len(groups)) {
		l.log.Warnf("%s", text)
	}
}

// newPool makes the pool of a group of event listeners.
func (l *Loop) newPool(cfg *config.Group) *events.Pool {
	var handle events.Handler
	if cfg.Pool.ResultHandler == config.StdoutHandler {
		handle = events.Stdout(logs.Stdout)
	}
	return l.shared.Events.NewPool(events.PoolOptions{
		Name: cfg.Name, Identifier: l.shared.Identifier, Events: poolEvents(cfg.Pool), BufferSize: cfg.Pool.BufferSize,
		CountBytes: cfg.Pool.PayloadBytes, Handle: handle, Log: l.log,
	})
}

// killBroken kills the result handlers that violated their protocol; they are started again.
func (l *Loop) killBroken(now time.Time) {
	for _, g := range l.groups {
		if g.external != nil && g.external.KillRequested() {
			g.handler.Signal(syscall.SIGKILL, now)
		}
	}
}

// openSockets makes the sockets of the FastCGI programs in the group, one for each section, and makes sure that each
// can be opened.
func (l *Loop) openSockets(g *Group, addresses socket.Addresses) (map[*config.Socket]*socket.Socket, error) {
	var sockets map[*config.Socket]*socket.Socket
	for _, c := range g.Config.Processes {
		if c.Socket == nil || sockets[c.Socket] != nil {
			continue
		}
		if sockets == nil {
			sockets = map[*config.Socket]*socket.Socket{}
		}
		made := socket.New(c.Socket, l.log, addresses)
		if err := l.socketProblem(made.Check()); err != nil {
			g.removeSockets()
			return nil, err
		}
		sockets[c.Socket] = made
		g.sockets = append(g.sockets, made)
	}
	return sockets, nil
}

// removeSockets removes the files of the group's sockets and closes its plug-in.
func (g *Group) removeSockets() {
	for _, socket := range g.sockets {
		socket.Remove()
	}
	if g.plugin != nil {
		g.plugin.Close()
	}
}

// removeSockets closes all sockets and removes their files, at the end of a run. Those of [socket:x] sections that the next run needs stay
// open.
func (l *Loop) removeSockets() {
	l.options.Sockets.Settle(l.log)
	if l.next != nil && l.state() == api.DaemonRestarting {
		l.options.Sockets.Keep(l.next.Groups...)
	}
	for _, g := range l.groups {
		g.removeSockets()
		l.unlisten(g.Processes)
	}
}

// RemoveGroup takes a group out. It returns false, and does nothing, if a process of it is not stopped.
func (l *Loop) RemoveGroup(g *Group) bool {
	if !g.Stopped() {
		return false
	}
	l.groups = slices.DeleteFunc(l.groups, func(x *Group) bool { return x == g })
	l.pending = slices.DeleteFunc(l.pending, func(p *process.Process) bool { return slices.Contains(g.Processes, p) })
	if l.depends != nil {
		l.depends.forget(g.Processes)
	}
	if l.schedules != nil {
		l.schedules.forget(g.Processes)
	}
	readded := slices.Contains(l.read.Groups, g.Config) // it can be added without a reread
	for _, p := range g.Processes {
		l.timers.Remove(p) // one that has ended may be about to start again
		l.unwatchFiles(p)
		if readded {
			p.KeepAutoLogs()
		}
	}
	l.groupsChanged()
	l.storePlugins()
	g.removeSockets()
	l.keepSockets(g)
	l.unlisten(g.Processes)
	if g.pool != nil {
		l.shared.Events.Remove(g.pool)
		l.scheduleTick(time.Now())
	}
	l.recordGroup(g.Name(), 0)
	l.shared.Events.Emit(api.ProcessGroupRemoved, events.Group(g.Name()))
	return true
}
