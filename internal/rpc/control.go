package rpc

import (
	"context"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

func (s *Server) shutdown(context.Context, args) (result, error) { return done(s.ops.Shutdown()) }

func (s *Server) restart(context.Context, args) (result, error) { return done(s.ops.Restart()) }

func (s *Server) upgrade(ctx context.Context, a args) (result, error) {
	u, err := s.ops.Upgrade(ctx, len(a) > 0 && a.bool(0))
	return func(e *xmlrpc.Encoder) { writeStruct(e, "from", u.From, "to", u.To, "note", u.Note) }, err
}

func (s *Server) reloadConfig(context.Context, args) (result, error) {
	d, err := s.ops.Reload()
	lists := [][]string{d.Added, d.Changed, d.Removed}
	return func(e *xmlrpc.Encoder) {
		e.BeginArray()
		array(lists, func(e *xmlrpc.Encoder, names []string) { array(names, writeString)(e) })(e)
		e.EndArray()
	}, err
}

func (s *Server) addProcessGroup(_ context.Context, a args) (result, error) {
	return done(s.ops.AddGroup(a.text(0)))
}

func (s *Server) removeProcessGroup(_ context.Context, a args) (result, error) {
	return done(s.ops.RemoveGroup(a.text(0)))
}

func (s *Server) sendRemoteCommEvent(_ context.Context, a args) (result, error) {
	return done(s.ops.SendRemoteComm(a.text(0), a.text(1)))
}

func (s *Server) sendProcessStdin(ctx context.Context, a args) (result, error) {
	return done(s.ops.For(ctx).SendStdin(a.text(0), a.text(1)))
}

// processOrGroup acts on the process that the first parameter names, or on all processes of GROUP:*. The second one says whether
// the call waits.
func processOrGroup(ctx context.Context, a args, process func(context.Context, string, bool) error,
	processes func(context.Context, operations.Selection, bool) ([]api.ProcessStatus, error)) (result, error) {
	if group, whole := operations.WholeGroup(a.text(0)); whole {
		return statuses(processes(ctx, group, a.bool(1)))
	}
	return done(process(ctx, a.text(0), a.bool(1)))
}

func (s *Server) startProcess(ctx context.Context, a args) (result, error) {
	return processOrGroup(ctx, a, s.ops.For(ctx).StartProcess, s.ops.For(ctx).StartProcesses)
}

func (s *Server) startProcessGroup(ctx context.Context, a args) (result, error) {
	return statuses(s.ops.For(ctx).StartProcesses(ctx, operations.Group(a.text(0)), a.bool(1)))
}

func (s *Server) startAllProcesses(ctx context.Context, a args) (result, error) {
	return statuses(s.ops.For(ctx).StartProcesses(ctx, operations.All, a.bool(0)))
}

func (s *Server) stopProcess(ctx context.Context, a args) (result, error) {
	return processOrGroup(ctx, a, s.ops.For(ctx).StopProcess, s.ops.For(ctx).StopProcesses)
}

func (s *Server) stopProcessGroup(ctx context.Context, a args) (result, error) {
	return statuses(s.ops.For(ctx).StopProcesses(ctx, operations.Group(a.text(0)), a.bool(1)))
}

func (s *Server) stopAllProcesses(ctx context.Context, a args) (result, error) {
	return statuses(s.ops.For(ctx).StopProcesses(ctx, operations.All, a.bool(0)))
}

func (s *Server) signalProcess(ctx context.Context, a args) (result, error) {
	if group, whole := operations.WholeGroup(a.text(0)); whole {
		return statuses(s.ops.For(ctx).SignalProcesses(ctx, group, a.text(1)))
	}
	return done(s.ops.For(ctx).SignalProcess(ctx, a.text(0), a.text(1)))
}

func (s *Server) signalProcessGroup(ctx context.Context, a args) (result, error) {
	return statuses(s.ops.For(ctx).SignalProcesses(ctx, operations.Group(a.text(0)), a.text(1)))
}

func (s *Server) signalAllProcesses(ctx context.Context, a args) (result, error) {
	return statuses(s.ops.For(ctx).SignalProcesses(ctx, operations.All, a.text(0)))
}
