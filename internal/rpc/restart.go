package rpc

import (
	"context"

	"github.com/gosupervisor/supervisor/internal/operations"
)

func (s *Server) restartProcess(ctx context.Context, a args) (result, error) {
	if group, whole := operations.WholeGroup(a.text(0)); whole {
		return statuses(s.ops.RestartProcesses(ctx, group, a.bool(1)))
	}
	return done(s.ops.RestartProcess(ctx, a.text(0), a.bool(1)))
}

func (s *Server) killProcess(ctx context.Context, a args) (result, error) {
	if group, whole := operations.WholeGroup(a.text(0)); whole {
		return statuses(s.ops.KillProcesses(ctx, group, a.bool(1)))
	}
	return done(s.ops.KillProcess(ctx, a.text(0), a.bool(1)))
}

func (s *Server) killAllProcesses(ctx context.Context, a args) (result, error) {
	return statuses(s.ops.KillProcesses(ctx, operations.All, a.bool(0)))
}

func (s *Server) reloadProcess(ctx context.Context, a args) (result, error) {
	if group, whole := operations.WholeGroup(a.text(0)); whole {
		return statuses(s.ops.ReloadProcesses(ctx, group, a.bool(1)))
	}
	return done(s.ops.ReloadProcess(ctx, a.text(0), a.bool(1)))
}

func (s *Server) reloadAllProcesses(ctx context.Context, a args) (result, error) {
	return statuses(s.ops.ReloadProcesses(ctx, operations.All, a.bool(0)))
}
