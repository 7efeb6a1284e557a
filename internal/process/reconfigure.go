package process

import (
	"os"
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/check"
	"github.com/gosupervisor/supervisor/internal/child/step"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/output"
	"github.com/gosupervisor/supervisor/internal/pump"
	"github.com/gosupervisor/supervisor/internal/state"
)

// deferred is a configuration that a process has from its next start.
type deferred struct {
	config *config.Process
	keys   string // in which it differs from that in use
	queued bool   // the process is to be restarted for it, and waits for its turn
}

// Reconfigure gives the process another configuration of the same name. What a child got at its start counts from the next start, and if
// the process is being stopped, everything does: a stop goes on as it began. Limits of a cgroup in which a child is count when the kernel
// has taken them.
func (p *Process) Reconfigure(to *config.Process, now time.Time) {
	change := config.Pair{Configured: p.Config, Read: to}
	inPlace, later := change.Keys()
	all := slices.Concat(inPlace, later)
	limits := p.liveLimits(inPlace)
	switch {
	case !p.childKeeps():
		p.use(to, now)
		p.later(nil, nil)
	case p.ends() && all != nil:
		p.later(to, all)
	default:
		later = slices.Concat(limits, later)
		p.use(change.Kept(later...), now)
		p.later(to, later)
	}
	if p.childKeeps() {
		p.limit(now)
	}
	p.shared.Changed(p)
}

// Defer gives a process that has just been imported the configuration that it has from its next start, unless it has it already.
func (p *Process) Defer(to *config.Process) {
	if to == p.Config {
		return
	}
	inPlace, later := config.Pair{Configured: p.Config, Read: to}.Keys()
	p.later(to, slices.Concat(inPlace, later))
}

// Configured is the configuration of the process, which it may not have before its next start.
func (p *Process) Configured() *config.Process {
	if d := p.deferred(); d != nil {
		return d.config
	}
	return p.Config
}

// Stale are the keys whose values the process has from its next start, empty for none.
func (p *Process) Stale() string {
	if d := p.deferred(); d != nil {
		return d.keys
	}
	return ""
}

// Queue notes whether the process waits to be restarted for its configuration. It does nothing if that is in use.
func (p *Process) Queue(waits bool) {
	if d := p.deferred(); d != nil {
		d.queued = waits
		p.wakeWaiters()
	}
}

// Queued reports whether the process waits to be restarted for its configuration.
func (p *Process) Queued() bool {
	d := p.deferred()
	return d != nil && d.queued
}

func (p *Process) deferred() *deferred {
	if p.extra == nil {
		return nil
	}
	return p.extra.deferred
}

// later notes which configuration the process has from its next start, and in which keys it differs; none: it has it already.
func (p *Process) later(to *config.Process, keys []string) {
	switch {
	case len(keys) > 0 && p.extra == nil:
		p.extra = &extra{}
		fallthrough
	case len(keys) > 0:
		p.extra.deferred = &deferred{config: to, keys: config.KeyList(keys)}
	case p.extra != nil:
		p.extra.deferred = nil
	}
}

// childKeeps reports whether there is a child, or its end is being handled.
func (p *Process) childKeeps() bool { return p.pid != 0 || p.reaped != nil || p.ends() }

// ends reports whether the process is being stopped, or its child has ended.
func (p *Process) ends() bool {
	return p.reaped != nil || p.machine.State == api.Stopping || p.machine.Phase == state.Late
}

// catchUp gives a process without a child the configuration that it is to have from its next start.
func (p *Process) catchUp(now time.Time) {
	if d := p.deferred(); d != nil && !p.childKeeps() {
		p.use(d.config, now)
		p.extra.deferred = nil
		p.shared.Changed(p)
	}
}

// use makes a configuration that of the process, and makes anew what was made of that before. A key of Update inPlace of which a process
// keeps something beyond Config needs a line here.
func (p *Process) use(to *config.Process, now time.Time) {
	before := p.Config
	p.Config, p.rules = to, p.shared.rules(to)
	if p.extra == nil {
		p.extra = newExtra(to)
	}
	if before.Run.User != to.Run.User || !to.SameGroups(before) {
		p.user = UserOf(to, to.Run.User)
	}
	if !to.Sockets().Equal(before.Sockets()) {
		p.shared.Relisten(p)
	}
	otherShipping := *before.Shipping() != *to.Shipping()
	p.out.configure(&to.Out, before, otherShipping)
	p.err.configure(&to.Err, before, otherShipping)
	if p.extra != nil {
		p.configureCgroup()
		p.configureNotify(now)
		p.configureChecks(before, now)
		p.configureFiles()
		p.configureTiming(before, now)
		p.configureBounds(before, now)
		p.watchLogs()
	}
}

// configureNotify gives what concerns notifications its keys.
func (p *Process) configureNotify(now time.Time) {
	n, keys := p.extra.notify, p.Config.Notifications()
	switch {
	case n == nil:
		p.extra.notify = newNotify(p)
		return
	case n.queue == nil && !keys.Used():
		p.extra.notify = nil
		return
	}
	watchdog := n.config.Watchdog
	if n.config = keys; keys.Watchdog != watchdog {
		n.setInterval(keys.Watchdog)
		n.health = check.Unknown
		n.arm(now)
		p.noteHealth(now)
	}
}

// configureChecks begins anew with checks that differ from those before.
func (p *Process) configureChecks(before *config.Process, now time.Time) {
	if p.Config.SameChecks(before) {
		return
	}
	p.endChecks(now)
	p.extra.checks = nil
	if p.Config.Extra != nil {
		p.extra.checks = check.New(p.shared.Checks, (*checked)(p), p.Config.Extra.Checks)
	}
	p.noteHealth(now)
	p.watchHealth(now)
}

// configure gives the channel another configuration. The log of a child has the same path. Process is that before of the process.
func (c *channel) configure(to *config.Channel, process *config.Process, otherShipping bool) {
	before := *c.config
	lines := !process.Lines(c.name).Equal(c.lineConfig())
	c.config = to
	if before.Log.Kind != to.Log.Kind || before.Log.Path != to.Log.Path {
		c.path = to.Log.Path
		c.makeAuto()
		c.move()
	}
	if c.file.File != nil {
		c.file.File.Configure(c.fileOptions())
	}
	unused := c.changeTees()
	defer closeAll(unused)
	switch {
	case lines && c.pipe != nil:
		c.pipe.Replace(c.rewrite)
		return
	case lines && !c.writesLines():
		c.renew()
	}
	if c.pipe != nil && (before.Events != to.Events || before.Log.Syslog != to.Log.Syslog || otherShipping) {
		c.pipe.Replace(c.rebuild)
	}
}

// move has helpers, which may have the log open, go on in the file that the next child writes to.
func (c *channel) move() {
	if c.file.File == nil || c.path == "" {
		return
	}
	if err := c.file.File.Move(c.path); err != nil {
		c.process.Log().Warnf("cannot open %s: %v", c.path, err)
	}
}

// rewrite is rebuild for lines that are written in another way: what is held back is written in the one before.
func (c *channel) rewrite() pump.Sink {
	if c.writesLines() {
		c.writing.lines.Flush()
	}
	return c.rebuild()
}

// rebuild makes the stages anew while there is a child. What they hold back stays.
func (c *channel) rebuild() pump.Sink {
	state := output.Export(c.chain)
	c.started, c.capture = nil, nil
	c.chain = c.stages().Import(state)
	c.setPID(c.process.pid)
	return c.sink()
}

// UserOf is whom the children of a process become, nil for whom we are. User is the account of the user of the program, with the groups
// that it has now. Our own user is nothing to become unless the program has groups of its own: its children keep our groups, as with
// the original.
func UserOf(c *config.Process, user *account.Account) *step.User {
	gid, groups, others := c.GroupsOf(user)
	uid := os.Getuid()
	if user != nil {
		uid = user.UID
	}
	if uid == os.Getuid() && !others {
		return nil
	}
	return &step.User{UID: uid, GID: gid, Groups: groups, Regroup: others}
}
