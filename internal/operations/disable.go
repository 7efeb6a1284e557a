package operations

import (
	"context"
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/statefile"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/waiting"
)

// EnableProcess has a process started as configured again. It starts nothing. A disabled name that the configuration does not have any
// more is forgotten.
func (s *Service) EnableProcess(ctx context.Context, name string) error {
	_, err := s.setDisabled(ctx, name, false)
	return err
}

// EnableProcesses is EnableProcess for each process of a namespec such as "g:*".
func (s *Service) EnableProcesses(ctx context.Context, namespec string) ([]api.ProcessStatus, error) {
	names, err := s.setDisabled(ctx, namespec, false)
	return statusesOf(names, nil), err
}

// DisableProcess has a process started by requests about it alone. With stop it is stopped, too, and the method returns when it has
// ended.
func (s *Service) DisableProcess(ctx context.Context, name string, stop bool) error {
	_, err := s.setDisabled(ctx, name, true)
	if err != nil || !stop {
		return err
	}
	err = s.StopProcess(ctx, name, true)
	if fault := api.FaultOf(err); fault != nil && (fault.Code == api.NotRunning || fault.Code == api.BadName) { // of a group that is not active
		return nil
	}
	return err
}

// DisableProcesses is DisableProcess for each process of a namespec such as "g:*".
func (s *Service) DisableProcesses(ctx context.Context, namespec string, stop bool) ([]api.ProcessStatus, error) {
	names, err := s.setDisabled(ctx, namespec, true)
	if err != nil || !stop {
		return statusesOf(names, nil), err
	}
	group, _, _ := api.SplitNamespec(namespec)
	stopped, err := s.StopProcesses(ctx, Group(group), true)
	if fault := api.FaultOf(err); fault != nil && fault.Code == api.BadName {
		err = nil
	}
	return statusesOf(names, stopped), err
}

// statusesOf returns the statuses of processes: those of what was done besides, as far as it has failed, else success.
func statusesOf(names []ProcessState, done []api.ProcessStatus) (list []api.ProcessStatus) {
	for _, n := range names {
		st := api.ProcessStatus{Name: n.Name, Group: n.Group, Status: api.Success, Description: "OK"}
		i := slices.IndexFunc(done, func(d api.ProcessStatus) bool { return d.Name == n.Name && d.Group == n.Group })
		if i >= 0 && done[i].Status != api.Success {
			st = done[i]
		}
		list = append(list, st)
	}
	return list
}

// setDisabled makes the processes of a namespec disabled or enabled, and returns their names. It returns when that is on disk.
func (s *Service) setDisabled(ctx context.Context, namespec string, disabled bool) (names []ProcessState, err error) {
	var c statefile.Change
	err = s.Read(func(v supervisor.View) (err error) {
		names, err = s.keepable(v, namespec, !disabled)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		name := api.Namespec(n.Group, n.Name)
		if disabled {
			c.Disable = append(c.Disable, name)
		} else {
			c.Enable = append(c.Enable, name)
		}
	}
	if err := s.keep(ctx, c); err != nil {
		return nil, err
	}
	return names, s.Change(func(l *supervisor.Loop) error {
		for _, n := range names {
			l.UpdateDisabled(n.Group, n.Name, time.Now())
		}
		return nil
	})
}

// keepable returns the processes that a namespec means: of active groups, and of groups that were read and may be added. With forgotten,
// one that is disabled may be of none.
func (s *Service) keepable(v supervisor.View, namespec string, forgotten bool) ([]ProcessState, error) {
	group, name, whole := api.SplitNamespec(namespec)
	var groups []*config.Group
	if g := v.Group(group); g == nil {
		groups = slices.DeleteFunc(slices.Clone(v.Config().Groups), func(g *config.Group) bool { return g.Name != group })
	} else if groups = []*config.Group{g.Config}; whole {
		groups = groups[:0]
		for _, g := range v.Nested(g) {
			groups = append(groups, g.Config)
		}
	}
	if whole && slices.ContainsFunc(groups, func(g *config.Group) bool { return !s.ownsGroup(g) }) {
		return nil, BadName(namespec)
	}
	var names []ProcessState
	for _, g := range groups {
		for _, p := range g.Processes {
			if (whole || p.ProcessName == name) && s.OwnsName(g.Name, p.ProcessName) {
				names = append(names, ProcessState{g.Name, p.ProcessName})
			}
		}
	}
	switch {
	case names != nil || whole && len(groups) > 0:
		return names, nil
	case forgotten && v.Disabled(group, name) && s.OwnsName(group, name):
		return []ProcessState{{group, name}}, nil
	}
	return nil, BadName(namespec)
}

// keep returns when a change is made and on disk. If the request goes on in another program meanwhile, it is made again there.
func (s *Service) keep(ctx context.Context, c statefile.Change) error {
	call := waiting.Of(ctx)
	if call.Enter(&struct{}{}) == waiting.Over {
		return nil
	}
	done := s.sup.Kept().Apply(c)
	for {
		select {
		case err := <-done:
			if err != nil {
				return Failed(err)
			}
			return nil
		case <-call.Frozen():
			call.Park(func() any { return struct{}{} })
		case <-ctx.Done():
			return context.Canceled
		}
	}
}
