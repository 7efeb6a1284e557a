package process

import (
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/check"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/output"
	"github.com/gosupervisor/supervisor/internal/pump"
	"github.com/gosupervisor/supervisor/internal/sdnotify"
	"github.com/gosupervisor/supervisor/internal/state"
)

// The variables by which a child learns where it reports to.
const (
	notifySocket = "NOTIFY_SOCKET"
	watchdogUsec = "WATCHDOG_USEC"
	readyFD      = "SUPERVISOR_READY_FD"
)

// notify is what a process with keys of config.Notify knows from the notifications of its child.
type notify struct {
	process *Process
	config  *config.Notify
	watch   *watch // nil: the child has had nothing to report in time

	queue    *sdnotify.Queue // of the child; nil: none
	socket   *sdnotify.Socket
	receives *pump.Pipe // the socket; nil: none
	pipe     *pump.Pipe // for readiness; nil: none

	launcher int     // the child that was started before the adopted one, while it exists
	reload   *reload // a request that waits for the child; nil: none
	status   string

	adopted   bool // the child is one that MAINPID= has named
	ready     bool
	expired   bool // the watchdog ends it
	reloading bool
	health    check.Health // by the watchdog
}

// newNotify returns the notify of a process, nil if its program uses none of it.
func newNotify(p *Process) *notify {
	if extra := p.Config.Extra; extra != nil && extra.Notify.Used() {
		return &notify{process: p, config: extra.Notify}
	}
	return nil
}

// open makes the socket and the pipe for the next child. Theirs are the descriptors to be closed after its start. The error holds
// a syscall.Errno.
func (n *notify) open(spec *child.Spec) (theirs []int, err error) {
	p := n.process
	n.setInterval(n.config.Watchdog)
	n.queue = sdnotify.NewQueue(func() { p.shared.Notified(p) })
	if n.config.HasSocket() {
		uid := -1
		if p.user != nil {
			uid = p.user.UID
		}
		socket, fd, err := sdnotify.Listen(sdnotify.Options{UID: uid, Dir: p.shared.AutoLogDir}, n.queue)
		if err != nil {
			return nil, err
		}
		n.socket = socket
		if n.receives, err = n.read(fd, socket); err != nil {
			return nil, err
		}
	}
	if n.config.Ready.How == config.ReadyFD {
		our, their, err := child.Pipe(true)
		if err != nil {
			return nil, err
		}
		if n.pipe, err = n.read(our, sdnotify.Pipe{Queue: n.queue}); err != nil {
			unix.Close(their)
			return nil, err
		}
		for range n.config.Ready.FD - len(spec.Files) - len(spec.More) { // sockets come before
			spec.More = append(spec.More, -1)
		}
		spec.More = append(spec.More, their)
		return []int{their}, nil
	}
	return nil, nil
}

// read has the pump read a descriptor, which is closed if there is an error.
func (n *notify) read(fd int, r pump.Receiver) (*pump.Pipe, error) {
	shared := n.process.shared
	if most := shared.MaxFD; most > 0 && fd > most { // the rest is kept for clients
		unix.Close(fd)
		return nil, syscall.EMFILE
	}
	return shared.Pump.AddReceiver(fd, r)
}

// pipes calls f for what the pump reads for it.
func (n *notify) pipes(f func(*pump.Pipe)) {
	for _, pipe := range [...]*pump.Pipe{n.receives, n.pipe} {
		if pipe != nil {
			f(pipe)
		}
	}
}

// environ adds the variables of the child to its environment.
func (n *notify) environ(env []string) []string {
	var own []string
	if n.socket != nil {
		own = append(own, notifySocket+"="+n.socket.Address)
	}
	if n.config.Watchdog > 0 {
		own = append(own, watchdogUsec+"="+strconv.FormatInt(n.config.Watchdog.Microseconds(), 10))
	}
	if n.config.Ready.How == config.ReadyFD {
		own = append(own, readyFD+"="+strconv.Itoa(n.config.Ready.FD))
	}
	return override(env, own, notifySocket, watchdogUsec, readyFD, "WATCHDOG_PID") // of environment=: what the keys ask for wins
}

// passesOn reads what an ended child has sent last, and returns true if another process is that of the program from now on.
func (n *notify) passesOn(now time.Time) bool {
	before := n.process.pid
	n.pipes((*pump.Pipe).ReceiveNow)
	n.take(now, now)
	return n.process.pid != before
}

// finish reads what the child has sent last, and handles it.
func (n *notify) finish(at, now time.Time) {
	n.pipes((*pump.Pipe).Finish)
	n.take(at, now)
}

// close forgets the child.
func (n *notify) close() {
	n.pipes((*pump.Pipe).Finish)
	if n.queue != nil {
		n.queue.Close()
	}
	if n.socket != nil {
		n.socket.Remove()
	}
	n.endLauncher()
	n.endReload(ReloadResult{Gone: true})
	n.queue, n.socket, n.receives, n.pipe, n.adopted = nil, nil, nil, nil, false
	n.ready, n.reloading, n.expired, n.status, n.health = false, false, false, "", check.Unknown
	n.process.extra.overall = check.Unknown
	n.set(time.Time{})
}

// Notified handles what the child has sent. A queue of an earlier child is closed, so nothing of that one is taken.
func (p *Process) Notified(now time.Time) {
	if n := p.notify(); n != nil {
		n.take(now, now)
	}
}

// notify returns the notify of the process, nil if its program uses none of it.
func (p *Process) notify() *notify {
	if p.extra == nil {
		return nil
	}
	return p.extra.notify
}

func (n *notify) take(at, now time.Time) {
	if n.queue != nil {
		n.queue.Take(func(m sdnotify.Message) { n.handle(m, at, now) })
	}
}

// handle does what a message asks for, which came at a time up to now.
func (n *notify) handle(m sdnotify.Message, at, now time.Time) {
	p, log := n.process, n.process.Log()
	if m.Refused > 0 {
		log.Debugf("ignored notifications for '%s' by user %d", p.Name(), m.Refused)
	}
	if m.Unknown != "" {
		log.Debugf("'%s' sent a notification without meaning here: %s", p.Name(), m.Unknown)
	}
	if m.Ended && !n.ready && p.reaped == nil {
		log.Warnf("%s closed its readiness pipe without being ready", p.Name())
	}
	if m.Status != nil {
		n.status = *m.Status
		p.shared.Changed(p)
	}
	if m.MainPID > 0 {
		n.adopt(m.MainPID)
	}
	if m.Extend > 0 {
		p.move(p.machine.Extend(now.Add(m.Extend), p.rules), false, false, now)
	}
	n.enter(m, at, now)
	if m.Watchdog != sdnotify.Silent || m.Interval > 0 {
		n.watchdog(m, now)
	}
}

// enter notes the state that the program reports.
func (n *notify) enter(m sdnotify.Message, at, now time.Time) {
	p := n.process
	running := p.machine.State == api.Running
	switch m.State {
	case sdnotify.None:
		return
	case sdnotify.Ready:
		if n.reloading {
			n.setReloading(false, now)
		}
		if sources[m.Source] != n.config.Ready.How {
			p.Log().Debugf("'%s' is ready (%s), but ready=%s", p.Name(), sources[m.Source], n.config.Ready.How)
			break
		}
		n.becomeReady(at, now)
	case sdnotify.Reloading:
		if running {
			n.setReloading(true, now)
		}
	case sdnotify.Stopping:
		n.ready = false
	}
	p.shared.Changed(p)
}

// sources has the kind of readiness that a message of each source is about.
var sources = [...]config.ReadyKind{sdnotify.FromSocket: config.ReadyNotify, sdnotify.FromPipe: config.ReadyFD, sdnotify.FromLog: config.ReadyLog}

// becomeReady notes that the child is ready.
func (n *notify) becomeReady(at, now time.Time) {
	n.ready = true
	if n.process.apply(state.Event{Kind: state.Ready}, at, now) {
		n.process.settle(now)
	}
}

// match returns the stage that looks for the line by which the child is ready, nil if there is none.
func (n *notify) match() *output.Match {
	if n.config.Ready.How != config.ReadyLog {
		return nil
	}
	queue := n.queue
	return &output.Match{Regexp: n.config.Ready.Line, Found: func() { queue.Ready(sdnotify.FromLog) }}
}

// members sets what clients see of the notifications.
func (n *notify) members(m *api.ProcessMore) {
	if how := n.config.Ready.How; how != config.ReadySecs && how != config.ReadyCheck { // that of a check is known by the check
		m.Ready = new(n.ready)
	}
	if n.reloading {
		m.Reloading = new(true)
	}
	m.StatusText = n.status
	if n.config.Watchdog > 0 && n.process.machine.State == api.Running {
		m.Health = n.health.String()
	}
}
