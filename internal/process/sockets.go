package process

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/child/step"
)

// The variables by which a child learns which sockets it has, as from systemd. Source: sd_listen_fds(3).
const (
	listenFDs     = "LISTEN_FDS"
	listenFDNames = "LISTEN_FDNAMES"
	listenPID     = step.ListenPIDVariable
)

// listening is what a process with sockets= has.
type listening struct {
	sockets []Socket
	names   string // LISTEN_FDNAMES
	held    int    // how many of them the child, or the start that is going on, uses
}

// SetSockets gives the next children sockets, in the order of sockets=; nil: none.
func (p *Process) SetSockets(sockets []Socket) {
	if sockets == nil {
		if p.extra != nil {
			p.extra.listening = nil
		}
		return
	}
	var names []string
	for _, s := range p.Config.Sockets() {
		names = append(names, s.Name)
	}
	if p.extra.listening == nil {
		p.extra.listening = &listening{}
	}
	p.extra.listening.sockets, p.extra.listening.names = sockets, strings.Join(names, ":")
}

// ListenSockets are those that SetSockets has set.
func (p *Process) ListenSockets() []Socket {
	if l := p.listening(); l != nil {
		return l.sockets
	}
	return nil
}

// listening returns what the process has by sockets=, nil if it has none.
func (p *Process) listening() *listening {
	if p.extra == nil {
		return nil
	}
	return p.extra.listening
}

// acquire adds the sockets to what the next child gets. The error names the socket.
func (l *listening) acquire(spec *child.Spec) error {
	for _, s := range l.sockets {
		fd, err := s.Acquire()
		if err != nil {
			return err
		}
		l.held++
		spec.More = append(spec.More, fd)
	}
	spec.Steps = append(spec.Steps, step.ListenPID{})
	return nil
}

// release gives back what is in use.
func (l *listening) release() {
	for _, s := range l.sockets[:l.held] {
		s.Release()
	}
	l.held = 0
}

// environ sets the variables of the child. What the key asks for wins over environment=.
func (l *listening) environ(env []string) []string {
	return override(env, []string{listenFDs + "=" + strconv.Itoa(len(l.sockets)), listenFDNames + "=" + l.names}, listenFDs, listenFDNames, listenPID)
}

// override returns the own variables and those of env with other names than those that are given.
func override(env, own []string, names ...string) []string {
	for _, kv := range env {
		if name, _, _ := strings.Cut(kv, "="); !slices.Contains(names, name) {
			own = append(own, kv)
		}
	}
	return own
}
