package supervisor

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/socket"
)

// ActivationState is what is known of a socket whose first connection starts programs.
type ActivationState struct {
	Name    string          `json:"name"`
	URL     string          `json:"url"`
	Started bool            `json:"started,omitempty"`
	Waiting int             `json:"waiting,omitempty"`
	Vain    []handover.Time `json:"vain,omitempty"`
	Fatal   []string        `json:"fatal,omitempty"` // full names
	Limited bool            `json:"limited,omitempty"`
}

// ownSocket is the name of a socket that a process shares with no other.
func ownSocket(c *config.Socket, p *process.Process) string { return p.Name() + ":" + c.Name }

// exportSockets adds the sockets that a process shares with no other.
func (s *GroupState) exportSockets(p *process.Process, w *handover.Writer) {
	for i, c := range p.Config.Sockets() {
		if !c.ReusePort {
			continue
		}
		if s.Own == nil {
			s.Own = map[string]socket.SocketState{}
		}
		s.Own[ownSocket(c, p)] = p.ListenSockets()[i].(*socket.Socket).Export(w)
	}
}

// importSocket returns a socket of a process. Own is its state if no other process has it.
func (l *Loop) importSocket(r *handover.Reader, c *config.Socket, own socket.SocketState) *socket.Socket {
	if c.ReusePort {
		return l.options.Sockets.ImportOwn(r, own, c, l.log)
	}
	return l.options.Sockets.Imported(r, c, l.log)
}

func (l *Loop) exportActivations() (states []ActivationState) {
	for s, a := range l.activations {
		state := ActivationState{Name: s.Config().Name, URL: s.Config().URL, Started: a.started, Waiting: a.waiting, Limited: a.limited}
		for _, at := range a.vain {
			state.Vain = append(state.Vain, handover.Time{Time: at})
		}
		for _, p := range a.fatal {
			state.Fatal = append(state.Fatal, fullName(p))
		}
		states = append(states, state)
	}
	slices.SortFunc(states, func(a, b ActivationState) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.URL, b.URL))
	})
	return states
}

// importActivations gives the sockets of the imported processes their states. What waits in them is seen after Begin.
func (l *Loop) importActivations(states []ActivationState) {
	for _, state := range states {
		a := l.activations[l.options.Sockets.Find(&config.Socket{Name: state.Name, URL: state.URL})]
		if a == nil {
			continue
		}
		a.started, a.waiting, a.limited, a.vain = state.Started, state.Waiting, state.Limited, make([]time.Time, len(state.Vain))
		for i, at := range state.Vain {
			a.vain[i] = at.Time
		}
		for _, name := range state.Fatal {
			if p := l.named(name); p != nil {
				a.fatal = append(a.fatal, p)
			}
		}
	}
}
