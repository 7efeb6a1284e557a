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
	pool      *events.Pool     // of event listeners, or of a plug-in that subscribed to events
	plugin    *plugin.Plugin   // of an [rpcinterface:x] with a program or a URL
	judge     *events.Judge    // of a pool whose results a program judges
	handler   *process.Process // this program
	sockets   []*fcgi.Socket   // of the FastCGI programs in it
	since     int              // grows from one that is added to the next
	asked     bool             // during shutdown and restart: its processes have been told to stop
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

// Group is the active group of that name, nil if there is none.
func (s *Supervisor) Group(name string) *Group {
	for _, g := range s.groups {
		if g.Name() == name {
			return g
		}
	}
	return nil
}

// AddGroup makes a group active; what starts by itself starts soon. The group must not be active yet. After an error
// nothing is left of it.
func (s *Supervisor) AddGroup(cfg *config.Group) error {
	if s.begun {
		s.warnOfSharedLogs(cfg)
	}
	g := &Group{Config: cfg, since: s.layout, Processes: make([]*process.Process, 0, len(cfg.Processes))}
	if cfg.Pool != nil {
		g.pool = s.newPool(cfg)
	}
	if err := s.openPlugin(g); err != nil {
		return err
	}
	sockets, err := s.openSockets(g)
	if err != nil {
		return err
	}
	for _, c := range cfg.Processes {
		user, err := userOf(c)
		if err != nil {
			g.removeSockets()
			return err
		}
		p := process.New(c, cfg.Name, user, &s.host)
		p.GroupPriority = cfg.Priority
		g.Processes = append(g.Processes, p)
		switch {
		case g.plugin != nil:
			s.extend(p, g)
		case c.JudgesResults:
			g.handler, g.judge = p, g.pool.Judge(time.Duration(cfg.Pool.HandlerTimeout)*time.Second)
			p.Judge(g.judge)
		case g.pool != nil:
			p.Listen(g.pool.Listen(p.Name()))
		}
		if c.Socket != nil {
			p.Serve(sockets[c.Socket])
		}
	}
	for _, p := range g.Processes {
		if p.Config.AutoStart {
			s.pending = append(s.pending, p)
		}
	}
	at, _ := slices.BinarySearchFunc(s.groups, g, func(a, b *Group) int {
		return cmp.Or(cmp.Compare(a.Config.Priority, b.Config.Priority), -1) // the last of its priority
	})
	s.groups = slices.Insert(s.groups, at, g)
	s.relist()
	s.publish()
	if g.pool != nil {
		s.ticks.Tick(&s.host.Events, time.Now()) // the slice that has begun is none of the new pool's
		s.host.Events.Add(g.pool)
	}
	s.host.Events.Emit(events.ProcessGroupAdded, events.Group(cfg.Name))
	return nil
}

// warnOfSharedLogs warns if a group that comes writes to a log that another one writes to.
func (s *Supervisor) warnOfSharedLogs(cfg *config.Group) {
	groups := make([]*config.Group, 0, len(s.groups)+1)
	for _, g := range s.groups {
		groups = append(groups, g.Config)
	}
	for _, text := range config.SharedLogs(s.log.Path(), append(groups, cfg), len(groups)) {
		s.log.Warnf("%s", text)
	}
}

// newPool makes the pool of a group of event listeners.
func (s *Supervisor) newPool(cfg *config.Group) *events.Pool {
	handle := events.Default
	if cfg.Pool.ResultHandler == config.StdoutHandler {
		handle = events.Stdout(logs.Stdout)
	}
	return s.host.Events.NewPool(events.PoolOptions{
		Name: cfg.Name, Identifier: s.host.Identifier, Events: cfg.Pool.Events, BufferSize: cfg.Pool.BufferSize,
		CountBytes: cfg.Pool.PayloadBytes, Handle: handle, Log: s.log,
	})
}

// endBroken kills the result handlers that did not answer as they must; they are started again.
func (s *Supervisor) endBroken(now time.Time) {
	for _, g := range s.groups {
		if g.judge != nil && g.judge.Broken() {
			g.handler.Signal(syscall.SIGKILL, now)
		}
	}
}

// openSockets makes the sockets of the FastCGI programs in the group, one for each section, and makes sure that each
// can be opened.
func (s *Supervisor) openSockets(g *Group) (map[*config.Socket]*fcgi.Socket, error) {
	var sockets map[*config.Socket]*fcgi.Socket
	for _, c := range g.Config.Processes {
		if c.Socket == nil || sockets[c.Socket] != nil {
			continue
		}
		if sockets == nil {
			sockets = map[*config.Socket]*fcgi.Socket{}
		}
		socket := fcgi.New(c.Socket, s.log)
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
func (s *Supervisor) removeSockets() {
	for _, g := range s.groups {
		g.removeSockets()
	}
}

// userOf is whom the process's children become, nil for whom we are.
func userOf(c *config.Process) (*child.User, error) {
	if c.User == nil {
		return nil, nil
	}
	groups, err := c.User.Groups()
	if err != nil {
		return nil, fmt.Errorf("cannot tell the groups of user %s: %w", c.User.Name, err)
	}
	return &child.User{UID: c.User.UID, GID: c.User.GID, Groups: groups}, nil
}

// RemoveGroup takes a group out. It returns false, and does nothing, if a process of it is not stopped.
func (s *Supervisor) RemoveGroup(g *Group) bool {
	if !g.Stopped() {
		return false
	}
	s.groups = slices.DeleteFunc(s.groups, func(x *Group) bool { return x == g })
	s.pending = slices.DeleteFunc(s.pending, func(p *process.Process) bool { return slices.Contains(g.Processes, p) })
	for _, p := range g.Processes { // one that has ended may be about to start again
		s.unschedule(p)
	}
	s.relist()
	s.publish()
	g.removeSockets()
	if g.pool != nil {
		s.host.Events.Remove(g.pool)
	}
	s.host.Events.Emit(events.ProcessGroupRemoved, events.Group(g.Name()))
	return true
}

// Find finds a process by the two parts of its namespec, nil if there is none.
func (s *Supervisor) Find(group, name string) *process.Process {
	if g := s.Group(group); g != nil {
		return g.Process(name)
	}
	return nil
}

// leaving goes on with the shutdown: one group at a time, the last one first; the next is stopped when this one is
// down. It returns true when nothing is left.
func (s *Supervisor) leaving(now time.Time) bool {
	if s.leave == nil && s.report.IsZero() {
		s.leave = slices.Clone(s.groups)
		s.report = now
		s.pending = nil
		for _, p := range s.Processes() {
			s.schedule(p)
		}
		if wait := s.options.Config.Supervisord.ShutdownTimeout; wait > 0 {
			s.limit = now.Add(time.Duration(wait) * time.Second)
		}
		s.host.Events.Emit(events.SupervisorStateChangeStopping, "")
		if s.options.Leaving != nil {
			s.options.Leaving(s.Mood() == api.MoodRestarting)
		}
	}
	if !s.limit.IsZero() && !now.Before(s.limit) {
		s.hurry(now)
	}
	for len(s.leave) > 0 {
		g := s.leave[len(s.leave)-1]
		if !g.asked {
			g.asked = true
			for _, p := range slices.Backward(g.Processes) {
				p.Abandon(now)
			}
		}
		if !g.Stopped() {
			s.tell(now)
			return false
		}
		s.leave = s.leave[:len(s.leave)-1]
	}
	return true
}

// tell logs who is still waited for, at most every three seconds.
func (s *Supervisor) tell(now time.Time) {
	if now.Before(s.report) {
		return
	}
	s.report = now.Add(3 * time.Second)
	s.log.Infof("waiting for %s to die", s.unstopped())
}

// unstopped names the processes that are not stopped.
func (s *Supervisor) unstopped() string {
	var names []string
	for _, g := range s.groups {
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
func (s *Supervisor) hurry(now time.Time) {
	s.limit = time.Time{}
	s.log.Warnf("shutdown_timeout is over, killing %s", s.unstopped())
	for _, g := range s.groups {
		g.asked = true
		for _, p := range g.Processes {
			p.Hurry(now)
		}
	}
}
