// Package agent is the part of a fleet on each host: an event listener of supervisord, any supervisord, that keeps the events in a spool,
// sends them to a hub in order, and keeps the states of all processes there right. It changes nothing on the host. The listener never
// waits for the network: events are answered when they are in the spool.
//
// Three goroutines run while an agent is connected, besides the one that listens: one sends events, one puts states, one heartbeats.
package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/fleet"
	"github.com/gosupervisor/supervisor/internal/fleet/spool"
	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

// Supervisor is what an agent asks of supervisord.
type Supervisor interface {
	State(context.Context) (client.State, error)
	SupervisorVersion(context.Context) (string, error)
	Identification(context.Context) (string, error)
	AllProcessInfo(context.Context) ([]client.ProcessInfo, error)
	URL() string
}

// Options are what an agent needs.
type Options struct {
	Config      fleet.Agent // checked
	Credentials []byte      // the contents of the file; none: the hub knows no identities
	Supervisor  Supervisor
	In          io.Reader // of the protocol of listeners
	Out         io.Writer
	Log         *log.Logger
	Machine     string // the machine id
	Daemon      string // the run of supervisord that started this process
}

// Agent is an agent of one host.
type Agent struct {
	o     Options
	host  string
	spool *spool.Spool
	flood *flood

	appended chan struct{} // has an item after an event was spooled
	changed  chan struct{} // has an item after pending or stale has changed
	resend   fleet.Rev     // if set, the hub has refused the event after it; of the session

	mu       sync.Mutex
	pending  map[fleet.Process]fleet.State // to be put
	stale    bool                          // the states must be compared
	stopping bool                          // supervisord stops
	lost     uint64                        // events that could not be spooled
}

// TakenError says that another agent has the name of the host.
type TakenError struct {
	Host string
	By   fleet.Alive
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("host %s is taken by an agent on machine-id %s, pid %d", e.Host, e.By.Machine, e.By.PID)
}

// Limits of an agent that ends.
const (
	drainLimit = 100 * time.Millisecond // for events that are in its input
	flushLimit = 2 * time.Second        // for what it sends
)

// Run runs an agent until its context or its input ends. The error is a *TakenError or a *workdir.TakenError if another agent is there.
func Run(ctx context.Context, o Options) error {
	host := o.Config.Host
	if host == "" {
		name, err := os.Hostname()
		if err != nil {
			return err
		}
		host = name
	}
	s, err := spool.Open(o.Config.Spool, host, o.Config.SpoolMaxBytes, time.Now())
	if err != nil {
		return err
	}
	defer s.Close()
	a := &Agent{o: o, host: host, spool: s, flood: newFlood(time.Now()), appended: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		pending: map[fleet.Process]fleet.State{}, stale: true}
	return a.run(ctx)
}

func (a *Agent) run(ctx context.Context) error {
	previous, _ := a.spool.Last()
	a.append(fleet.Event{Kind: fleet.AgentEvent, Agent: &fleet.AgentNote{Started: true}})
	listened := make(chan error, 1)
	go func() { listened <- a.listen(previous) }()
	connected, disconnect := context.WithCancelCause(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.connect(connected) }()
	var err error
	select {
	case <-ctx.Done():
		select { // what supervisord sent before the signal is in the input
		case err = <-listened:
		case <-time.After(drainLimit):
		}
	case err = <-listened:
	case err := <-ended: // only if the name is taken
		disconnect(nil)
		return err
	}
	a.tellMerged()
	disconnect(errEnds)
	return errors.Join(err, <-ended)
}

// errEnds is why an agent that ends disconnects.
var errEnds = errors.New("the agent ends")

// append spools an event of the agent itself, or one of supervisord.
func (a *Agent) append(e fleet.Event) {
	e.At = time.Now().UnixMilli()
	a.mu.Lock()
	lost := a.lost
	a.mu.Unlock()
	if lost > 0 {
		gap := fleet.Event{At: e.At, Kind: fleet.AgentEvent, Agent: &fleet.AgentNote{Gap: lost}}
		if _, _, err := a.spool.Append(gap); err == nil {
			a.lose(-lost)
		}
	}
	e, rev, err := a.spool.Append(e)
	if err != nil {
		if lost == 0 {
			a.o.Log.Printf("ERROR cannot write to the spool, events are counted only: %v", err)
		}
		a.lose(1)
		rev = a.spool.Rev()
	}
	a.note(e, rev)
	signal(a.appended)
}

// lose adds n, which may be the negative of a number, to the events that were not spooled.
func (a *Agent) lose(n uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lost += n
}

// note has the states follow from an event.
func (a *Agent) note(e fleet.Event, rev fleet.Rev) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p, state, ok := fleet.StateOfEvent(e, rev)
	switch {
	case ok:
		p.Host = a.host
		a.pending[p] = state
	case e.Kind == fleet.GroupEvent, e.Agent != nil && e.Agent.Gap > 0, strings.HasPrefix(e.Type, "PROCESS_MEMBER"):
		a.stale = true
	case e.Type == api.SupervisorStateChangeStopping.String():
		a.stopping = true
		return
	default:
		return
	}
	signal(a.changed)
}

// signal puts an item into a channel that has room for one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// takePending returns the states that are to be put, and whether the states must be compared.
func (a *Agent) takePending() (states map[fleet.Process]fleet.State, stale bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	states, stale = a.pending, a.stale
	a.pending, a.stale = map[fleet.Process]fleet.State{}, false
	return states, stale
}

// isPending reports whether an event about a process has come since takePending.
func (a *Agent) isPending(p fleet.Process) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := a.pending[p]
	return ok
}
