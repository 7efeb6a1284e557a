package supervisor

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/pump"
	"github.com/gosupervisor/supervisor/internal/socket"
)

// Starts that take nothing from their socket end when there were so many within this time.
const (
	vainStarts = 5
	vainTime   = 10 * time.Second
)

// activation starts the programs of a socket with activate=true by the first connection. The socket is watched only while none of them
// has a child, because nothing else accepts connections.
type activation struct {
	loop      *Loop
	socket    *socket.Socket
	processes []*process.Process
	watch     *watcher // nil: the socket is not watched

	started bool               // a connection has started them, and they have not ended since
	waiting int                // what waited in the socket then
	vain    []time.Time        // the last starts that took nothing, or of which that is not known yet
	fatal   []*process.Process // that are FATAL because of these
	limited bool               // since then there was no request
}

// activate adds a process to those that the first connection to a socket starts, if its section says so.
func (l *Loop) activate(s *socket.Socket, p *process.Process) {
	if !s.Config().Activate {
		return
	}
	a := l.activations[s]
	if a == nil {
		if l.activations == nil {
			l.activations = map[*socket.Socket]*activation{}
			l.nextActivation.run = l.reviewActivations
		}
		a = &activation{loop: l, socket: s}
		l.activations[s] = a
	}
	a.processes = append(a.processes, p)
	l.schedule(&l.nextActivation, time.Now())
}

// deactivate removes processes that are removed.
func (l *Loop) deactivate(processes []*process.Process) {
	gone := func(p *process.Process) bool { return slices.Contains(processes, p) }
	for s, a := range l.activations {
		a.processes, a.fatal = slices.DeleteFunc(a.processes, gone), slices.DeleteFunc(a.fatal, gone)
		if len(a.processes) == 0 {
			a.unwatch()
			delete(l.activations, s)
		}
	}
}

// activationChanged has the sockets looked at soon, because a process has changed. While none is activated by a connection, it costs one
// comparison.
func (l *Loop) activationChanged() {
	if l.activations != nil && l.nextActivation.at.IsZero() {
		l.schedule(&l.nextActivation, time.Now())
	}
}

// reviewActivations watches the sockets whose programs have no child, and no others.
func (l *Loop) reviewActivations(now time.Time) {
	l.schedule(&l.nextActivation, time.Time{})
	for _, a := range l.activations {
		a.review(now)
	}
}

func (a *activation) review(now time.Time) {
	a.fatal = slices.DeleteFunc(a.fatal, func(p *process.Process) bool { return p.State() != api.Fatal })
	if a.loop.shared.ShuttingDown || !a.socket.Open() {
		a.unwatch()
		return
	}
	if slices.ContainsFunc(a.processes, busy) {
		a.limited = false
		a.unwatch()
		return
	}
	if a.started {
		a.ended(now)
	}
	if a.limited || !slices.ContainsFunc(a.processes, a.startable) {
		a.unwatch()
		return
	}
	a.begin(now)
}

// busy reports whether a process has a child, or will have one without a connection.
func busy(p *process.Process) bool {
	return p.PID() != 0 || p.StartComes() || p.Gate().Held || !p.State().IsStopped()
}

// startable reports whether a connection starts a process.
func (a *activation) startable(p *process.Process) bool {
	switch p.State() {
	case api.Stopped, api.Exited:
	case api.Fatal:
		if !slices.Contains(a.fatal, p) {
			return false
		}
	default:
		return false
	}
	return !p.Disabled() && a.loop.dependenciesMet(p)
}

// dependenciesMet reports whether dependencies let a process start without a request.
func (l *Loop) dependenciesMet(p *process.Process) bool {
	if l.depends == nil {
		return true
	}
	met, _ := l.depends.graphNow().Open(p, l.depends.facts)
	return met
}

// ended looks at what the start by a connection has brought. If as much waits as before, it took nothing.
func (a *activation) ended(now time.Time) {
	a.started = false
	if n := a.socket.Waiting(); n == 0 || n < a.waiting {
		a.vain = nil
		return
	}
	a.vain = slices.DeleteFunc(a.vain, func(at time.Time) bool { return now.Sub(at) > vainTime })
	if len(a.vain) < vainStarts {
		return
	}
	a.vain, a.limited = nil, true
	problem := fmt.Sprintf("socket %s: %d starts within %v seconds", a.socket.Config().Name, vainStarts, vainTime.Seconds())
	for _, p := range a.processes {
		if p.State() != api.Fatal && a.startable(p) {
			a.fatal = append(a.fatal, p)
			p.GiveUp(problem, now)
			p.LogGaveUp().Infof("gave up: %s entered FATAL state, %s", p.Name(), problem)
		}
	}
}

// begin watches the socket. Without a descriptor for that, it is tried again.
func (a *activation) begin(now time.Time) {
	if a.watch != nil {
		return
	}
	fd, err := a.socket.Duplicate()
	if err == nil {
		w := &watcher{report: func() { a.loop.notices.add(a) }}
		if w.pipe, err = a.loop.shared.Pump.AddReceiver(fd, w); err == nil {
			a.watch = w
			return
		}
	}
	a.loop.log.Warnf("connections to socket %s start nothing for a moment: %v", a.socket.Config().Name, err)
	a.loop.schedule(&a.loop.nextActivation, now.Add(time.Second))
}

func (a *activation) unwatch() {
	if a.watch != nil {
		a.watch.end()
		a.watch = nil
	}
}

// Notified starts the programs, because something waits in the socket.
func (a *activation) Notified(now time.Time) {
	if a.watch == nil || !a.watch.done.Load() { // it is not watched any more, or again
		return
	}
	a.unwatch()
	a.waiting = a.socket.Waiting()
	if a.waiting > 0 && !a.loop.shared.ShuttingDown && !slices.ContainsFunc(a.processes, busy) {
		a.start(now)
	}
	a.loop.activationChanged()
}

func (a *activation) start(now time.Time) {
	for _, p := range a.processes {
		if !a.startable(p) {
			continue
		}
		p.Log().Infof("%s starts because of a connection to %s", p.Name(), a.socket.Config().Name)
		p.Start(now)
		a.started = true
	}
	if a.started {
		a.vain = append(a.vain, now)
	}
}

// watcher reports once that a descriptor can be read. It implements pump.Receiver.
type watcher struct {
	pipe   *pump.Pipe
	report func()
	done   atomic.Bool
}

// Receive implements pump.Receiver.
func (w *watcher) Receive(int) (more bool) {
	if !w.done.Swap(true) {
		w.report()
	}
	return false
}

// Backpressure implements pump.Receiver.
func (w *watcher) Backpressure() <-chan struct{} { return nil }

// end closes the descriptor.
func (w *watcher) end() {
	w.done.Store(true)
	w.pipe.Finish()
}
