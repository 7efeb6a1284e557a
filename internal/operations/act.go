package operations

import (
	"context"
	"slices"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// Action is an action on processes, by its name in the JSON API.
type Action string

// The actions.
const (
	ActStart   Action = "start"
	ActStop    Action = "stop"
	ActRestart Action = "restart"
	ActKill    Action = "kill"
	ActReload  Action = "reload"
	ActSignal  Action = "signal"
	ActClear   Action = "clear"
	ActRotate  Action = "rotate"
	ActReopen  Action = "reopen"
)

// Actions are all actions. Those that Waits reports can be waited for.
var Actions = []Action{ActStart, ActStop, ActRestart, ActKill, ActReload, ActSignal, ActClear, ActRotate, ActReopen}

// Waits reports whether the action is over only when the process has another state.
func (a Action) Waits() bool { return slices.Contains(Actions[:5], a) }

func (a Action) kind(signal string) kind {
	return map[Action]kind{ActStart: starting, ActStop: stopping, ActRestart: restarting, ActKill: killing, ActReload: reloading,
		ActSignal: signaling(signal), ActClear: clearing, ActRotate: rotating, ActReopen: reopening}[a]
}

// Act performs an action on a process. With wait it returns when it is over. Signal is that of ActSignal.
func (s *Service) Act(ctx context.Context, a Action, name, signal string, wait bool) error {
	err := s.single(ctx, name, a.kind(signal), wait && a.Waits())
	if err == (nothingToRotate{}) {
		return nil
	}
	return err
}

// ActOn performs an action on the processes that targets mean, as in config.Names. Of groups and programs, those are left out for which there
// is nothing to do; an action on a single process is tried in any case. A target that means nothing has the status of BAD_NAME.
func (s *Service) ActOn(ctx context.Context, a Action, targets []string, signal string, wait bool) ([]api.ProcessStatus, error) {
	k := a.kind(signal)
	named, all := map[string]bool{}, map[string]bool{} // by full names: single processes, and all
	var unknown []api.ProcessStatus
	err := s.Read(func(v supervisor.View) error {
		for _, target := range targets {
			if p, err := s.find(v, target); err == nil {
				named[fullName(p)], all[fullName(p)] = true, true
				continue
			}
			list, ok := s.namedProcesses(v, target)
			for _, p := range list {
				all[fullName(p)] = true
			}
			if !ok {
				fault := api.NewFault(api.BadName, target)
				group, name, _ := api.SplitNamespec(target)
				unknown = append(unknown, api.ProcessStatus{Group: group, Name: name, Status: api.BadName, Description: api.FaultOf(fault).Text})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	affects := k.affects
	k.affects = func(p *process.Process) bool { return named[fullName(p)] || affects(p) }
	list, err := s.several(ctx, k, wait && a.Waits(), func(v supervisor.View) ([]*process.Process, error) {
		processes, err := s.processes(v, All, k.descending)
		return slices.DeleteFunc(slices.Clone(processes), func(p *process.Process) bool { return !all[fullName(p)] }), err
	})
	return append(list, unknown...), err
}

func fullName(p *process.Process) string { return p.Group + ":" + p.Name() }
