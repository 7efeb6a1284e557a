package supervisor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/fcgi"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/plugin"
	"github.com/gosupervisor/supervisor/internal/process"
)

// Group is an active group. Processes are in the order of the configuration: ascending priority.
type Group struct {
	Config    *config.Group
	Processes []*process.Process
	pool      *events.Pool            // of event listeners, or of a plug-in that subscribed to events
	plugin    *plugin.Plugin          // of an [rpcinterface:x] with a program or a URL
	judge     *events.ExternalHandler // of a pool whose results a program judges
	handler   *process.Process        // this program
	sockets   []*fcgi.Socket          // of the FastCGI programs in it
	added     int                     // grows from one that is added to the next
	asked     bool                    // during shutdown and restart: its processes have been told to stop
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

// Descending are the processes in the order in which a request stops them: descending priority, equal ones in the usual
// order. A shutdown reverses these too.
func (g *Group) Descending() []*process.Process {
	ps := slices.Clone(g.Processes)
	slices.SortStableFunc(ps, func(a, b *process.Process) int { return cmp.Compare(b.Config.Priority, a.Config.Priority) })
	return ps
}

// Stopped is true if no process of the group runs or is to run.
func (g *Group) Stopped() bool {
	return !slices.ContainsFunc(g.Processes, func(p *process.Process) bool { return !p.State().IsStopped() })
}

// AddGroup makes a group active; what starts by itself starts soon. The group must not be active yet. After an error
// nothing is left of it.
func (l *Loop) AddGroup(cfg *config.Group) error {
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
	sockets, err := l.openSockets(g)
	if err != nil {
		return err
	}
	for _, c := range cfg.Processes {
		user, err := userOf(c)
		if err != nil {
			g.removeSockets()
			return err
		}
		p := process.New(c, cfg.Name, user, &l.host)
		p.GroupPriority = cfg.Priority
		g.Processes = append(g.Processes, p)
		switch {
		case g.plugin != nil:
			l.extend(p, g)
		case c.HandlesResults:
			g.handler, g.judge = p, g.pool.UseExternalHandler(time.Duration(cfg.Pool.HandlerTimeout)*time.Second)
			p.Judge(g.judge)
		case g.pool != nil:
			p.Listen(g.pool.AddListener(p.Name()))
		}
		if c.Socket != nil {
			p.Serve(sockets[c.Socket])
		}
	}
	for _, p := range g.Processes {
		if p.Config.Start.Auto {
			l.pending = append(l.pending, p)
		}
	}
	at, _ := slices.BinarySearchFunc(l.groups, g, func(a, b *Group) int {
		return cmp.Or(cmp.Compare(a.Config.Priority, b.Config.Priority), -1) // the last of its priority
	})
	l.groups = slices.Insert(l.groups, at, g)
	l.groupsChanged()
	l.storePlugins()
	if g.pool != nil {
		l.ticks.Tick(&l.host.Events, time.Now()) // the slice that has begun is none of the new pool's
		l.host.Events.Add(g.pool)
	}
	l.host.Events.Emit(api.ProcessGroupAdded, events.Group(cfg.Name))
	return nil
}

// warnOfSharedLogs warns if a group that comes writes to a log that another one writes to.
func (l *Loop) warnOfSharedLogs(cfg *config.Group) {
	groups := make([]*config.Group, 0, len(l.groups)+1)
	for _, g := range l.groups {
		groups = append(groups, g.Config)
	}
	for _, text := range config.SharedLogs(l.log.Path(), append(groups, cfg), len(groups)) {
		l.log.Warnf("%s", text)
	}
}

// newPool makes the pool of a group of event listeners.
func (l *Loop) newPool(cfg *config.Group) *events.Pool {
	handle := events.Default
	if cfg.Pool.ResultHandler == config.StdoutHandler {
		handle = events.Stdout(logs.Stdout)
	}
	return l.host.Events.NewPool(events.PoolOptions{
		Name: cfg.Name, Identifier: l.host.Identifier, Events: cfg.Pool.Events, BufferSize: cfg.Pool.BufferSize,
		CountBytes: cfg.Pool.PayloadBytes, Handle: handle, Log: l.log,
	})
}

// endBroken kills the result handlers that did not answer as they must; they are started again.
func (l *Loop) endBroken(now time.Time) {
	for _, g := range l.groups {
		if g.judge != nil && g.judge.KillRequested() {
			g.handler.Signal(syscall.SIGKILL, now)
		}
	}
}

// openSockets makes the sockets of the FastCGI programs in the group, one for each section, and makes sure that each
// can be opened.
func (l *Loop) openSockets(g *Group) (map[*config.Socket]*fcgi.Socket, error) {
	var sockets map[*config.Socket]*fcgi.Socket
	for _, c := range g.Config.Processes {
		if c.Socket == nil || sockets[c.Socket] != nil {
			continue
		}
		if sockets == nil {
			sockets = map[*config.Socket]*fcgi.Socket{}
		}
		socket := fcgi.New(c.Socket, l.log)
		if err := socket.Check(); err != nil {
			g.removeSockets()
			return nil, err
		}
		sockets[c.Socket] = socket
		g.sockets = append(g.sockets, socket)
	}
	return sockets, nil
}

// removeSockets removes the files of the group's sockets, and ends all that has to do with its plug-in.
func (g *Group) removeSockets() {
	for _, socket := range g.sockets {
		socket.Remove()
	}
	if g.plugin != nil {
		g.plugin.Close()
	}
}

// removeSockets removes the files of all sockets, at the end of a life.
func (l *Loop) removeSockets() {
	for _, g := range l.groups {
		g.removeSockets()
	}
}

// userOf is whom the process's children become, nil for whom we are.
func userOf(c *config.Process) (*child.User, error) {
	if c.Run.User == nil {
		return nil, nil
	}
	groups, err := c.Run.User.Groups()
	if err != nil {
		return nil, fmt.Errorf("cannot tell the groups of user %s: %w", c.Run.User.Name, err)
	}
	return &child.User{UID: c.Run.User.UID, GID: c.Run.User.GID, Groups: groups}, nil
}

// RemoveGroup takes a group out. It returns false, and does nothing, if a process of it is not stopped.
func (l *Loop) RemoveGroup(g *Group) bool {
	if !g.Stopped() {
		return false
	}
	l.groups = slices.DeleteFunc(l.groups, func(x *Group) bool { return x == g })
	l.pending = slices.DeleteFunc(l.pending, func(p *process.Process) bool { return slices.Contains(g.Processes, p) })
	for _, p := range g.Processes { // one that has ended may be about to start again
		l.unschedule(p)
	}
	l.groupsChanged()
	l.storePlugins()
	g.removeSockets()
	if g.pool != nil {
		l.host.Events.Remove(g.pool)
	}
	l.host.Events.Emit(api.ProcessGroupRemoved, events.Group(g.Name()))
	return true
}

// leaving goes on with the shutdown: one group at a time, the last one first; the next is stopped when this one is
// down. It returns true when nothing is left.
func (l *Loop) shutDown(now time.Time) bool {
	if l.leave == nil && l.report.IsZero() {
		l.leave = slices.Clone(l.groups)
		l.report = now
		l.pending = nil
		for _, p := range l.Processes() {
			l.schedule(p)
		}
		if wait := l.options.Config.Supervisord.ShutdownTimeout; wait > 0 {
			l.limit = now.Add(time.Duration(wait) * time.Second)
		}
		l.host.Events.Emit(api.SupervisorStateChangeStopping, "")
		if l.options.Leaving != nil {
			l.options.Leaving(l.state() == api.DaemonRestarting)
		}
	}
	if !l.limit.IsZero() && !now.Before(l.limit) {
		l.hurry(now)
	}
	for len(l.leave) > 0 {
		g := l.leave[len(l.leave)-1]
		if !g.asked {
			g.asked = true
			for _, p := range slices.Backward(g.Processes) {
				p.Abandon(now)
			}
		}
		if !g.Stopped() {
			l.tell(now)
			return false
		}
		l.leave = l.leave[:len(l.leave)-1]
	}
	return true
}

// tell logs who is still waited for, at most every three seconds.
func (l *Loop) tell(now time.Time) {
	if now.Before(l.report) {
		return
	}
	l.report = now.Add(3 * time.Second)
	l.log.Infof("waiting for %s to die", l.unstopped())
}

// unstopped names the processes that are not stopped.
func (l *Loop) unstopped() string {
	var names []string
	for _, g := range l.groups {
		for _, p := range g.Processes {
			if !p.State().IsStopped() {
				names = append(names, p.Name())
			}
		}
	}
	return strings.Join(names, ", ")
}

// hurry kills what still runs, when shutdown_timeout is over. It is done once: a process that SIGKILL does not end gets it
// again by itself.
func (l *Loop) hurry(now time.Time) {
	l.limit = time.Time{}
	l.log.Warnf("shutdown_timeout is over, killing %s", l.unstopped())
	for _, g := range l.groups {
		g.asked = true
		for _, p := range g.Processes {
			p.Hurry(now)
		}
	}
}
