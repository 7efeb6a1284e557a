package ctl

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/pflag"

	"github.com/gosupervisor/supervisor/internal/fleet"
)

func noFlags(*pflag.FlagSet, *options) {}

// forget deletes what the hub knows about a host that will not come back. Its events stay until they are old. A host that sends
// heartbeats would be there again at once, so it is refused.
func forget(ctx context.Context, s *session) (int, error) {
	if len(s.selector.Names) != 1 || len(s.selector.Hosts)+len(s.selector.Labels) > 0 {
		return 0, &statusError{badUsage, "forget needs the name of one host, and nothing else"}
	}
	name := s.selector.Names[0]
	hosts, err := s.readHosts(ctx)
	if err != nil {
		return 0, err
	}
	switch h := hosts[name]; {
	case h == nil:
		return 0, &statusError{nothing, "there is no host " + name}
	case h.alive != nil:
		return 0, fmt.Errorf("host %s is %s: it would be there again", name, h.state())
	}
	s.selector.Names = nil // it is no pattern of processes
	states, err := s.readStates(ctx, map[string]*host{name: hosts[name]})
	if err != nil {
		return 0, err
	}
	for p := range states {
		if err := s.purge(ctx, fleet.StateBucket, p.Key()); err != nil {
			return 0, err
		}
	}
	for _, bucket := range []string{fleet.AliveBucket, fleet.HostBucket} { // the host last: until then the command can be repeated
		if err := s.purge(ctx, bucket, fleet.Escape(name)); err != nil {
			return 0, err
		}
	}
	_, err = fmt.Fprintf(s.out, "%s: forgotten\n", printable(name))
	return 0, err
}

// purge deletes a key with its history.
func (s *session) purge(ctx context.Context, bucket, key string) error {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	kv, err := s.js.KeyValue(ctx, bucket)
	if err != nil {
		return s.noHub(err)
	}
	if err := kv.Purge(ctx, key); err != nil && !errors.Is(err, jetstream.ErrKeyNotFound) {
		return fmt.Errorf("cannot delete %s of %s: %w", key, bucket, err)
	}
	return nil
}
