package rpc

import (
	"context"

	"github.com/gosupervisor/supervisor/internal/operations"
)

func (s *Server) restartProcess(ctx context.Context, a args) (result, error) {
	return processOrGroup(ctx, a, s.ops.RestartProcess, s.ops.RestartProcesses)
}

func (s *Server) killProcess(ctx context.Context, a args) (result, error) {
	return processOrGroup(ctx, a, s.ops.KillProcess, s.ops.KillProcesses)
}

func (s *Server) killAllProcesses(ctx context.Context, a args) (result, error) {
	return statuses(s.ops.KillProcesses(ctx, operations.All, a.bool(0)))
}

func (s *Server) reloadProcess(ctx context.Context, a args) (result, error) {
	return processOrGroup(ctx, a, s.ops.ReloadProcess, s.ops.ReloadProcesses)
}

func (s *Server) reloadAllProcesses(ctx context.Context, a args) (result, error) {
	return statuses(s.ops.ReloadProcesses(ctx, operations.All, a.bool(0)))
}
