package plugin

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// State is a plug-in as data. No call is in progress.
type State struct {
	Path     string        `json:"path,omitempty"` // of its socket; empty: it has a URL
	FD       int           `json:"fd,omitempty"`
	Up       bool          `json:"up,omitempty"`
	State    string        `json:"state,omitempty"`
	Delivery DeliveryState `json:"delivery,omitzero"`
}

// Export returns the state of the plug-in.
func (p *Plugin) Export(w *handover.Writer) State {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := State{Up: p.run != nil, State: p.state}
	if p.Socket != nil {
		s.Path, s.FD = p.Socket.path, w.Descriptor(p.Socket.fd, p.purpose())
	}
	s.Delivery = p.ExportDelivery()
	return s
}

// Import makes a plug-in of its state. If pool is not nil, it is subscribed to events, as its only listener.
func Import(r *handover.Reader, s State, o Options, pool *events.Pool) *Plugin {
	p := &Plugin{Options: o, timeout: time.Duration(o.Config.CallWait) * time.Second,
		slots: make(chan struct{}, o.Config.CallLimit), state: s.State}
	if o.Config.URL != "" {
		p.setAddress(o.Config.URL)
	} else {
		p.Socket = &Socket{path: s.Path, fd: r.Descriptor(s.FD, p.purpose())}
		p.setAddress("unix://" + s.Path)
	}
	if pool != nil {
		p.subscriber = &subscriber{plugin: p, pool: pool, listener: pool.AddListener(p.Name), delay: minDelay}
		p.ImportDelivery(s.Delivery)
	}
	return p
}

// Begin lets an imported plug-in be called, if it was up.
func (p *Plugin) Begin(s State) {
	if s.Up {
		p.Up()
	}
	p.BeginDelivery()
}

func (p *Plugin) purpose() string { return "socket of plug-in " + p.Name }
