package process

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/cgroup"
	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/child/step"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/timers"
)

// cgrouped is what a process has whose program wants a cgroup for each of its processes. As an item of the heap, it is the plan by which
// processes are stopped that are left in the cgroup after the end of the child.
type cgrouped struct {
	timers.Slot
	process *Process
	tree    *cgroup.Tree
	group   *cgroup.Group
	limits  []cgroup.Setting // by the configuration in use
	written []cgroup.Setting // what the cgroup limits, while it is used
	change  *cgroup.Change   // being written; nil: none
	remade  bool             // the limits have been written anew since change began
	refused string           // what the kernel has refused of the last change, as clients see it; empty: nothing
	kills   bool             // killmode=cgroup
	looked  bool             // processes of an earlier supervisord have been looked for
	warned  bool             // a warning has been logged that there is no cgroup
	used    bool             // there is a cgroup for the present run
	ooms    int              // processes that had been killed for lack of memory before it
	oom     bool             // it was ended like that
	exit    *child.Exit      // of a child that has ended while it was being stopped, and others in the cgroup have not; nil: none
	stops   bool             // what is left is being stopped
	step    int              // of the plan: the one that was taken last
	wake    time.Time        // when the next one is due
}

// newCgrouped returns what a process has for its cgroup, nil if its program wants none.
func newCgrouped(p *Process) *cgrouped {
	if !p.Config.Extra.UsesCgroup() || p.shared.Cgroups == nil {
		return nil
	}
	return makeCgrouped(p)
}

func makeCgrouped(p *Process) *cgrouped {
	tree := p.shared.Cgroups()
	return &cgrouped{process: p, tree: tree, group: tree.Group(p.Group, p.Name()), limits: cgroupSettings(p.Config.Extra),
		kills: p.Config.Extra.KillsCgroup()}
}

// configureCgroup has another configuration count: how the cgroup is stopped at once, and what it limits from the next start, unless limit
// changes that before.
func (p *Process) configureCgroup() {
	switch c, next := p.extra.cgroup, newCgrouped(p); {
	case c == nil:
		p.extra.cgroup = next
	case next != nil:
		c.limits, c.kills = next.limits, next.kills
	case !c.used && !c.stops && c.change == nil:
		p.extra.cgroup = nil
	default:
		c.limits, c.kills = nil, false
	}
}

// cgroupSettings are what a program has the kernel limit.
func cgroupSettings(e *config.Extra) (list []cgroup.Setting) {
	if !e.UsesCgroup() {
		return nil
	}
	c := e.Cgroup
	number := func(file string, n int) {
		if n > 0 {
			list = append(list, cgroup.Setting{File: file, Value: fmt.Sprint(n)})
		}
	}
	number("memory.high", int(c.MemoryHigh))
	number("memory.max", int(c.MemoryMax))
	number("cpu.weight", c.CPUWeight)
	number("io.weight", c.IOWeight)
	number("pids.max", c.PidsMax)
	if m := c.CPUMax; m != (config.CPUMax{}) {
		list = append(list, cgroup.Setting{File: "cpu.max", Value: fmt.Sprint(m.Quota.Microseconds(), " ", m.Period.Microseconds())})
	}
	if e.KillsCgroup() {
		list = append(list, cgroup.Setting{File: "memory.oom.group", Value: "1", Optional: true})
	}
	return list
}

// cgroup is what the process has for its cgroup, nil if its program wants none.
func (p *Process) cgroup() *cgrouped {
	if p.extra == nil {
		return nil
	}
	return p.extra.cgroup
}

// enterCgroup has a start be one in the cgroup of the process, which is made if there is none. The caller calls leave after the start.
func (p *Process) enterCgroup(spec *child.Spec) (leave func(), err error) {
	leave = func() {}
	c := p.cgroup()
	if c == nil || !p.Config.Extra.UsesCgroup() { // it may have had a key before
		return leave, nil
	}
	if err := c.tree.Open(); err != nil {
		return leave, c.without(err)
	}
	ooms := c.group.OOMKills()
	fd, err := c.open()
	if err != nil {
		return leave, err
	}
	if !c.used {
		c.used, c.ooms, c.oom = true, ooms, false
	}
	spec.Cgroup = &child.Cgroup{FD: fd, Path: c.group.Path()}
	return func() { unix.Close(fd) }, nil
}

// open opens the cgroup, which is made if there is none with its limits.
func (c *cgrouped) open() (fd int, err error) {
	if !c.ready() {
		err = c.make()
	}
	if err == nil {
		fd, err = c.group.Open()
	}
	if err == nil {
		return fd, nil
	}
	if !c.used {
		_ = c.group.Remove() // one with processes of an earlier run stays
	}
	return -1, &startError{ofProcess(err, c.process.Name()), err}
}

// ready reports whether there is the cgroup, and its limits are those of the configuration in use, or are about to be.
func (c *cgrouped) ready() bool {
	return c.used && (c.change != nil || slices.Equal(c.written, c.limits)) && c.group.Exists()
}

// make makes the cgroup. Limits that are not required and cannot be set are left out.
func (c *cgrouped) make() error {
	err := c.group.Make(c.limits)
	var refused cgroup.Errors
	if errors.As(err, &refused) && !c.process.limitsRequired() {
		for _, e := range refused {
			c.process.Log().Warnf("%s; going on without", e.Of(c.process.Name()))
		}
		err = nil
	}
	c.written, c.remade = c.limits, c.change != nil
	return err
}

// startError is an error of a start with the text for clients.
type startError struct {
	text string
	err  error
}

func (e *startError) Error() string { return e.text }
func (e *startError) Unwrap() error { return e.err }

// ofProcess is an error about a cgroup with the name of its process.
func ofProcess(err error, name string) string {
	var problem *cgroup.Error
	if errors.As(err, &problem) {
		return problem.Of(name)
	}
	return err.Error()
}

// without decides about a start without a cgroup, whose reason is given. An error refuses it.
func (c *cgrouped) without(reason error) error {
	name := c.process.Name()
	switch {
	case c.tree.Required():
		return fmt.Errorf("no cgroup for '%s': %w", name, reason)
	case !c.warned && !cgroup.IsOff(reason):
		c.warned = true
		c.process.Log().Warnf("%s runs without a cgroup of its own, its keys about cgroups have no effect: %v", name, reason)
	}
	return nil
}

// leaveCgroup ends the use of the cgroup by a run that is over.
func (p *Process) leaveCgroup(now time.Time) {
	if c := p.cgroup(); c != nil && c.used && p.pid == 0 && p.machine.State != api.Starting {
		c.used = false
		c.clean(now)
	}
}

// clean removes the cgroup. If processes are left in it, it is removed when they have ended. With killmode=cgroup they are stopped.
func (c *cgrouped) clean(now time.Time) {
	if c.remove() == nil {
		return
	}
	c.await(now)
	if c.kills && !c.group.Empty() && !c.stops {
		c.stops, c.step = true, 0
		c.take(now)
	}
}

// remove removes the cgroup. While the kernel works on its limits it would wait for that: then the end of the change removes it.
func (c *cgrouped) remove() error {
	if c.change != nil {
		return syscall.EBUSY
	}
	return c.group.Remove()
}

// await has emptied called when the cgroup is empty. If that cannot be known, nothing waits for it.
func (c *cgrouped) await(now time.Time) {
	err := c.group.WhenEmpty(c.emptied)
	if err == nil {
		return
	}
	c.process.Log().Warnf("cannot watch the cgroup of %s: %v", c.process.Name(), err)
	if exit := c.exit; exit != nil {
		c.exit = nil
		c.process.childEnded(*exit, now)
	}
}

// emptied is called when no process is in the cgroup any more.
func (c *cgrouped) emptied(now time.Time) {
	p := c.process
	if exit := c.exit; exit != nil {
		c.exit = nil
		p.childEnded(*exit, now)
		return
	}
	if c.stops {
		p.Log().Infof("what %s left in its cgroup has ended", p.Name())
		c.stops = false
		c.schedule(time.Time{})
	}
	if !c.used {
		_ = c.remove() // a process that has just begun in it keeps it
	}
	p.hookEnded(now)
}

// lingers takes the exit of a child that is being stopped, with its cgroup, while others in the cgroup have not ended: the stop goes on
// with these.
func (p *Process) lingers(e child.Exit, now time.Time) bool {
	c := p.cgroup()
	if c == nil || !c.kills || !c.used || !p.beingStopped() || c.group.Empty() {
		return false
	}
	p.Log().Debugf("%s (pid %d) has ended, others in its cgroup have not", p.Name(), p.pid)
	c.exit = &e
	p.endChecks(now)
	c.await(now)
	return true
}

// lingering reports whether the child has ended and what it has started is still being stopped.
func (p *Process) lingering() bool { c := p.cgroup(); return c != nil && c.exit != nil }

// look looks for processes that an earlier supervisord, or an earlier configuration, has left in the cgroup.
func (c *cgrouped) look(now time.Time) {
	if c.looked {
		return
	}
	c.looked = true
	if c.tree.Open() == nil && c.group.Exists() && !c.group.Empty() {
		c.process.Log().Warnf("processes of an earlier run are in the cgroup of %s", c.process.Name())
		c.clean(now)
	}
}

// mustWait reports whether a start has to wait until the cgroup is empty, or that is not known.
func (c *cgrouped) mustWait() bool { return c != nil && c.kills && (c.stops || !c.looked) }

// signal sends a signal to all processes of the cgroup. Not ok if there is no cgroup, or no process in it: then the child gets it.
func (c *cgrouped) signal(sig syscall.Signal) (ok bool, err error) {
	if c == nil || !c.kills || !c.used {
		return false, nil
	}
	err = c.group.Signal(sig)
	return !errors.Is(err, syscall.ESRCH), err
}

// noteOOM notes whether the child has ended, unexpectedly, after the kernel has killed a process of the cgroup for lack of memory.
func (c *cgrouped) noteOOM(expected bool) {
	if c != nil && c.used {
		c.oom = !expected && c.group.OOMKills() > c.ooms
	}
}

// logOOM logs the reason of the last exit if it is a lack of memory.
func (p *Process) logOOM() {
	c := p.cgroup()
	if c == nil || p.extra.reasons().reason.Why != api.WhyOOM {
		return
	}
	in := p.Config
	if c.change != nil { // which has made memory scarce
		in = p.Configured()
	}
	limit := in.Extra.Text("memory_max")
	if limit != "" {
		limit = " (memory_max=" + limit + ")"
	}
	p.Log().Warnf("%s was killed: out of memory%s", p.Name(), limit)
}

// helperCgroup has a helper begin in the cgroup of the process, whose limits then count for it. With killmode=cgroup it does not: it
// would be stopped with the process.
func (p *Process) helperCgroup(spec helper.Spec, of *child.Spec) (leave func(), err error) {
	if c := p.cgroup(); c == nil || c.kills || spec.Command.Privileged {
		return func() {}, nil
	}
	return p.enterCgroup(of)
}

// CgroupMemory returns the memory of the cgroup of the process in bytes. Not ok if it has none that counts memory.
func (p *Process) CgroupMemory() (bytes uint64, ok bool) {
	if c := p.cgroup(); c != nil && c.used {
		return c.group.Memory()()
	}
	return 0, false
}

// CgroupLeft reports whether the process has left others in its cgroup, which are being stopped.
func (p *Process) CgroupLeft() bool { c := p.cgroup(); return c != nil && c.stops }

// limitsRequired reports whether a limit that cannot be set fails the start.
func (p *Process) limitsRequired() bool {
	return !slices.Contains(p.Config.Limits, step.Step(step.Required(false)))
}

// limitsText is what clients see of the limits of the process, and of the memory that it uses if that is limited.
func (p *Process) limitsText() string {
	text := p.Config.LimitsText()
	c := p.cgroup()
	if c == nil {
		return text
	}
	texts := p.Config.CgroupTexts()
	if x := p.Config.Extra; x != nil && x.Cgroup.MemoryMax > 0 { // it may have had a key before
		used, _ := p.CgroupMemory()
		texts = append(texts, fmt.Sprintf("memory %s of %s", megabytes(used), megabytes(uint64(x.Cgroup.MemoryMax))))
	}
	if text != "" {
		texts = slices.Insert(texts, 0, text)
	}
	return strings.Join(texts, ", ")
}

func megabytes(n uint64) string { return fmt.Sprintf("%.1f MB", float64(n)/(1<<20)) }
