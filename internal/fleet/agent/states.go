package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/fleet"
)

// Intervals of states.
const (
	compareEvery = time.Minute
	hostEvery    = time.Second // the counts of a host are put at most so often
)

// serverInfo is what supervisord says about itself.
type serverInfo struct{ version, identifier string }

// putStates keeps the states and the host at the hub right.
func (s *session) putStates() error {
	s.mu.Lock()
	s.stale = true
	s.mu.Unlock()
	compare := time.NewTicker(compareEvery)
	defer compare.Stop()
	due := time.NewTimer(0) // of the host
	defer due.Stop()
	for waits := true; ; {
		if changed, err := s.update(); err != nil {
			return err
		} else if changed && !waits {
			due.Reset(hostEvery)
			waits = true
		}
		select {
		case <-s.ctx.Done():
			return nil
		case <-s.changed:
		case <-compare.C:
			s.mu.Lock()
			s.stale = true
			s.mu.Unlock()
			if err := s.spool.Trim(time.Now(), s.o.Config.SpoolKeep); err != nil {
				s.o.Log.Printf("WARN cannot tidy the spool: %v", err)
			}
		case <-due.C:
			waits = false
			if err := s.putHost(""); err != nil {
				return err
			}
		}
	}
}

// update puts the states that events have changed, or, if they are stale, what differs from what supervisord reports.
func (s *session) update() (changed bool, err error) {
	states, stale := s.takePending()
	if !stale {
		return len(states) > 0, s.put(states, nil)
	}
	right, err := s.report()
	if err != nil { // supervisord does not answer, which the heartbeat says: the next comparison is the next chance
		return len(states) > 0, s.put(states, nil)
	}
	have, err := s.atHub()
	if err != nil {
		return false, err
	}
	put, gone := fleet.Differences(have, right, s.isPending)
	s.known = have
	return true, s.put(put, gone)
}

// report returns the states that supervisord reports.
func (s *session) report() (map[fleet.Process]fleet.State, error) {
	ctx, cancel := s.limit()
	defer cancel()
	rev := s.spool.Rev()
	list, err := s.o.Supervisor.AllProcessInfo(ctx)
	if err != nil {
		return nil, err
	}
	right := make(map[fleet.Process]fleet.State, len(list))
	for _, info := range list {
		right[fleet.Process{Host: s.host, Group: info.Group, Name: info.Name}] = fleet.StateOfInfo(info, rev)
	}
	if s.server.version == "" {
		version, err := s.o.Supervisor.SupervisorVersion(ctx)
		if err != nil {
			return nil, err
		}
		identifier, err := s.o.Supervisor.Identification(ctx)
		if err != nil {
			return nil, err
		}
		s.server = serverInfo{version, identifier}
	}
	return right, nil
}

// atHub returns the states that the hub has of this host.
func (s *session) atHub() (map[fleet.Process]fleet.State, error) {
	ctx, cancel := s.limit()
	defer cancel()
	watch, err := s.states.Watch(ctx, fleet.Escape(s.host)+".>", jetstream.IgnoreDeletes())
	if err != nil {
		return nil, err
	}
	defer func() { _ = watch.Stop() }()
	have := map[fleet.Process]fleet.State{}
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case entry := <-watch.Updates():
			if entry == nil {
				return have, nil
			}
			p, err := fleet.ParseKey(entry.Key())
			if err != nil {
				continue // not of an agent
			}
			// A state that cannot be read differs from all.
			have[p], _ = fleet.DecodeState(entry.Value())
		}
	}
}

// put puts and deletes states, and waits until the hub has them.
func (s *session) put(states map[fleet.Process]fleet.State, gone []fleet.Process) error {
	var futures []jetstream.PubAckFuture
	publish := func(p fleet.Process, m *nats.Msg) error {
		m.Subject = "$KV." + fleet.StateBucket + "." + p.Key()
		f, err := s.js.PublishMsgAsync(m)
		futures = append(futures, f)
		return err
	}
	for p, state := range states {
		data, err := json.Marshal(state)
		if err != nil {
			return err
		}
		if err := publish(p, &nats.Msg{Data: data}); err != nil {
			return err
		}
	}
	for _, p := range gone {
		// What KeyValue.Purge sends: nothing is left but a marker.
		if err := publish(p, &nats.Msg{Header: nats.Header{"KV-Operation": {"PURGE"}, jetstream.MsgRollup: {jetstream.MsgRollupSubject}}}); err != nil {
			return err
		}
	}
	for _, f := range futures {
		if err := s.acknowledged(f); err != nil {
			return fmt.Errorf("a state: %w", err)
		}
	}
	if s.known == nil {
		s.known = map[fleet.Process]fleet.State{}
	}
	maps.Copy(s.known, states)
	for _, p := range gone {
		delete(s.known, p)
	}
	return nil
}

// putHost puts what the host says about itself.
func (s *session) putHost(ended string) error {
	counts := map[string]int{}
	for _, state := range s.known {
		counts[state.State]++
	}
	data, err := json.Marshal(fleet.Host{
		V: fleet.Version, At: time.Now().UnixMilli(), Labels: s.o.Config.Labels, Agent: api.Version, Supervisord: s.server.version,
		Identifier: s.server.identifier, URL: s.o.Supervisor.URL(), Counts: counts, Ended: ended,
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(s.ctx, requestLimit)
	defer cancel()
	_, err = s.hosts.Put(ctx, fleet.Escape(s.host), data)
	return err
}
