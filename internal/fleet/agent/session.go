package agent

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/fleet"
	"github.com/gosupervisor/supervisor/internal/fleet/identity"
)

// Limits of what an agent waits for.
const (
	dialLimit    = 3 * time.Second
	requestLimit = 5 * time.Second
	retryAfter   = 1500 * time.Millisecond
)

// session is a connection to a hub, from its start to the first error. It is never resumed: an event that was sent on a connection that
// broke may or may not be there, so the next session asks first.
type session struct {
	*Agent
	ctx    context.Context
	conn   *nats.Conn
	js     jetstream.JetStream
	states jetstream.KeyValue
	hosts  jetstream.KeyValue
	alive  jetstream.KeyValue
	stream jetstream.Stream
	beat   time.Duration // between heartbeats
	rev    uint64        // of the own heartbeat in its bucket
	self   fleet.Alive

	known  map[fleet.Process]fleet.State // what the hub has
	server serverInfo
}

// connect has one session after the other until its context ends, or the name is taken.
func (a *Agent) connect(ctx context.Context) error {
	complained := ""
	for {
		err := a.session(ctx)
		var taken *TakenError
		if errors.As(err, &taken) {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		if text := err.Error(); text != complained {
			a.o.Log.Printf("WARN no connection to a hub, events wait in the spool: %v", err)
			complained = text
		}
		if errors.Is(err, errLost) {
			complained = ""
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(retryAfter + rand.N(retryAfter)):
		}
	}
}

// errLost is the error of a session that had begun.
var errLost = errors.New("the connection was lost")

// session connects and works until an error, or the end of the agent.
func (a *Agent) session(ctx context.Context) error {
	options := []nats.Option{nats.Name("supervisor-fleet " + a.host), nats.Timeout(dialLimit), nats.NoReconnect(),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})} // what matters is an error of a request, too
	if a.o.Config.CAFile != "" {
		options = append(options, nats.RootCAs(a.o.Config.CAFile))
	}
	if len(a.o.Credentials) > 0 {
		options = append(options, nats.UserCredentialBytes(a.o.Credentials), nats.CustomInboxPrefix(identity.Inbox(a.host)))
	}
	conn, err := nats.Connect(strings.Join(a.o.Config.Hubs, ","), options...)
	if err != nil {
		return err
	}
	defer conn.Close()
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	conn.SetClosedHandler(func(*nats.Conn) { cancel(errLost) })
	s := &session{Agent: a, ctx: own, conn: conn}
	if err := s.open(); err != nil {
		return err
	}
	a.o.Log.Printf("INFO connected to %s as %s", conn.ConnectedUrl(), a.host)
	work := []func() error{s.sendEvents, s.putStates, s.heartbeats}
	ended := make(chan error, len(work))
	for _, f := range work {
		go func() {
			err := f()
			cancel(err)
			ended <- err
		}()
	}
	for range work {
		<-ended
	}
	err = context.Cause(own)
	if errors.Is(err, errEnds) {
		s.end()
		return nil
	}
	if errors.Is(err, errLost) {
		return err
	}
	return fmt.Errorf("%w: %w", errLost, err)
}

// open finds what the hub has, and takes the name of the host.
func (s *session) open() (err error) {
	if s.js, err = jetstream.New(s.conn, jetstream.WithPublishAsyncMaxPending(2*window), jetstream.WithPublishAsyncTimeout(requestLimit)); err != nil {
		return err
	}
	ctx, cancel := s.limit()
	defer cancel()
	for _, b := range []struct {
		name string
		to   *jetstream.KeyValue
	}{{fleet.StateBucket, &s.states}, {fleet.HostBucket, &s.hosts}, {fleet.AliveBucket, &s.alive}} {
		if *b.to, err = s.js.KeyValue(ctx, b.name); err != nil {
			return fmt.Errorf("%s is not a hub: %s: %w", s.conn.ConnectedUrl(), b.name, err)
		}
	}
	if s.stream, err = s.js.Stream(ctx, fleet.EventStream); err != nil {
		return fmt.Errorf("%s is not a hub: %s: %w", s.conn.ConnectedUrl(), fleet.EventStream, err)
	}
	status, err := s.alive.Status(ctx)
	if err != nil {
		return err
	}
	s.beat = status.TTL() / 3
	s.self = fleet.Alive{V: fleet.Version, Spool: s.spool.Name(), Epoch: s.spool.Rev().Epoch, Machine: s.o.Machine, PID: pid, Supervisord: fleet.Answers}
	return s.claim(ctx)
}

// limit returns a context for a request.
func (s *session) limit() (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.ctx, requestLimit)
}

// end sends what is in the spool for a while, and takes leave of the hub if supervisord stops.
func (s *session) end() {
	ctx, cancel := context.WithTimeout(context.Background(), flushLimit)
	defer cancel()
	s.ctx = ctx
	if err := s.sendAll(); err != nil {
		return
	}
	if states, _ := s.takePending(); len(states) > 0 {
		_ = s.put(states, nil)
	}
	if !s.supervisordStops() {
		_ = s.putHost("")
		return
	}
	if err := s.putHost(fleet.Stopping); err != nil {
		return
	}
	_ = s.alive.Delete(ctx, fleet.Escape(s.host), jetstream.LastRevision(s.rev))
}

// supervisordStops reports whether supervisord is stopping: it has said so by an event, or, if it did not send that any more, says so now.
func (s *session) supervisordStops() bool {
	s.mu.Lock()
	stopping := s.stopping
	s.mu.Unlock()
	if stopping {
		return true
	}
	ctx, cancel := context.WithTimeout(s.ctx, flushLimit/4)
	defer cancel()
	state, err := s.o.Supervisor.State(ctx)
	if err != nil {
		fault := api.FaultOf(err)
		return fault != nil && fault.Code == api.ShutdownState
	}
	return state.Code < int(api.DaemonRunning)
}
