package pump

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// halt is a request that the thread reads nothing.
type halt struct {
	stopped chan struct{} // closed by the thread
	resume  chan struct{} // closed when it is to go on
}

// ErrBusy is returned by Freeze if a sink does not return in time.
var ErrBusy = errors.New("busy: output of a program is still being written")

// Freeze stops reading at the end of the read that is in progress. What is not read stays in the pipes. Finish still works. If a sink
// does not return by the deadline, the pump goes on and the error is ErrBusy.
func (m *Pump) Freeze(deadline time.Time) error {
	h := &halt{make(chan struct{}), make(chan struct{})}
	m.halt.Store(h)
	m.nudge()
	late := time.NewTimer(time.Until(deadline))
	defer late.Stop()
	select {
	case <-h.stopped:
		return nil
	case <-late.C:
		m.Thaw()
		return ErrBusy
	}
}

// Thaw lets a frozen pump go on.
func (m *Pump) Thaw() { close(m.halt.Swap(nil).resume) }

// woken clears the eventfd.
func (m *Pump) woken() {
	var count [8]byte
	unix.Read(m.stop, count[:])
}

// rest waits while the pump is frozen. It returns false if the pump is closed. Only the pump's thread calls it.
func (m *Pump) rest() (goesOn bool) {
	if h := m.halt.Load(); h != nil {
		close(h.stopped)
		<-h.resume
	}
	return !m.closed.Load()
}

// begin has the thread read an imported pipe. One that was enlarged is read at intervals, which also notices that it is quiet.
func (m *Pump) begin(p *Pipe) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.active = 0
	m.partials.note(p)
	switch accepting := p.backpressure(); {
	case accepting != nil:
		p.pause(accepting)
	case p.size > normalSize && p.full < floodReads:
		m.busy.add(p, 0)
	case !m.watch(p):
		p.close()
	}
}

func (p *Pipe) exportState(s *PipeState) {
	if p.size > normalSize {
		s.Size, s.Flood = p.size, p.full >= floodReads
	}
}

func (p *Pipe) importState(s *PipeState) {
	p.size = max(s.Size, normalSize)
	if s.Flood {
		p.full = floodReads
	}
	p.pump.extra += int(p.size) - normalSize
}
