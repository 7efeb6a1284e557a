package rpc

import "context"

func (s *Server) rotateLog(context.Context, args) (result, error) {
	rotated, err := s.ops.RotateMainLog()
	return boolean(rotated), err
}

func (s *Server) rotateProcessLogs(ctx context.Context, a args) (result, error) {
	return statuses(s.ops.For(ctx).RotateLogs(ctx, a.text(0)))
}

func (s *Server) rotateAllProcessLogs(ctx context.Context, _ args) (result, error) {
	return statuses(s.ops.For(ctx).RotateAllLogs(ctx))
}

func (s *Server) waitForRotatedLogs(ctx context.Context, _ args) (result, error) {
	return done(s.ops.WaitForRotatedLogs(ctx))
}

func (s *Server) reopenLog(context.Context, args) (result, error) { return done(s.ops.ReopenMainLog()) }

func (s *Server) reopenProcessLogs(ctx context.Context, a args) (result, error) {
	return statuses(s.ops.For(ctx).ReopenLogs(ctx, a.text(0)))
}

func (s *Server) reopenAllProcessLogs(ctx context.Context, _ args) (result, error) {
	return statuses(s.ops.For(ctx).ReopenAllLogs(ctx))
}
