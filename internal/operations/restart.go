package operations

import (
	"context"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// RestartProcess stops a process by its plan and starts it again; one that does not run is started, one that is stopping when it has
// stopped. With wait it returns when the process is RUNNING. A request to stop that comes meanwhile wins.
func (s *Service) RestartProcess(ctx context.Context, name string, wait bool) error {
	return s.single(ctx, name, restarting, wait)
}

// RestartProcesses is RestartProcess for each of a selection. All are stopped at the same time.
func (s *Service) RestartProcesses(ctx context.Context, sel Selection, wait bool) ([]api.ProcessStatus, error) {
	return s.each(ctx, sel, restarting, wait)
}

// KillProcess kills a process, also one that is stopping, and cancels a start that was to come. With wait it returns when the
// process has ended.
func (s *Service) KillProcess(ctx context.Context, name string, wait bool) error {
	return s.single(ctx, name, killing, wait)
}

// KillProcesses is KillProcess for each of a selection that runs.
func (s *Service) KillProcesses(ctx context.Context, sel Selection, wait bool) ([]api.ProcessStatus, error) {
	return s.each(ctx, sel, killing, wait)
}

// ReloadProcess has a process read its configuration again, by its reload_command or its reloadsignal. With wait it returns
// when the command has ended; with ready=notify and RELOADING=1 within a second, when READY=1 has come.
func (s *Service) ReloadProcess(ctx context.Context, name string, wait bool) error {
	return s.single(ctx, name, reloading, wait)
}

// ReloadProcesses is ReloadProcess for each of a selection that runs.
func (s *Service) ReloadProcesses(ctx context.Context, sel Selection, wait bool) ([]api.ProcessStatus, error) {
	return s.each(ctx, sel, reloading, wait)
}

func killable(p *process.Process) bool {
	return p.State().IsRunning() || p.State() == api.Stopping || p.StartComes() || p.Gate().Held
}

func reloadable(p *process.Process) bool {
	return p.PID() != 0 && (p.State() == api.Starting || p.State() == api.Running)
}

func restart(p *process.Process, name string) error {
	return restartBy(p, name, p.Restart, start)
}

func beginRestart(l *supervisor.Loop, processes []*process.Process) bool {
	return l.BeginRestart(processes, time.Now())
}

// restartInTurn is restart for a process that may have to wait for others.
func restartInTurn(l *supervisor.Loop, p *process.Process, name string) error {
	recycle := func(now time.Time) bool { return l.RestartInTurn(p, now) }
	return restartBy(p, name, recycle, func(p *process.Process, name string) error { return startInTurn(l, p, name) })
}

func restartBy(p *process.Process, name string, recycle func(now time.Time) bool, start func(*process.Process, string) error) error {
	if p.State() == api.Unknown {
		return startRefused(p.State(), name)
	}
	if recycle(time.Now()) {
		if p.State() == api.Unknown {
			return api.NewFault(api.Failed, p.SpawnErr())
		}
		return nil
	}
	switch p.State() {
	case api.Starting: // that is a start anyway
		return nil
	case api.Backoff:
		p.Stop(time.Now())
		if _, _, err := p.Command(); err != nil { // it is the next start that fails: a refusal would leave the process STOPPED
			return startNow(p, name)
		}
	}
	return start(p, name)
}

func restarted(v supervisor.View, p *process.Process, name string) (bool, error) {
	if p.StartComes() || p.Gate().Stops {
		return false, nil
	}
	return started(v, p, name)
}

func kill(p *process.Process, name string) error {
	switch problem, ok := p.Kill(time.Now()); {
	case !ok:
		return api.NewFault(api.NotRunning, name)
	case problem != "":
		return api.NewFault(api.Failed, problem)
	}
	return nil
}

func reload(p *process.Process, name string) error {
	if !reloadable(p) {
		return api.NewFault(api.NotRunning, name)
	}
	if problem := p.Reload(time.Now()); problem != "" {
		return api.NewFault(api.Failed, problem)
	}
	return nil
}

func reloaded(_ supervisor.View, p *process.Process, name string) (bool, error) {
	switch r := p.Reloaded(); {
	case !r.Over:
		return false, nil
	case r.Problem != "":
		return true, api.NewFault(api.Failed, r.Problem)
	case r.Gone:
		return true, api.NewFault(api.NotRunning, name)
	}
	return true, nil
}
