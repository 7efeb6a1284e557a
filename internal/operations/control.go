package operations

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// Shutdown stops all processes, then supervisord.
func (s *Service) Shutdown() error {
	return s.Change(func(l *supervisor.Loop) error { l.Shutdown(); return nil })
}

// Restart reads the configuration, opens what is new, stops all processes and starts again.
func (s *Service) Restart() error {
	cfg, err := s.readConfig(s.sup.ReadNext)
	if err != nil {
		return err
	}
	if err := s.sup.Prepare(cfg); err != nil {
		return api.NewFault(api.CantReread, err.Error())
	}
	return s.Change(func(l *supervisor.Loop) error { l.Restart(cfg); return nil })
}

// Upgrade executes the supervisord that is installed now in place of the running one. In a dry run it finds out only whether that is
// possible.
func (s *Service) Upgrade(ctx context.Context, dryRun bool) (api.Upgrade, error) {
	if err := s.CheckRunning(); err != nil {
		return api.Upgrade{}, err
	}
	return s.sup.Upgrade(ctx, dryRun)
}

// Reload reads the configuration and returns how it differs from the active groups, which it does not change.
func (s *Service) Reload() (d config.Diff, err error) {
	cfg, err := s.readConfig(s.sup.ReadConfig)
	if err != nil {
		return d, err
	}
	err = s.Change(func(l *supervisor.Loop) error { d = l.Reread(cfg); return nil })
	return d, err
}

// readConfig reads the configuration by read, outside of the loop.
func (s *Service) readConfig(read func() (*config.Config, error)) (*config.Config, error) {
	if err := s.CheckRunning(); err != nil {
		return nil, err
	}
	cfg, err := read()
	if err != nil {
		return nil, api.NewFault(api.CantReread, config.Explain(err))
	}
	return cfg, nil
}

// AddGroup activates a group of the configuration that was read last.
func (s *Service) AddGroup(name string) error { return s.addGroup(name, nil) }

// addGroup is AddGroup with a function that says which processes may be started by themselves, nil for all.
func (s *Service) addGroup(name string, starts func(process string) bool) error {
	var prepared supervisor.PreparedGroup
	for {
		var group *config.Group
		err := s.Change(func(l *supervisor.Loop) error {
			groups := l.Config().Groups
			i := slices.IndexFunc(groups, func(g *config.Group) bool { return g.Name == name })
			switch {
			case i < 0: // even if it is active
				return BadName(name)
			case l.Group(name) != nil:
				return api.NewFault(api.AlreadyAdded, name)
			}
			if group = groups[i]; group != prepared.Config {
				return nil
			}
			if err := l.AddGroup(prepared); err != nil {
				return Failed(err)
			}
			return nil
		})
		if err != nil || group == prepared.Config {
			return err
		}
		prepared = supervisor.PrepareGroup(group) // not in the loop: it may wait for a name server
		prepared.Starts = starts
	}
}

// RemoveGroup removes an active group whose processes have stopped.
func (s *Service) RemoveGroup(name string) error {
	return s.Change(func(l *supervisor.Loop) error {
		g := l.Group(name)
		switch {
		case g == nil:
			return BadName(name)
		case !l.RemoveGroup(g):
			return api.NewFault(api.StillRunning, name)
		}
		return nil
	})
}

// SendRemoteComm emits a REMOTE_COMMUNICATION event, during a shutdown too. Source: sendRemoteCommEvent.
func (s *Service) SendRemoteComm(kind, data string) error {
	if err := CheckEvent(len(kind) + len(data)); err != nil {
		return err
	}
	return s.sup.Do(func(l *supervisor.Loop) { l.SendRemoteComm(kind, data) })
}

// CheckEvent returns the fault for an event that a client sends if it has too many bytes.
func CheckEvent(length int) error {
	if int64(length) > budget.Event.Limit {
		return Failed(fmt.Errorf("the event has more than %d bytes", budget.Event.Limit))
	}
	return nil
}

// SendStdin writes text to the standard input of a process.
func (s *Service) SendStdin(name, text string) error {
	return s.Change(func(l *supervisor.Loop) error {
		p, err := s.find(l.View, name)
		if err != nil {
			return err
		}
		if p.PID() == 0 || p.State() == api.Stopping {
			return api.NewFault(api.NotRunning, name)
		}
		switch err := p.SendStdin([]byte(text)); {
		case errors.Is(err, process.ErrStdinClosed):
			return api.NewFault(api.NoFile, name)
		case err != nil:
			return Failed(err)
		}
		return nil
	})
}
