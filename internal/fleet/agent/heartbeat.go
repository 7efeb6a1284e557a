package agent

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/gosupervisor/supervisor/internal/fleet"
)

var pid = os.Getpid()

// claim puts the first heartbeat of a session. The error is a *TakenError if another agent has the name.
func (s *session) claim(ctx context.Context) error {
	key := fleet.Escape(s.host)
	for range 3 { // a key may expire between two requests
		s.self.At = time.Now().UnixMilli()
		data, err := json.Marshal(s.self)
		if err != nil {
			return err
		}
		entry, err := s.alive.Get(ctx, key)
		switch {
		case errors.Is(err, jetstream.ErrKeyNotFound):
			s.rev, err = s.alive.Create(ctx, key, data)
		case err != nil:
			return err
		default:
			other, bad := fleet.DecodeAlive(entry.Value())
			if bad == nil && !other.IsPastOf(s.self) {
				return &TakenError{s.host, other}
			}
			s.rev, err = s.alive.Update(ctx, key, data, entry.Revision())
		}
		if !isConflict(err) {
			return err
		}
	}
	return errors.New("the heartbeat of this host changes all the time")
}

// isConflict reports whether a key was not as expected.
func isConflict(err error) bool {
	return errors.Is(err, jetstream.ErrKeyExists) || errors.Is(err, jetstream.ErrKeyNotFound)
}

// heartbeats puts a heartbeat at intervals, once supervisord has answered, or has not in time.
func (s *session) heartbeats() error {
	tick := time.NewTicker(s.beat)
	defer tick.Stop()
	for {
		s.self.Supervisord = s.ask()
		if err := s.heartbeat(); err != nil {
			return err
		}
		select {
		case <-s.ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// ask returns whether supervisord answers.
func (s *session) ask() string {
	ctx, cancel := context.WithTimeout(s.ctx, min(requestLimit, s.beat))
	defer cancel()
	if _, err := s.o.Supervisor.State(ctx); err != nil && s.ctx.Err() == nil {
		return fleet.Silent
	}
	return fleet.Answers
}

// heartbeat replaces the own heartbeat. If there is another one, or none any more, the name is claimed again.
func (s *session) heartbeat() error {
	ctx, cancel := s.limit()
	defer cancel()
	s.self.At = time.Now().UnixMilli()
	data, err := json.Marshal(s.self)
	if err != nil {
		return err
	}
	rev, err := s.alive.Update(ctx, fleet.Escape(s.host), data, s.rev)
	if isConflict(err) {
		return s.claim(ctx)
	}
	if err == nil {
		s.rev = rev
	}
	return err
}
