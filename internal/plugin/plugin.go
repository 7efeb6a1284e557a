// Package plugin calls the programs that give supervisord methods of their own: [rpcinterface:x] with command= or url=.
// It knows where a plug-in answers, what it lists, and how much it may take of time, room and calls; it carries events to
// it and from it. It starts nothing: the processes of a plug-in are processes like all others, and the loop tells when
// they come and go. All methods may be called in any goroutine, and none but Call, Methods, Help and Signature waits for
// the plug-in.
package plugin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/logs"
)

// Options is what a Plugin is made from.
type Options struct {
	Name       string // of its methods, without the dot
	Config     *config.Plugin
	Identifier string   // of supervisord
	Dirs       []string // where the socket of a child may be made; the first with a path that is short enough counts
	Events     *events.Bus
	Log        *logs.Main
}

// Plugin is one plug-in as long as its group is active.
type Plugin struct {
	Options
	Socket *Socket // what its processes listen on; nil: a server elsewhere

	address    string // the URL of every request
	client     *http.Client
	wait       time.Duration // how long a call may take
	slots      chan struct{} // holds a value for each call that is going on
	waiting    atomic.Int32  // calls that wait for a slot
	subscriber *subscriber   // nil: it wants no events
	deliveries sync.WaitGroup

	mu     sync.Mutex
	now    *run   // nil: it is down
	state  string // why it is down, such as "BACKOFF"
	list   *list  // what it told last; nil: nothing yet
	asking chan struct{}
}

// run is the time from when a plug-in can be called until it cannot, or is another child.
type run struct {
	context.Context
	end context.CancelCauseFunc
}

// ErrClosed says that the plug-in's group is active no more.
var ErrClosed = errors.New("the plug-in is gone")

// DownError says that no process of the plug-in runs.
type DownError struct{ Name, State string }

func (e *DownError) Error() string { return fmt.Sprintf("plug-in %s is %s", e.Name, e.State) }

// New makes a plug-in. One with a URL can be called at once, another when the loop says so.
func New(o Options) (*Plugin, error) {
	p := &Plugin{Options: o, wait: time.Duration(o.Config.CallWait) * time.Second,
		slots: make(chan struct{}, o.Config.CallLimit), state: "STOPPED"}
	if o.Config.URL != "" {
		p.setAddress(o.Config.URL)
		p.begin()
		return p, nil
	}
	var err error
	if p.Socket, err = listen(o.Dirs, o.Name, o.Identifier); err != nil {
		return nil, fmt.Errorf("cannot make a socket for plug-in %s: %w", o.Name, err)
	}
	p.setAddress("unix://" + p.Socket.path)
	return p, nil
}

// Up says that the plug-in has a process, which listens or soon will.
func (p *Plugin) Up() {
	p.mu.Lock()
	begins := p.now == nil
	p.mu.Unlock()
	if begins {
		p.begin()
	}
}

func (p *Plugin) begin() {
	l := &run{}
	l.Context, l.end = context.WithCancelCause(context.Background())
	p.mu.Lock()
	p.now = l
	p.mu.Unlock()
	if p.subscriber != nil {
		p.subscriber.open()
	}
}

// Down says that no process of the plug-in is left that could answer. What was asked of it ends at once.
func (p *Plugin) Down(state string) { p.end(state, &DownError{p.Name, state}) }

// ProcessChanged says that the plug-in has another process, whose methods may be others.
func (p *Plugin) ProcessChanged() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.list != nil {
		p.list.old = true
	}
}

// Close ends all that has to do with the plug-in. Its group has been taken out.
func (p *Plugin) Close() {
	p.end("STOPPED", ErrClosed)
	p.deliveries.Wait()
	if p.Socket != nil {
		p.Socket.close()
	}
}

func (p *Plugin) end(state string, why error) {
	if p.subscriber != nil {
		p.subscriber.listener.Disable()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = state
	if p.now != nil {
		p.now.end(why)
		p.now = nil
	}
}

// current is the life that calls are part of, or why there is none.
func (p *Plugin) current() (*run, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == nil {
		return nil, &DownError{p.Name, p.state}
	}
	return p.now, nil
}

// Declares is true if the plug-in declared the type of events.
func (p *Plugin) Declares(name string) bool { return slices.Contains(p.Config.EventTypes, name) }
