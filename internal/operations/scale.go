package operations

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/statefile"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// What a status of ScaleProgram says about a process for which nothing failed.
const (
	startedText = "started"
	addedText   = "added" // not started
	stoppedText = "stopped"
	removedText = "removed" // it did not run
)

// scaling is a change of the number of processes of a program.
type scaling struct {
	service *Service
	program string
	to      int
	wait    bool
	start   bool

	cfg     *config.Config // with the number
	before  *config.Config // with the number before, if values of processes depend on it; else nil
	scaled  config.Scaled
	groups  []supervisor.PreparedGroup
	added   []*process.Process
	starts  []*process.Process // of those added
	retired []*process.Process
	ran     map[*process.Process]bool // of those retired
}

// ScaleProgram changes the number of processes of a program, in all its groups: more are made as the file would make them and, with
// start, started if they start by themselves or one of the program runs; of fewer, the highest numbers are stopped and removed. With wait
// it returns when that is done. The result has the processes that were added or removed.
func (s *Service) ScaleProgram(ctx context.Context, program string, numprocs int, wait, start bool) (list []api.ProcessStatus, err error) {
	c := &scaling{service: s, program: program, to: numprocs, wait: wait, start: start, ran: map[*process.Process]bool{}}
	err = s.Change(func(l *supervisor.Loop) error {
		if !l.BeginScale(program) {
			return api.NewFault(api.Failed, program+" is being scaled")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	defer s.sup.Do(func(l *supervisor.Loop) { l.EndScale(program) })
	if err := c.read(); err != nil {
		return nil, err
	}
	before := s.sup.Kept().Data().Scaled[program]
	if err := s.keep(ctx, c.change(numprocs)); err != nil {
		return nil, err
	}
	if err := s.Change(c.edit); err != nil {
		s.sup.Kept().Apply(statefile.Change{Scale: map[string]statefile.Scale{program: before}})
		return nil, err
	}
	return c.finish(ctx)
}

// read reads the configuration with the number, and finds the groups of the program.
func (c *scaling) read() error {
	found := false
	_, err := c.service.readConfig(func() (cfg *config.Config, err error) {
		c.cfg, c.scaled, found, err = c.service.sup.ReadScaled(c.program, c.to)
		return c.cfg, err
	})
	switch {
	case err != nil:
		return err
	case !found:
		return c.service.Read(func(v supervisor.View) error { return c.notFound(v) })
	case c.scaled.Problem() != "":
		return api.NewFault(api.Failed, c.scaled.Problem())
	}
	for _, g := range c.cfg.Groups {
		if slices.Contains(c.scaled.Groups, g.Name) {
			c.groups = append(c.groups, supervisor.PrepareGroup(g)) // not in the loop: it may wait for a name server
		}
	}
	return c.readBefore()
}

// readBefore reads the configuration with the present number, if processes that stay have other values with the new one. What has changed
// in the file besides is left to an update.
func (c *scaling) readBefore() error {
	from, differs := 0, false
	err := c.service.Read(func(v supervisor.View) error {
		for _, by := range c.groups {
			if g := v.Group(by.Config.Name); g != nil {
				from = len(c.members(g))
				differs = differs || slices.ContainsFunc(c.members(g), func(p *process.Process) bool {
					to := named(by.Config, p.Name())
					return to != nil && !same(p.Configured(), to)
				})
			}
		}
		return nil
	})
	if err == nil && differs {
		c.before, _, _, err = c.service.sup.ReadScaled(c.program, from)
		if err != nil {
			err = api.NewFault(api.CantReread, config.Explain(err))
		}
	}
	return err
}

// members are the processes of the program in a group.
func (c *scaling) members(g *supervisor.Group) []*process.Process {
	return slices.DeleteFunc(slices.Clone(g.Processes), func(p *process.Process) bool { return p.Config.Program.Name != c.program })
}

// named is the process of that name, nil if there is none.
func named(g *config.Group, name string) *config.Process {
	i := slices.IndexFunc(g.Processes, func(p *config.Process) bool { return p.ProcessName == name })
	if i < 0 {
		return nil
	}
	return g.Processes[i]
}

// same reports whether two processes have the same values.
func same(a, b *config.Process) bool {
	inPlace, later := config.Pair{Configured: a, Read: b}.Keys()
	return len(inPlace)+len(later) == 0
}

// otherValues are the values of processes that stay, as far as they depend on the number alone.
func (c *scaling) otherValues(g *supervisor.Group, by *config.Group) map[*process.Process]*config.Process {
	if c.before == nil {
		return nil
	}
	i := slices.IndexFunc(c.before.Groups, func(before *config.Group) bool { return before.Name == g.Name() })
	if i < 0 {
		return nil
	}
	values := map[*process.Process]*config.Process{}
	for _, p := range c.members(g) {
		was, to := named(c.before.Groups[i], p.Name()), named(by, p.Name())
		if was != nil && to != nil && same(p.Configured(), was) && !same(was, to) {
			values[p] = to
		}
	}
	return values
}

// notFound is the fault for a name that is no program of the files.
func (c *scaling) notFound(v supervisor.View) error {
	for _, g := range v.Configs() {
		for _, p := range g.Processes {
			if p.Program.Name == c.program && kindOf(p.Section) != "program" && kindOf(p.Section) != "fcgi-program" {
				return api.NewFault(api.Failed, "not a program")
			}
		}
	}
	return BadName(c.program)
}

func kindOf(section string) string {
	kind, _, _ := strings.Cut(section, ":")
	return kind
}

// change is what is kept about the number.
func (c *scaling) change(to int) statefile.Change {
	return statefile.Change{Scale: map[string]statefile.Scale{c.program: {To: to, File: c.scaled.File}}}
}

// edit adds processes and begins to remove others, in the loop. After an error, nothing has changed.
func (c *scaling) edit(l *supervisor.Loop) error {
	type change struct {
		group   *supervisor.Group
		by      supervisor.PreparedGroup
		added   []*config.Process
		removed []*process.Process
	}
	var changes []change
	runs := false
	for _, by := range c.groups {
		g := l.Group(by.Config.Name)
		if g == nil {
			continue
		}
		one := change{group: g, by: by}
		wanted := map[string]bool{}
		for _, p := range by.Config.Processes {
			if p.Program.Name == c.program {
				wanted[p.ProcessName] = true
				if g.Process(p.ProcessName) == nil {
					one.added = append(one.added, p)
				}
			}
		}
		from := 0
		for _, p := range c.members(g) {
			from++
			runs = runs || p.State().IsRunning()
			if !wanted[p.Name()] {
				one.removed = append(one.removed, p)
			}
		}
		if len(one.added) > max(0, c.to-from) || len(one.removed) > max(0, from-c.to) {
			return api.NewFault(api.Failed, fmt.Sprintf("the names of the processes of %s have changed in the file: update first", c.program))
		}
		changes = append(changes, one)
	}
	if len(changes) == 0 {
		return BadName(c.program)
	}
	for _, one := range changes {
		if len(one.added) > 0 {
			added, err := l.AddMembers(one.group, one.added, one.by)
			if err != nil {
				return Failed(err)
			}
			c.added = append(c.added, added...)
		}
		if values := c.otherValues(one.group, one.by.Config); len(values) > 0 {
			l.ReconfigureMembers(one.group, values, time.Now())
		}
		for _, p := range one.removed {
			c.ran[p] = !p.State().IsStopped()
			c.retired = append(c.retired, p)
			l.Retire(p, api.Reason{Why: api.WhyScale}, time.Now())
		}
	}
	for _, p := range c.added {
		if c.start && (runs || p.Config.AutoStarts()) && !p.Disabled() {
			c.starts = append(c.starts, p)
		}
	}
	return nil
}

// finish starts what is to be started, and waits.
func (c *scaling) finish(ctx context.Context) ([]api.ProcessStatus, error) {
	leaving := kind{affects: anyState, action: func(*process.Process, string) error { return nil }, done: stopped}
	k, processes := starting, c.starts
	if len(c.retired) > 0 {
		k, processes = leaving, c.retired
	}
	list, err := c.service.several(ctx, k, c.wait, func(supervisor.View) ([]*process.Process, error) { return processes, nil })
	if err != nil {
		return nil, err
	}
	if c.wait && len(c.retired) > 0 {
		if err := c.service.sup.Do(func(l *supervisor.Loop) { l.RemoveRetired(time.Now()) }); err != nil {
			return nil, err
		}
	}
	return c.describe(list), nil
}

// describe says in the statuses of processes what was done, and adds those of processes that are not started.
func (c *scaling) describe(list []api.ProcessStatus) []api.ProcessStatus {
	texts := map[ProcessState]string{}
	for _, p := range c.retired {
		texts[nameOf(p)] = removedText
		if c.ran[p] {
			texts[nameOf(p)] = stoppedText
		}
	}
	for i := range list {
		if list[i].Status == api.Success {
			list[i].Description = cmp.Or(texts[ProcessState{list[i].Group, list[i].Name}], startedText)
		}
	}
	for _, p := range c.added {
		if !slices.Contains(c.starts, p) {
			list = append(list, api.ProcessStatus{Name: p.Name(), Group: p.Group, Status: api.Success, Description: addedText})
		}
	}
	return list
}
