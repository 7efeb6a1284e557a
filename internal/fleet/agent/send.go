package agent

import (
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/gosupervisor/supervisor/internal/fleet"
	"github.com/gosupervisor/supervisor/internal/fleet/spool"
)

// window is how many events are sent before the first of them is acknowledged.
const window = 256

// sendEvents sends what the hub does not have, then each event as it comes.
func (s *session) sendEvents() error {
	if err := s.resume(); err != nil {
		return err
	}
	for {
		if err := s.sendAll(); err != nil {
			return err
		}
		select {
		case <-s.ctx.Done():
			return nil
		case <-s.appended:
		}
	}
}

// resume finds the last event that the hub has. If that is older than what it has acknowledged, it has lost something, which is sent
// again; if it is later than all that there is, the spool is not the one that it comes from.
func (s *session) resume() error {
	ctx, cancel := s.limit()
	defer cancel()
	last, err := s.stream.GetLastMsgForSubject(ctx, fleet.EventSubject(s.host, fleet.AnyKind))
	var has fleet.Rev
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
	case err != nil:
		return err
	default:
		e, err := fleet.DecodeEvent(last.Data)
		host := ""
		if err == nil {
			host, has, err = fleet.ParseEventID(e.ID)
		}
		if err == nil && host != s.host {
			err = fmt.Errorf("it is of %s", host)
		}
		if err != nil {
			return fmt.Errorf("the last event of this host at the hub: %w", err)
		}
	}
	acked, end := s.spool.Acked(), s.spool.Rev()
	switch {
	case has.Epoch > end.Epoch || has.Epoch == end.Epoch && has.N > end.N:
		s.o.Log.Printf("WARN the hub has later events of this host, up to %v: all events get new numbers", has)
		return s.spool.Renumber(has.Epoch)
	case acked.After(has):
		s.o.Log.Printf("WARN the hub has lost events after %v: what is kept of them is sent again", has)
		has = s.forgotten(has, acked)
	case s.resend != (fleet.Rev{}) && has.After(s.resend):
		has = s.resend
	}
	s.resend = fleet.Rev{}
	s.spool.SetAcked(has)
	return nil
}

// forgotten returns after which event is sent again what the hub has lost. What is older than what must be kept is not: the hub may have
// removed it for its age.
func (s *session) forgotten(has, acked fleet.Rev) fleet.Rev {
	oldest := time.Now().Add(-s.o.Config.SpoolKeep).UnixMilli()
	for {
		records := s.spool.Read(has, window)
		if len(records) == 0 {
			return has
		}
		for _, r := range records {
			if r.Event.At >= oldest || r.Rev.After(acked) {
				return has
			}
			has = r.Rev
		}
	}
}

// sendAll sends all events that the hub does not have.
func (s *session) sendAll() error {
	s.tellDropped()
	for s.ctx.Err() == nil {
		records := s.spool.Read(s.spool.Acked(), window)
		if len(records) == 0 {
			return nil
		}
		if err := s.send(records); err != nil {
			return err
		}
	}
	return s.ctx.Err()
}

// tellDropped spools an event about events that the spool has lost.
func (s *session) tellDropped() {
	if n := s.spool.Dropped(); n > 0 {
		s.o.Log.Printf("WARN the spool was full or damaged: %d events were dropped", n)
		s.append(fleet.Event{Kind: fleet.AgentEvent, Agent: &fleet.AgentNote{Dropped: n}})
		s.spool.Told(n)
	}
}

// send sends events, and waits until all are acknowledged.
func (s *session) send(records []spool.Record) error {
	futures := make([]jetstream.PubAckFuture, 0, len(records))
	for _, r := range records {
		m := &nats.Msg{Subject: fleet.EventSubject(s.host, r.Event.Kind), Data: r.Data}
		f, err := s.js.PublishMsgAsync(m, jetstream.WithMsgID(r.Event.ID), jetstream.WithRetryAttempts(0))
		if err != nil {
			return err
		}
		futures = append(futures, f)
	}
	before := s.spool.Acked()
	for i, f := range futures {
		if err := s.acknowledged(f); err != nil {
			if isRefused(err) {
				s.resend = before
			}
			return fmt.Errorf("event %s: %w", records[i].Event.ID, err)
		}
		before = records[i].Rev
		s.spool.SetAcked(before)
	}
	return nil
}

// acknowledged waits for the answer to a message.
func (s *session) acknowledged(f jetstream.PubAckFuture) error {
	select {
	case <-f.Ok():
		return nil
	case err := <-f.Err():
		return err
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

// isRefused reports whether the hub has said that it does not have a message. Then it may have later ones, unlike after an error of the
// connection.
func isRefused(err error) bool {
	var refused *jetstream.APIError
	return errors.As(err, &refused) || errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse)
}
