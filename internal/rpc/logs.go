package rpc

import (
	"context"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/budget"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// reading has a place for each large part of a log that is being read and encoded, which takes several times its size; then it
// is an answer, and counted as one. Reading and encoding wait for no client.
var reading = make(chan struct{}, 2)

// searching is reading for searches, which may take longer.
var searching = make(chan struct{}, 2)

// part calls read, which reads the part of a log that the last two parameters select, offset and length.
func part(a args, read func() (result, error)) (result, error) {
	offset, length := a.int(len(a)-2), a.int(len(a)-1)
	if length == 0 {
		length = -offset
	}
	if 0 < length && length <= budget.SmallAnswer {
		return read()
	}
	return inTurn(reading, read)
}

// inTurn calls read when there is a place, which is taken until the result has been encoded.
func inTurn(places chan struct{}, read func() (result, error)) (write result, err error) {
	places <- struct{}{}
	defer func() {
		if write == nil { // an error, or a panic
			<-places
		}
	}()
	data, err := read()
	if err != nil {
		return nil, err
	}
	return func(e *xmlrpc.Encoder) {
		defer func() { <-places }()
		data(e)
	}, nil
}

func (s *Server) readLog(_ context.Context, a args) (result, error) {
	return part(a, func() (result, error) {
		data, err := s.ops.ReadMainLog(a.int(0), a.int(1))
		return window(data, a.int(0)), err
	})
}

func (s *Server) readAuditLog(_ context.Context, a args) (result, error) {
	lines, err := s.ops.ReadAuditLog(a.int(0))
	return array(lines, func(e *xmlrpc.Encoder, line []byte) { e.String(string(line)) }), err
}

func (s *Server) clearLog(context.Context, args) (result, error) { return done(s.ops.ClearMainLog()) }

func (s *Server) readProcessStdoutLog(ctx context.Context, a args) (result, error) {
	return s.readProcessLog(ctx, a, api.Stdout)
}

func (s *Server) readProcessStderrLog(ctx context.Context, a args) (result, error) {
	return s.readProcessLog(ctx, a, api.Stderr)
}

func (s *Server) readProcessLog(ctx context.Context, a args, channel api.Channel) (result, error) {
	return part(a, func() (result, error) {
		data, err := s.ops.For(ctx).ReadLog(a.text(0), channel, a.int(1), a.int(2))
		return window(data, a.int(1)), err
	})
}

// fitting is as much of a part of a log as an answer can hold: its beginning, or its end.
func fitting(data []byte, last bool) []byte {
	const around = 1 << 10 // bytes of an answer around it
	return xmlrpc.Fitting(data, int(budget.Answer.Limit)-around, last)
}

// window is the result of a method that reads a log from offset. A negative one counts from the end.
func window(data []byte, offset int64) result { return binary(fitting(data, offset < 0)) }

func (s *Server) tailProcessStdoutLog(ctx context.Context, a args) (result, error) {
	return s.tailProcessLog(ctx, a, api.Stdout)
}

func (s *Server) tailProcessStderrLog(ctx context.Context, a args) (result, error) {
	return s.tailProcessLog(ctx, a, api.Stderr)
}

func (s *Server) tailProcessLog(ctx context.Context, a args, channel api.Channel) (result, error) {
	return part(a, func() (result, error) {
		data, next, overflow, err := s.ops.For(ctx).TailLog(a.text(0), channel, a.int(1), a.int(2))
		return func(e *xmlrpc.Encoder) {
			e.BeginArray()
			e.Bytes(fitting(data, true))
			e.Int(next)
			e.Bool(overflow)
			e.EndArray()
		}, err
	})
}

func (s *Server) clearProcessLogs(ctx context.Context, a args) (result, error) {
	return done(s.ops.For(ctx).ClearLogs(ctx, a.text(0)))
}

func (s *Server) clearAllProcessLogs(ctx context.Context, _ args) (result, error) {
	return statuses(s.ops.For(ctx).ClearAllLogs(ctx, operations.All))
}
