// Package supervisor is the loop: the one goroutine that owns every group, process and deadline. It never waits for a
// child, a client or a log reader. Others reach it through Do; nobody else changes what it owns. A restart is no mode of
// it: Run ends, and main makes a new one.
package supervisor

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/orphans"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/pump"
)

// ErrDown is what Do returns when the loop has ended.
var ErrDown = errors.New("supervisord has shut down")

// Options is what a Supervisor is made from.
type Options struct {
	Config  *config.Config
	Log     *logs.Main
	Signals <-chan os.Signal // all but SIGCHLD
	Chld    <-chan os.Signal // SIGCHLD; capacity 1 is enough
	// Read reads the configuration again, for a reread or a restart. It may be called from any goroutine.
	Read func() (*config.Config, error)
	// Settled, if not nil, is called when everything that starts by itself has been started for the first time.
	Settled func()
	// Leaving, if not nil, is called in the loop when a shutdown or restart begins, and must not wait.
	Leaving func(restart bool)
	// Start starts a child: child.Start, but for tests.
	Start func(child.Spec) (int, error)
	// Environ is the environment that children inherit.
	Environ []string
	// Serial numbers events; it outlives a restart. Nil: a new one.
	Serial *events.Serial
}

// Supervisor is one life of supervisord, from reading its configuration to a shutdown or restart. All methods but Do
// must be called in the loop, that is from a function given to Do, or before Run.
type Supervisor struct {
	log     *logs.Main
	options Options
	host    process.Host
	read    *config.Config // the last one read; its groups are what may be added

	calls   chan call
	drained chan *process.Process
	down    chan struct{} // closed when the loop has ended

	version   atomic.Uint64      // grows before anything changes
	mood      atomic.Int32       // an api.Mood
	groups    []*Group           // ascending priority, equal ones as they were added
	listing   []*process.Process // by group and name, for status listings
	pids      map[int]*process.Process
	pending   []*process.Process // to be started for the first time, in this order
	deadlines deadlines
	timer     *time.Timer
	ticks     events.Ticks
	plugins   atomic.Pointer[plugins] // of the active groups, for all goroutines
	watches   []*Watch
	layout    int       // goes up when a group comes or goes
	tired     time.Time // after an unexpected failure: when to go on with our own work; zero: now
	resume    time.Time // when a listener may be sent what it did not accept; zero: there is none

	credentials map[string]string // in the environment of plug-ins

	record *orphans.Record // of the children; may be nil
	clear  <-chan struct{} // nil: nothing has to be waited for before the first starts
	begun  bool            // all groups of the configuration have been added
	next   *config.Config  // what a restart goes on with
	leave  []*Group        // during shutdown and restart: groups not yet stopped; the last one is being stopped
	report time.Time       // during shutdown and restart: when to tell next who is waited for
	limit  time.Time       // during shutdown and restart: when to kill what still runs; zero: never
}

type call struct {
	do    func()
	looks bool       // changes nothing
	done  chan error // capacity 1; brings what do failed with
}

// New makes a Supervisor with all groups of the configuration; their processes start when Run is called.
func New(o Options) (*Supervisor, error) {
	m, err := pump.New()
	if err != nil {
		return nil, err
	}
	s := &Supervisor{
		log: o.Log, options: o, read: o.Config,
		calls: make(chan call), drained: make(chan *process.Process), down: make(chan struct{}),
		pids: map[int]*process.Process{}, credentials: credentials(o.Config.Servers),
	}
	s.publish()
	s.mood.Store(int32(api.MoodRunning))
	s.host = process.Host{
		Log: o.Log, Pump: m, Start: o.Start, Syslog: &logs.Syslog{},
		Environ: o.Environ, ServerURL: serverURL(o.Config.Servers), StripANSI: o.Config.Supervisord.StripANSI,
		AutoLogDir: o.Config.Supervisord.ChildLogDir, Identifier: o.Config.Supervisord.Identifier,
		MaxFD: maxFD(), Spawned: s.spawned,
		Changed: s.changed,
		Drained: func(p *process.Process) {
			select {
			case s.drained <- p:
			case <-s.down:
			}
		},
	}
	s.host.Events.Serial = o.Serial
	if o.Serial == nil {
		s.host.Events.Serial = new(events.Serial)
	}
	s.ticks.Start(time.Now())
	for _, text := range config.SharedLogs(o.Config.Supervisord.Logfile, o.Config.Groups, 0) {
		s.log.Warnf("%s", text)
	}
	for _, g := range o.Config.Groups {
		if err := s.AddGroup(g); err != nil {
			s.removeSockets()
			m.Close()
			return nil, err
		}
	}
	s.begun = true
	return s, nil
}

// serverURL is where children find us: the first Unix server, else the first TCP server.
func serverURL(servers []config.Server) string {
	url := ""
	for _, srv := range servers {
		if srv.Unix {
			return srv.URL()
		}
		if url == "" {
			url = srv.URL()
		}
	}
	return url
}

// Do runs f in the loop and returns after it. When the loop has ended it returns ErrDown and f has not run; another error
// is a failure of f that nobody expected, which has been logged.
func (s *Supervisor) Do(f func()) error { return s.call(call{do: f}) }

// Look is Do for an f that changes nothing.
func (s *Supervisor) Look(f func()) error { return s.call(call{do: f, looks: true}) }

func (s *Supervisor) call(c call) error {
	c.done = make(chan error, 1)
	select {
	case s.calls <- c:
		return <-c.done
	case <-s.down:
		return ErrDown
	}
}

// Down is closed when the loop has ended.
func (s *Supervisor) Down() <-chan struct{} { return s.down }

// Run is the loop. It returns when everything has been stopped: with the configuration to go on with after a restart, nil
// after a shutdown.
func (s *Supervisor) Run() (next *config.Config) {
	s.timer = time.NewTimer(time.Hour)
	defer s.host.Pump.Close()
	defer s.removeSockets()
	defer close(s.down)
	s.host.Events.Emit(events.SupervisorStateChangeRunning, "")
	for over := false; !over; {
		if s.survive(func() { over = s.turn() }) != nil {
			s.tired = time.Now().Add(rest)
		}
	}
	s.lastSignals()
	if s.Mood() == api.MoodRestarting {
		return s.next
	}
	return nil
}

// turn does what is due and hears what comes; it tells whether the loop is over.
func (s *Supervisor) turn() (over bool) {
	if time.Now().Before(s.tired) {
		s.hear(true)
		return false
	}
	s.tired = time.Time{}
	if s.Mood() != api.MoodRunning && s.leaving(time.Now()) {
		return true
	}
	if s.due(time.Now()) {
		s.hear(false)
		s.version.Add(1)
		s.work(time.Now())
		return false
	}
	s.hear(true)
	return false
}

// rest is how long the loop only hears others after an unexpected failure: its own work may meet it again at once, and would
// fill the log.
const rest = 100 * time.Millisecond

// survive runs f, logs an unexpected failure and returns it: trouble with one program must not leave all of them alone.
func (s *Supervisor) survive(f func()) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("unexpected failure: %v", failure)
			s.log.Critf("%v\n%s", err, debug.Stack())
		}
	}()
	f()
	return nil
}

// lastSignals takes the signals that came while the loop took its last steps: a shutdown that was asked for while a
// restart came to its end must not be lost.
func (s *Supervisor) lastSignals() {
	for {
		select {
		case sig := <-s.options.Signals:
			s.signal(sig.(syscall.Signal))
		default:
			return
		}
	}
}

// hear takes one message from outside, and waits for one or for the next deadline if told so.
func (s *Supervisor) hear(wait bool) {
	var alarm, now <-chan time.Time
	if wait {
		alarm = s.alarm()
	} else {
		now = already
	}
	select {
	case c := <-s.calls:
		if !c.looks {
			s.version.Add(1)
		}
		c.done <- s.survive(c.do)
	case <-s.options.Chld:
		s.version.Add(1)
		s.log.Debugf("received SIGCHLD indicating a child quit")
		s.reap()
	case <-s.clear:
		s.version.Add(1)
		s.clear = nil
	case p := <-s.drained:
		s.version.Add(1)
		p.Gone()
	case <-s.host.Events.Pauses():
		s.version.Add(1)
		s.resumeEvents(time.Now())
	case sig := <-s.options.Signals:
		s.version.Add(1)
		s.signal(sig.(syscall.Signal))
	case <-alarm:
		s.version.Add(1)
		s.reap() // an exit that is known by now counts before a deadline that came after it
	case <-now:
	}
}

// already is always ready: it turns a select that waits into one that does not.
var already = func() <-chan time.Time { c := make(chan time.Time); close(c); return c }()

// reap takes every child that has ended.
func (s *Supervisor) reap() {
	err := child.Reap(func(e child.Exit) {
		p := s.pids[e.PID]
		if p == nil {
			s.log.Infof("reaped unknown pid %d (%s)", e.PID, process.ExitText(e))
			return
		}
		delete(s.pids, e.PID)
		p.Reaped(e, time.Now())
	})
	if err != nil {
		s.log.Critf("waitpid error %v; a process may not be cleaned up properly", err)
	}
}

// Mood is supervisord's own state. Only the loop changes it; unlike the other methods it may be called in any goroutine.
func (s *Supervisor) Mood() api.Mood { return api.Mood(s.mood.Load()) }

// Version is another number after every change of what the loop owns. Like Mood it may be called in any goroutine: while it
// stays the same, what a Look saw is still so.
func (s *Supervisor) Version() uint64 { return s.version.Load() }

// Groups are the active groups by ascending priority; of equal priority, the one that was added last comes last.
func (s *Supervisor) Groups() []*Group { return s.groups }

// Processes are all processes of the active groups, by group and name.
func (s *Supervisor) Processes() []*process.Process {
	if s.listing == nil {
		for _, g := range s.groups {
			s.listing = append(s.listing, g.Processes...)
		}
		slices.SortFunc(s.listing, func(a, b *process.Process) int {
			if c := strings.Compare(a.Group, b.Group); c != 0 {
				return c
			}
			return strings.Compare(a.Name(), b.Name())
		})
	}
	return s.listing
}

// Identifier is the name supervisord goes by.
func (s *Supervisor) Identifier() string { return s.host.Identifier }

// Log is the main log.
func (s *Supervisor) Log() *logs.Main { return s.log }
