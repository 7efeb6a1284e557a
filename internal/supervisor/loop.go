package supervisor

import (
	"fmt"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/cgroup"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/orphans"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/socket"
	"github.com/gosupervisor/supervisor/internal/timers"
)

// Loop owns the state of the daemon. Only functions given to Supervisor.Do have one, and they must not keep it.
type Loop struct {
	View
	handle  *Supervisor
	log     *logs.Main
	options Options
	shared  process.Shared
	read    *config.Config // the last one read; its groups are what may be added

	drained chan *process.Process
	results chan func(now time.Time) // what goroutines that work for the loop have done
	notices notices

	groups   []*Group           // ascending priority, equal ones as they were added
	listing  []*process.Process // by group and name, for status listings; nil: to be made
	layout   int                // grows when a group is added or removed
	watches  []*Watch
	children map[int]ownedChild // by pid
	draining []*helper.Run      // that have been reaped while there was output to read, with some that have been read since
	record   *orphans.Record    // of the children; may be nil

	pending []*process.Process // waiting for their first start, in this order
	depends *depends           // nil: nothing depends on anything, and first starts have no pace
	clear   <-chan struct{}    // holds the first starts back until it is closed; nil: nothing does

	timers     timers.Heap
	nextTick   deadline // of the ticks
	mainTurn   deadline // of the rotation of the main log by the clock
	nextResume deadline // of what the event pools have to do
	timer      *time.Timer
	alarmed    bool // the timer has fired since exits were looked for
	ticks      events.Ticks

	cgroups   *cgroup.Tree // nil: no program wants one
	schedules *schedules   // nil: no process is started by the clock

	recycles    map[string]*recycles // by section of the program; nil: none
	nextRecycle deadline             // when to go on with them

	leaving        map[*process.Process]api.Reason // are removed from their groups when they have stopped, and why; nil: none
	nextLeave      deadline                        // when to look at them
	scaling        map[string]bool                 // programs whose number of processes is being changed
	activations    map[*socket.Socket]*activation  // nil: none
	nextActivation deadline                        // when to look at them
	upcoming       map[*process.Process]newSockets // by processes that get others; nil: none does
	nextSettle     deadline                        // when to close sockets that updates have not used

	files *files // nil: no program watches files

	pausedUntil time.Time         // after a recovered panic: when to go on with the loop's own work; zero: now
	credentials map[string]string // in the environment of plug-ins
	initialized bool              // all groups of the configuration have been added
	imported    *imported         // nil: nothing, or Begin has gone on with it
	resumed     bool              // it was imported
	rereading   bool              // the configuration is read for a restart
	next        *config.Config    // what a restart goes on with
	shutdown    *shutdown         // nil until a shutdown or restart begins
	status      int               // the exit status of supervisord after a shutdown
}

// run is Supervisor.Run.
func (l *Loop) run() (next *config.Config, status int) {
	l.timer = time.NewTimer(time.Hour)
	defer l.shared.Pump.Close()
	defer l.removeSockets()
	defer l.closeCgroups()
	defer l.endFiles()
	defer close(l.handle.down)
	if !l.resumed {
		before := api.DaemonShutdown
		if l.options.Restarted {
			before = api.DaemonRestarting
		}
		l.recordState(before, api.DaemonRunning)
		l.shared.Events.Emit(api.SupervisorStateChangeRunning, "")
		l.watchMainLog(time.Now())
	}
	for over := false; !over; {
		if l.recover(func() { over = l.step() }) != nil {
			l.pausedUntil = time.Now().Add(pause)
		}
	}
	l.lastSignals()
	if l.state() == api.DaemonRestarting {
		return l.next, 0
	}
	return nil, l.status
}

// state is the state of the daemon.
func (l *Loop) state() api.DaemonState { return l.handle.State() }

// enter changes the state of the daemon.
func (l *Loop) enter(s api.DaemonState) { l.handle.state.Store(int32(s)) }

// changes notes that what the loop owns is about to change.
func (l *Loop) changes() { l.handle.version.Add(1) }

// step does one piece of the loop's own work that is due, or waits for a message. It reports whether the loop has ended.
func (l *Loop) step() (over bool) {
	if time.Now().Before(l.pausedUntil) {
		l.receive(true)
		return false
	}
	l.pausedUntil = time.Time{}
	if l.state() != api.DaemonRunning && l.stopGroups(time.Now()) {
		return true
	}
	if l.due(time.Now()) {
		l.receive(false)
		l.changes()
		l.work(time.Now())
		return false
	}
	l.receive(true)
	return false
}

// pause is how long the loop serves requests only, after a recovered panic, so that a repeated panic cannot flood the log.
const pause = 100 * time.Millisecond

// recover runs f, logs a panic in it and returns it as an error: a defect met by one program must not end supervision of
// all others.
func (l *Loop) recover(f func()) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("unexpected failure: %v", failure)
			l.log.Lines(api.Critical, err.Error(), debug.Stack())
		}
	}()
	f()
	return nil
}

// lastSignals handles the signals that arrived during the last steps of the loop: a shutdown requested at the end of a
// restart must not be lost.
func (l *Loop) lastSignals() {
	for {
		select {
		case sig := <-l.options.Signals:
			l.signal(sig.(syscall.Signal))
		default:
			return
		}
	}
}

// receive handles one message, and if wait is true waits for one or for the next deadline.
func (l *Loop) receive(wait bool) {
	var alarm, now <-chan time.Time
	if wait {
		alarm = l.alarm()
	} else {
		now = already
	}
	select {
	case c := <-l.handle.calls:
		if c.read != nil {
			c.done <- l.recover(func() { c.read(l.View) })
			return
		}
		l.changes()
		c.done <- l.recover(func() { c.change(l) })
	case <-l.options.Chld:
		l.changes()
		l.log.Debugf("received SIGCHLD indicating a child quit")
		l.reap(time.Now())
	case <-l.clear:
		l.changes()
		l.clear = nil
		if l.schedules != nil {
			l.schedules.wait(time.Now())
		}
	case p := <-l.drained:
		l.changes()
		p.FinishExit(time.Now())
	case f := <-l.results:
		l.changes()
		f(time.Now())
	case <-l.notices.some:
		l.changes()
		l.notices.next().Notified(time.Now())
	case <-l.shared.Events.Wake():
		l.changes()
		l.resumeEvents(time.Now())
	case sig := <-l.options.Signals:
		l.changes()
		l.signal(sig.(syscall.Signal))
	case <-alarm:
		l.changes()
		l.alarmed = true
	case <-now:
	}
}

// already is always ready: it turns a select that waits into one that does not.
var already = func() <-chan time.Time { c := make(chan time.Time); close(c); return c }()
