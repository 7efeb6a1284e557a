package supervisor

import (
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/socket"
)

// newSockets are the sockets that a process gets with another configuration, in the order of its sockets=. Those that it shares are open
// while it still has those of its present configuration; one with reuseport is opened by the next start.
type newSockets []*socket.Socket

// UpcomingState are the sockets that a process has from its next start.
type UpcomingState struct {
	Process string               `json:"process"` // its full name
	Sockets []socket.SocketState `json:"sockets"` // in the order of sockets=; those that are shared are in the set, and empty here
}

// openNewSockets opens the sockets that processes get by a plan, and returns the processes of which one cannot be opened. Nothing is open
// for these.
func (l *Loop) openNewSockets(plan *GroupPlan, addresses socket.Addresses) (next map[*process.Process]newSockets, refused []RefusedChange) {
	o := opener{loop: l, addresses: addresses}
	for _, p := range plan.Processes {
		if p.To.Sockets().Equal(p.Process.Configured().Sockets()) {
			continue
		}
		list, err := o.open(p.To.Sockets())
		if err != nil {
			refused = append(refused, RefusedChange{p, err})
			continue
		}
		if next == nil {
			next = map[*process.Process]newSockets{}
		}
		next[p.Process] = list
	}
	return next, refused
}

// opener opens sockets for several processes.
type opener struct {
	loop      *Loop
	addresses socket.Addresses
	tried     map[config.Socket]error // what came of those with reuseport, and of those that cannot be opened
}

// open opens the sockets of a process. After an error, those that were open before are as they were, and no other is open.
func (o *opener) open(configs config.Sockets) (list newSockets, err error) {
	var before []*config.Socket
	for _, c := range configs {
		if open := o.loop.options.Sockets.Find(c); open != nil {
			before = append(before, open.Config())
		}
		s, err := o.one(c)
		if err != nil {
			o.loop.dropAll(list)
			o.loop.options.Sockets.Restore(before)
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

func (o *opener) one(c *config.Socket) (*socket.Socket, error) {
	set := o.loop.options.Sockets
	err, known := o.tried[*c]
	switch {
	case err != nil:
		return nil, err
	case c.ReusePort:
		s := set.Own(c, o.loop.log, o.addresses)
		if !known {
			err = s.Check()
			o.note(c, err)
		}
		return s, err
	}
	s, err := set.Use(c, o.loop.log, o.addresses)
	if err != nil {
		set.Drop(s)
		o.note(c, err)
	}
	return s, err
}

func (o *opener) note(c *config.Socket, result error) {
	if o.tried == nil {
		o.tried = map[config.Socket]error{}
	}
	o.tried[*c] = result
}

// replaceUpcoming has a process get sockets with its next configuration, and returns those that it does not get any more. Next is nil if
// they have not changed.
func (l *Loop) replaceUpcoming(p *process.Process, to *config.Process, next newSockets) (replaced newSockets) {
	before := l.upcoming[p]
	switch {
	case to.Sockets().Equal(p.Config.Sockets()): // it has them
		delete(l.upcoming, p)
		return append(before, next...)
	case next == nil && len(to.Sockets()) > 0:
		return nil
	case next == nil:
		delete(l.upcoming, p)
		return before
	case l.upcoming == nil:
		l.upcoming = map[*process.Process]newSockets{}
	}
	l.upcoming[p] = next
	return before
}

// forgetUpcoming ends what openNewSockets has begun for a process.
func (l *Loop) forgetUpcoming(p *process.Process) {
	l.dropAll(l.upcoming[p])
	delete(l.upcoming, p)
}

func (l *Loop) dropAll(list newSockets) {
	for _, s := range list {
		l.dropOne(s)
	}
}

// listenAnew gives a process without a child the sockets of another configuration. They are opened before the others are closed.
func (l *Loop) listenAnew(p *process.Process) {
	before, next := p.ListenSockets(), l.upcoming[p]
	l.deactivate([]*process.Process{p})
	p.SetSockets(nil)
	if delete(l.upcoming, p); len(next) == len(p.Config.Sockets()) {
		l.setSockets(p, func(*config.Socket) (s *socket.Socket) {
			s, next = next[0], next[1:]
			return s
		})
	} else {
		l.listen(p, nil)
	}
	l.drop(before)
}

// ChangesHosts are the groups of the last reading that PrepareGroup has to look up hosts for, before ChangeGroup gives their processes
// other sockets.
func (v View) ChangesHosts() (groups []*config.Group) {
	for _, read := range v.l.read.Groups {
		if slices.ContainsFunc(read.Processes, func(c *config.Process) bool { return v.changesHosts(read, c) }) {
			groups = append(groups, read)
		}
	}
	return groups
}

func (v View) changesHosts(g *config.Group, c *config.Process) bool {
	if !slices.ContainsFunc(c.Sockets(), (*config.Socket).NamesHost) {
		return false
	}
	p := v.Find(g.Name, c.ProcessName)
	return p != nil && !p.Configured().Sockets().Equal(c.Sockets())
}

func (l *Loop) exportUpcoming(w *handover.Writer) (states []UpcomingState) {
	for p, list := range l.upcoming {
		state := UpcomingState{Process: fullName(p), Sockets: make([]socket.SocketState, len(list))}
		for i, s := range list {
			if s.Config().ReusePort {
				state.Sockets[i] = s.Export(w)
			}
		}
		states = append(states, state)
	}
	slices.SortFunc(states, func(a, b UpcomingState) int { return strings.Compare(a.Process, b.Process) })
	return states
}

func (l *Loop) importUpcoming(r *handover.Reader, states []UpcomingState) {
	for _, state := range states {
		p := l.named(state.Process)
		if p == nil || len(p.Configured().Sockets()) != len(state.Sockets) {
			continue
		}
		if l.upcoming == nil {
			l.upcoming = map[*process.Process]newSockets{}
		}
		for i, c := range p.Configured().Sockets() {
			l.upcoming[p] = append(l.upcoming[p], l.importSocket(r, c, state.Sockets[i]))
		}
	}
}
