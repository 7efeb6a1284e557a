package operations

import (
	"context"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/waiting"
)

// NothingToRotate is the description of a process whose logs are empty, beside the status of a success.
const NothingToRotate = "nothing to rotate"

var (
	rotating  = kind{affects: (*process.Process).HasLogs, action: rotateLogs}
	reopening = kind{affects: (*process.Process).HasLogs, action: reopenLogs}
)

// RotateLogs rotates the logs of a process, or of each process of a namespec such as "g:*" that has logs.
func (s *Service) RotateLogs(ctx context.Context, namespec string) ([]api.ProcessStatus, error) {
	return s.named(ctx, namespec, rotating)
}

// RotateAllLogs rotates the logs of all processes.
func (s *Service) RotateAllLogs(ctx context.Context) ([]api.ProcessStatus, error) {
	return s.each(ctx, All, rotating, false)
}

// ReopenLogs opens the logs of a process again, or of each process of a namespec such as "g:*" that has logs.
func (s *Service) ReopenLogs(ctx context.Context, namespec string) ([]api.ProcessStatus, error) {
	return s.named(ctx, namespec, reopening)
}

// ReopenAllLogs opens the logs of all processes again.
func (s *Service) ReopenAllLogs(ctx context.Context) ([]api.ProcessStatus, error) {
	return s.each(ctx, All, reopening, false)
}

// named performs an operation on the processes of a namespec. An operation on a single process is tried in any case.
func (s *Service) named(ctx context.Context, namespec string, k kind) ([]api.ProcessStatus, error) {
	if group, whole := WholeGroup(namespec); whole {
		return s.each(ctx, group, k, false)
	}
	k.affects = anyState
	return s.several(ctx, k, false, func(v supervisor.View) ([]*process.Process, error) {
		p, err := s.find(v, namespec)
		return []*process.Process{p}, err
	})
}

func rotateLogs(p *process.Process, name string) error {
	if !p.HasLogs() {
		return api.NewFault(api.NoFile, name)
	}
	switch rotated, err := p.RotateLogs(); {
	case err != nil:
		return api.NewFault(api.Failed, err.Error())
	case !rotated:
		return nothingToRotate{}
	}
	return nil
}

// nothingToRotate is the outcome of a rotation that succeeded without a change.
type nothingToRotate struct{}

func (nothingToRotate) Error() string { return NothingToRotate }

func reopenLogs(p *process.Process, name string) error {
	if !p.HasLogs() {
		return api.NewFault(api.NoFile, name)
	}
	if err := p.Reopen(); err != nil {
		return api.NewFault(api.Failed, err.Error())
	}
	return nil
}

// RotateMainLog rotates the main log. It returns false if that is empty.
func (s *Service) RotateMainLog() (rotated bool, err error) {
	err = s.Change(func(*supervisor.Loop) error {
		if s.Log().Path() == "" {
			return api.NewFault(api.NoFile, "")
		}
		if rotated, err = s.Log().Rotate(); err != nil {
			return api.NewFault(api.Failed, err.Error())
		}
		return nil
	})
	return rotated, err
}

// WaitForRotatedLogs returns when no rotated log waits to be compressed or deleted.
func (s *Service) WaitForRotatedLogs(ctx context.Context) error {
	call := waiting.Of(ctx)
	call.Enter(&struct{}{}) // a step that is resumed begins again
	for {
		if err := s.CheckRunning(); err != nil {
			return err
		}
		select {
		case <-logs.Kept():
			return nil
		case <-s.sup.Down():
			return supervisor.ErrDown
		case <-ctx.Done():
			return context.Canceled
		case <-call.Frozen():
			call.Park(func() any { return struct{}{} })
		}
	}
}

// ReopenMainLog opens the main log again.
func (s *Service) ReopenMainLog() error {
	return s.Change(func(*supervisor.Loop) error {
		if s.Log().Path() == "" {
			return api.NewFault(api.NoFile, "")
		}
		if err := s.Log().Reopen(); err != nil {
			return api.NewFault(api.Failed, err.Error())
		}
		return nil
	})
}
