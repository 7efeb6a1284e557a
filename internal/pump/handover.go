package pump

import "github.com/gosupervisor/supervisor/internal/handover"

// PipeState is an open pipe of a frozen pump. What it holds is read by the next program.
type PipeState struct {
	FD    int   `json:"fd"`
	Size  int32 `json:"size,omitempty"`  // of the pipe in bytes, if it was enlarged
	Flood bool  `json:"flood,omitempty"` // its child writes large pieces: it is watched, and not read at intervals
}

// Export returns the state of the pipe, nil if it is closed. The pump is frozen.
func (p *Pipe) Export(w *handover.Writer, purpose string) *PipeState {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	s := &PipeState{FD: w.Descriptor(p.fd, purpose)}
	p.exportState(s)
	return s
}

// ImportPipe makes a pipe of its state, nil of none. It is read from Begin of the pump on.
func (m *Pump) ImportPipe(r *handover.Reader, s *PipeState, purpose string, sink Sink) *Pipe {
	return m.importPipe(r, s, purpose, &Pipe{sink: sink})
}

// ImportReceiver is ImportPipe of a descriptor that the receiver reads itself.
func (m *Pump) ImportReceiver(r *handover.Reader, s *PipeState, purpose string, receiver Receiver) *Pipe {
	return m.importPipe(r, s, purpose, &Pipe{receiver: receiver})
}

func (m *Pump) importPipe(r *handover.Reader, s *PipeState, purpose string, p *Pipe) *Pipe {
	if s == nil {
		return nil
	}
	p.fd, p.pump = r.Descriptor(s.FD, purpose), m
	p.importState(s)
	m.place(p)
	return p
}
