package process

import (
	"errors"
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// StdinState is an open standard input of a child.
type StdinState struct {
	FD     int    `json:"fd"`
	Unsent []byte `json:"unsent,omitempty"`
	Taken  int    `json:"taken,omitempty"` // bytes of Unsent that clients sent
}

// ErrStdinBusy is returned if a write to a standard input cannot be interrupted.
var ErrStdinBusy = errors.New("busy: a standard input is still being written")

// Input is the standard input of the child, to which events can be sent; nil if there is none.
func (p *Process) Input() events.Input {
	if p.stdin == nil {
		return nil
	}
	return p.stdin
}

// FreezeStdin stops writing to the standard input of the child, and has everything queued that is sent, until ThawStdin. With an error,
// which comes at the deadline, it goes on. Only the loop may call it.
func (p *Process) FreezeStdin(deadline time.Time) error {
	if p.stdin == nil {
		return nil
	}
	stopped := p.stdin.freeze()
	if stopped == nil {
		return nil
	}
	late := time.NewTimer(time.Until(deadline))
	defer late.Stop()
	select {
	case <-stopped:
		return nil
	case <-late.C:
		p.stdin.thaw()
		return ErrStdinBusy
	}
}

// ThawStdin lets the standard input go on.
func (p *Process) ThawStdin() {
	if p.stdin != nil {
		p.stdin.thaw()
	}
}

// freeze returns nil, or a channel that closes when nothing is being written any more.
func (s *stdin) freeze() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen = true
	if !s.writing {
		return nil
	}
	_ = s.file.SetWriteDeadline(time.Unix(1, 0)) // it has one; a file that is closed is not being written
	s.stopped = make(chan struct{})
	return s.stopped
}

func (s *stdin) thaw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen, s.stopped = false, nil
	if s.file != nil && !s.closed {
		_ = s.file.SetWriteDeadline(time.Time{})
	}
	if s.waiting == 0 || s.writing || s.closed {
		return
	}
	if s.open() != nil { // there is no descriptor; to the child, the rest never comes
		s.drop()
		s.release()
		return
	}
	s.start()
}

// Export returns the state of a frozen standard input, nil of none.
func (s *stdin) Export(w *handover.Writer, purpose string) *StdinState {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return &StdinState{FD: w.Descriptor(s.fd, purpose), Unsent: slices.Concat(s.unsent...), Taken: s.taken}
}

// ImportStdin makes a standard input of its state, nil of none. Everything is queued until Begin.
func ImportStdin(r *handover.Reader, state *StdinState, purpose string) *stdin {
	if state == nil {
		return nil
	}
	s := &stdin{fd: r.Descriptor(state.FD, purpose), frozen: true}
	if s.waiting = len(state.Unsent); s.waiting > 0 {
		s.unsent, s.owned = [][]byte{state.Unsent}, true
	}
	if budget.Stdin.Take(int64(state.Taken)) {
		s.taken = state.Taken
	}
	return s
}

// Begin goes on with an imported standard input.
func (s *stdin) Begin() {
	if s != nil {
		s.thaw()
	}
}
