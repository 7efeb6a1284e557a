package rpc

import (
	"context"
	"fmt"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/operations"
)

func (s *Server) enableProcess(ctx context.Context, a args) (result, error) {
	if _, whole := operations.WholeGroup(a.text(0)); whole {
		return statuses(s.ops.For(ctx).EnableProcesses(ctx, a.text(0)))
	}
	return done(s.ops.For(ctx).EnableProcess(ctx, a.text(0)))
}

func (s *Server) disableProcess(ctx context.Context, a args) (result, error) {
	stop := len(a) > 1 && a.bool(1)
	if _, whole := operations.WholeGroup(a.text(0)); whole {
		return statuses(s.ops.For(ctx).DisableProcesses(ctx, a.text(0), stop))
	}
	return done(s.ops.For(ctx).DisableProcess(ctx, a.text(0), stop))
}

func (s *Server) scaleProgram(ctx context.Context, a args) (result, error) {
	n := a.int(1)
	if n < 0 || n > budget.Scaled.Limit {
		return nil, api.NewFault(api.IncorrectParameters, fmt.Sprintf("numprocs is not from 0 to %d", budget.Scaled.Limit))
	}
	return statuses(s.ops.ScaleProgram(ctx, a.text(0), int(n), a.bool(2), a.bool(3)))
}
