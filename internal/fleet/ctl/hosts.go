package ctl

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/gosupervisor/supervisor/internal/fleet"
)

// host is what is known about a host.
type host struct {
	fleet.Host
	alive  *fleet.Alive // nil: there is no heartbeat
	behind time.Duration
	seen   time.Time // if there is none: about when the last one was
}

// How a host is.
const (
	up      = "up"
	silent  = "silent"  // its supervisord does not answer
	stopped = "stopped" // its supervisord was stopped
	lost    = "lost"    // its heartbeat has expired
)

// state returns how the host is.
func (h host) state() string {
	switch {
	case h.alive == nil && h.Ended == fleet.Stopping:
		return stopped
	case h.alive == nil:
		return lost
	case h.alive.Supervisord != fleet.Answers:
		return silent
	}
	return up
}

// requestLimit is how long the hub may take to answer a question.
const requestLimit = 10 * time.Second

// each calls f with each entry that matches keys, those that mark deleted ones included.
func each(ctx context.Context, js jetstream.JetStream, bucket, keys string, f func(jetstream.KeyValueEntry)) error {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	kv, err := js.KeyValue(ctx, bucket)
	if err != nil {
		return err
	}
	watch, err := kv.Watch(ctx, keys)
	if err != nil {
		return err
	}
	defer func() { _ = watch.Stop() }()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case entry := <-watch.Updates():
			if entry == nil {
				return nil
			}
			f(entry)
		}
	}
}

// readHosts returns the selected hosts by name.
func (s *session) readHosts(ctx context.Context) (map[string]*host, error) {
	hosts := map[string]*host{}
	err := each(ctx, s.js, fleet.HostBucket, ">", func(entry jetstream.KeyValueEntry) {
		name, bad := fleet.Unescape(entry.Key())
		h, err := fleet.DecodeHost(entry.Value())
		if entry.Operation() == jetstream.KeyValuePut && bad == nil && err == nil && s.selector.Host(name, h.Labels) {
			hosts[name] = &host{Host: h, seen: time.UnixMilli(h.At)}
		}
	})
	if err != nil {
		return nil, s.noHub(err)
	}
	ttl, err := s.lostAfter(ctx)
	if err != nil {
		return nil, s.noHub(err)
	}
	err = each(ctx, s.js, fleet.AliveBucket, ">", func(entry jetstream.KeyValueEntry) {
		name, bad := fleet.Unescape(entry.Key())
		h := hosts[name]
		if bad != nil || h == nil {
			return
		}
		if entry.Operation() != jetstream.KeyValuePut { // the marker of one that has expired, or was deleted
			if last := entry.Created().Add(-ttl); last.After(h.seen) {
				h.seen = last
			}
			return
		}
		if alive, err := fleet.DecodeAlive(entry.Value()); err == nil {
			h.alive, h.behind = &alive, time.UnixMilli(alive.At).Sub(entry.Created())
		}
	})
	return hosts, err
}

// lostAfter returns how long a heartbeat lasts.
func (s *session) lostAfter(ctx context.Context) (time.Duration, error) {
	kv, err := s.js.KeyValue(ctx, fleet.AliveBucket)
	if err != nil {
		return 0, err
	}
	status, err := kv.Status(ctx)
	if err != nil {
		return 0, err
	}
	return status.TTL(), nil
}

// readStates returns the selected processes of hosts.
func (s *session) readStates(ctx context.Context, hosts map[string]*host) (map[fleet.Process]fleet.State, error) {
	states := map[fleet.Process]fleet.State{}
	err := each(ctx, s.js, fleet.StateBucket, ">", func(entry jetstream.KeyValueEntry) {
		p, bad := fleet.ParseKey(entry.Key())
		state, err := fleet.DecodeState(entry.Value())
		if entry.Operation() == jetstream.KeyValuePut && bad == nil && err == nil && hosts[p.Host] != nil && s.selector.Process(p, state.State) {
			states[p] = state
		}
	})
	return states, err
}
