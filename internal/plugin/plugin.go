// Package plugin calls the programs and servers that add methods to supervisord: [rpcinterface:x] with command= or url=.
// It knows the address of a plug-in and the methods that it lists, limits the time, size and number of calls, and delivers
// events in both directions. It starts no process: those of a plug-in are started like all others, and the loop of
// supervisord says when one can answer. Any goroutine may call the methods of Plugin. Only Call, Methods, Help and Signature
// wait for the plug-in.
package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// Options is what a Plugin is made from.
type Options struct {
	Name       string // of its methods, without the dot
	Config     *config.Plugin
	Identifier string   // of supervisord
	Dirs       []string // where the socket may be made; the first one that works is used
	Events     *events.Bus
	Log        *logs.Main
}

// Plugin is one plug-in, from New to Close. It exists as long as its group is active.
type Plugin struct {
	Options
	Socket *Socket // on which its processes listen; nil: the plug-in has a URL

	address    string // the URL of every request
	client     *http.Client
	timeout    time.Duration // of a call
	slots      chan struct{} // holds a value for each call in progress
	waiting    atomic.Int32  // calls that wait for a slot
	subscriber *subscriber   // nil: it subscribed to no events

	mu       sync.Mutex
	run      *run          // nil: the plug-in is down
	state    string        // why it is down, such as "BACKOFF"
	list     *list         // the last list of methods; nil: none yet
	fetching chan struct{} // closed when the list that is being fetched is there; nil: none is
}

// run is the period in which a plug-in can be called. The context ends with it; its cause says why.
type run struct {
	context.Context
	cancel context.CancelCauseFunc
}

// ErrClosed says that the plug-in's group is no longer active.
var ErrClosed = errors.New("the plug-in has been removed")

// DownError says that no process of the plug-in can answer.
type DownError struct{ Name, State string }

func (e *DownError) Error() string { return fmt.Sprintf("plug-in %s is %s", e.Name, e.State) }

// New makes a plug-in. One with a URL can be called at once, the others after Up.
func New(o Options) (*Plugin, error) {
	p := &Plugin{Options: o, timeout: time.Duration(o.Config.CallWait) * time.Second,
		slots: make(chan struct{}, o.Config.CallLimit), state: "STOPPED"}
	if o.Config.URL != "" {
		p.setAddress(o.Config.URL)
		p.Up()
		return p, nil
	}
	var err error
	if p.Socket, err = listen(o.Dirs, o.Name, o.Identifier); err != nil {
		return nil, fmt.Errorf("cannot make a socket for plug-in %s: %w", o.Name, err)
	}
	p.setAddress("unix://" + p.Socket.path)
	return p, nil
}

// Up lets the plug-in be called: it has a process that listens or soon will. It does nothing if it is up already.
func (p *Plugin) Up() {
	p.mu.Lock()
	if p.run != nil {
		p.mu.Unlock()
		return
	}
	p.run = &run{}
	p.run.Context, p.run.cancel = context.WithCancelCause(context.Background())
	p.mu.Unlock()
	if p.subscriber != nil {
		p.subscriber.enable()
	}
}

// Down ends all calls with a DownError: no process of the plug-in can answer. State is the state of the last one.
func (p *Plugin) Down(state string) { p.end(state, &DownError{p.Name, state}) }

// ProcessChanged has the list of methods fetched again when it is next used: the plug-in has another process.
func (p *Plugin) ProcessChanged() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.list != nil {
		p.list.outdated = true
	}
}

// Close ends all calls with ErrClosed, rejects the event that is being delivered and removes the socket. It does not wait
// for the calls to return.
func (p *Plugin) Close() {
	p.end("STOPPED", ErrClosed)
	if p.subscriber != nil {
		p.subscriber.close()
	}
	if p.Socket != nil {
		p.Socket.close()
	}
}

func (p *Plugin) end(state string, cause error) {
	if p.subscriber != nil {
		p.subscriber.listener.Disable()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = state
	if p.run != nil {
		p.run.cancel(cause)
		p.run = nil
	}
}

// current returns the run that a new call belongs to, or a *DownError.
func (p *Plugin) current() (*run, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run == nil {
		return nil, &DownError{p.Name, p.state}
	}
	return p.run, nil
}

// Declares reports whether event_types has the type.
func (p *Plugin) Declares(name string) bool { return slices.Contains(p.Config.EventTypes, name) }

// Role is the least role of the callers of its methods.
func (p *Plugin) Role() access.Role { return cmp.Or(p.Config.MethodsRole, access.Full) }
