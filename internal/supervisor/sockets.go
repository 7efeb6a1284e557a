package supervisor

import (
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/socket"
)

// useSockets opens the sockets of the [socket:x] sections of processes that are being added, so that one that cannot be opened is found
// early. The caller drops them when the processes use them. After an error nothing is open for these.
func (l *Loop) useSockets(processes []*config.Process, addresses socket.Addresses) (used []*socket.Socket, err error) {
	var checked map[config.Socket]bool
	for _, p := range processes {
		for _, c := range p.Sockets() {
			if checked[*c] {
				continue
			}
			if checked == nil {
				checked = map[config.Socket]bool{}
			}
			checked[*c] = true
			var err error
			if c.ReusePort {
				err = l.options.Sockets.Own(c, l.log, addresses).Check()
			} else {
				var s *socket.Socket
				s, err = l.options.Sockets.Use(c, l.log, addresses)
				used = append(used, s)
			}
			if err := l.socketProblem(err); err != nil {
				l.dropSockets(used)
				return nil, err
			}
		}
	}
	return used, nil
}

// socketProblem is an error about a socket of a group that is being added. After a restart, for which programs were stopped, the others
// go on without it.
func (l *Loop) socketProblem(err error) error {
	if err != nil && l.options.Restarted && !l.initialized {
		l.log.Errorf("%v; the other programs are started", err)
		return nil
	}
	return err
}

func (l *Loop) dropSockets(used []*socket.Socket) {
	for _, s := range used {
		l.options.Sockets.Drop(s)
	}
}

// listen gives a process the sockets of its sections. A socket that cannot be opened fails its starts.
func (l *Loop) listen(p *process.Process, addresses socket.Addresses) {
	l.setSockets(p, func(c *config.Socket) *socket.Socket {
		if c.ReusePort {
			return l.options.Sockets.Own(c, l.log, addresses)
		}
		s, err := l.options.Sockets.Use(c, l.log, addresses)
		if err != nil {
			l.log.Errorf("%v", err)
		}
		return s
	})
}

// setSockets gives a process the sockets of its sections that get returns.
func (l *Loop) setSockets(p *process.Process, get func(*config.Socket) *socket.Socket) {
	configs := p.Config.Sockets()
	if len(configs) == 0 {
		return
	}
	list := make([]process.Socket, len(configs))
	for i, c := range configs {
		s := get(c)
		list[i] = s
		l.activate(s, p)
	}
	p.SetSockets(list)
}

// unlisten ends the use of sockets by processes that are removed.
func (l *Loop) unlisten(processes []*process.Process) {
	l.deactivate(processes)
	for _, p := range processes {
		l.drop(p.ListenSockets())
		l.forgetUpcoming(p)
	}
}

func (l *Loop) drop(sockets []process.Socket) {
	for _, s := range sockets {
		l.dropOne(s.(*socket.Socket))
	}
}

// dropOne ends the use of a socket by a process.
func (l *Loop) dropOne(s *socket.Socket) {
	if !s.Config().ReusePort {
		l.options.Sockets.Drop(s)
	}
}

// updateTime is the longest time between the removal of a group and its addition in an update.
const updateTime = 10 * time.Second

// keepSockets has the sockets of a group that is removed stay open for a moment if the last reading has it with other values: an update
// adds it again.
func (l *Loop) keepSockets(g *Group) {
	i := slices.IndexFunc(l.read.Groups, func(read *config.Group) bool { return read.Name == g.Name() })
	if i < 0 || l.read.Groups[i].Equal(g.Config) {
		return
	}
	l.options.Sockets.Keep(l.read.Groups[i])
	if l.options.Sockets.Keeps() {
		l.settleSockets(time.Now())
	}
}

// settleSockets has sockets closed that are not used when the updates must have ended.
func (l *Loop) settleSockets(now time.Time) {
	l.nextSettle.run = func(time.Time) {
		l.schedule(&l.nextSettle, time.Time{})
		l.options.Sockets.Settle(l.log)
	}
	l.schedule(&l.nextSettle, now.Add(updateTime))
}
