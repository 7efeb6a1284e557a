package rpc

import (
	"context"

	"github.com/gosupervisor/supervisor/internal/operations"
)

func (s *Server) restartProcess(ctx context.Context, a args) (result, error) {
	return processOrGroup(ctx, a, s.ops.For(ctx).RestartProcess, s.ops.For(ctx).RestartProcesses)
}

func (s *Server) killProcess(ctx context.Context, a args) (result, error) {
	return processOrGroup(ctx, a, s.ops.For(ctx).KillProcess, s.ops.For(ctx).KillProcesses)
}

func (s *Server) killAllProcesses(ctx context.Context, a args) (result, error) {
	return statuses(s.ops.For(ctx).KillProcesses(ctx, operations.All, a.bool(0)))
}

func (s *Server) reloadProcess(ctx context.Context, a args) (result, error) {
	return processOrGroup(ctx, a, s.ops.For(ctx).ReloadProcess, s.ops.For(ctx).ReloadProcesses)
}

func (s *Server) reloadAllProcesses(ctx context.Context, a args) (result, error) {
	return statuses(s.ops.For(ctx).ReloadProcesses(ctx, operations.All, a.bool(0)))
}
