package plugin

import (
	"fmt"
	"time"

	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// DeliveryState is the delivery of events to a plug-in. No call is in progress.
type DeliveryState struct {
	Delay time.Duration `json:"delay,omitempty"` // in nanoseconds, after the next event that is not accepted
	Until handover.Time `json:"until,omitzero"`  // when the plug-in is regarded as having rejected the event that it has; zero: it has none
}

// start runs f as the goroutine of a delivery.
func (s *subscriber) start(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ended := make(chan struct{})
	s.ended = ended
	go func() {
		defer close(ended)
		f()
	}()
}

// halted returns a channel that closes when the delay that begins is to be interrupted.
func (s *subscriber) halted() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.halt = make(chan struct{})
	if s.frozen {
		close(s.halt)
	}
	return s.halt
}

// FreezeDelivery waits until the plug-in has answered the event that it has, or interrupts the delay before that is sent again. No other
// event is sent meanwhile: the bus is frozen. If there is no answer by the deadline, delivery goes on.
func (p *Plugin) FreezeDelivery(deadline time.Time) error {
	s := p.subscriber
	if s == nil {
		return nil
	}
	s.mu.Lock()
	ended := s.ended
	if s.frozen = true; s.halt != nil {
		close(s.halt)
		s.halt = nil
	}
	s.mu.Unlock()
	if ended == nil {
		return nil
	}
	late := time.NewTimer(time.Until(deadline))
	defer late.Stop()
	select {
	case <-ended:
		return nil
	case <-late.C:
		p.ThawDelivery()
		return fmt.Errorf("busy: %s has not answered an event", p.Name)
	}
}

// ThawDelivery lets delivery go on.
func (p *Plugin) ThawDelivery() {
	if s := p.subscriber; s != nil {
		s.mu.Lock()
		s.frozen = false
		s.mu.Unlock()
		s.resume()
	}
}

// interrupted notes, or forgets with the zero time, when the delay ends that was interrupted. It returns what was noted before.
func (s *subscriber) interrupted(until time.Time) (before time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, s.until = s.until, until
	return before
}

// resume goes on with a delay that was interrupted.
func (s *subscriber) resume() {
	if s.delivery.Load() != delaying {
		return
	}
	s.mu.Lock()
	before := s.ended
	s.mu.Unlock()
	s.start(func() {
		if before != nil {
			<-before // it may be about to be interrupted
		}
		until := s.interrupted(time.Time{})
		if until.IsZero() {
			return
		}
		r, err := s.plugin.current()
		if err != nil {
			s.finish(delaying, rejected)
			return
		}
		s.wait(r, until)
	})
}

// ExportDelivery returns the state of the delivery, which is frozen.
func (p *Plugin) ExportDelivery() (state DeliveryState) {
	if s := p.subscriber; s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		state = DeliveryState{s.delay, handover.Time{Time: s.until}}
	}
	return state
}

// ImportDelivery gives a plug-in that has just been subscribed the state of another one.
func (p *Plugin) ImportDelivery(state DeliveryState) {
	s := p.subscriber
	if s == nil {
		return
	}
	if s.delay = max(state.Delay, minDelay); !state.Until.IsZero() {
		s.until = state.Until.Time
		s.delivery.Store(delaying)
	}
}

// BeginDelivery goes on with an imported delivery. The plug-in is up if it was.
func (p *Plugin) BeginDelivery() {
	if p.subscriber != nil {
		p.subscriber.resume()
	}
}

// Input is where the pool of the plug-in sends events to, nil if it has no pool.
func (p *Plugin) Input() events.Input {
	if p.subscriber == nil {
		return nil
	}
	return p.subscriber
}
