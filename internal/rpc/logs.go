package rpc

import (
	"context"
	"errors"
	"io/fs"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// window reads a part of a log for a client. The reading is done outside the loop.
func window(path string, offset, length int64) (result, error) {
	data, err := read(path, offset, length)
	return logged(data), err
}

func read(path string, offset, length int64) ([]byte, error) {
	if path == "" {
		return nil, api.NewFault(api.NoFile, "")
	}
	data, err := logs.Read(path, offset, length)
	switch {
	case err == nil:
		return data, nil
	case errors.Is(err, logs.ErrArguments):
		return nil, api.NewFault(api.BadArguments, "")
	case errors.Is(err, fs.ErrNotExist):
		return nil, api.NewFault(api.NoFile, path)
	}
	return nil, api.NewFault(api.Failed, "") // as it always was, without a reason
}

func (s *Server) readLog(_ context.Context, a args) (result, error) {
	if err := s.checkRunning(); err != nil {
		return nil, err
	}
	return window(s.sup.Log().Path(), a.int(0), a.int(1))
}

func (s *Server) clearLog(context.Context, args) (result, error) {
	if err := s.checkRunning(); err != nil {
		return nil, err
	}
	log := s.sup.Log()
	if path := log.Path(); path == "" || !exists(path) {
		return nil, api.NewFault(api.NoFile, "")
	}
	log.Infof("reopening log file")
	if err := log.Clear(); err != nil {
		return nil, failed(err)
	}
	return boolean(true), nil
}

// logfile is the path of a log of the process that name means; empty if it has none.
func (s *Server) logfile(name string, channel api.Channel) (path string, err error) {
	err = s.read(func(v supervisor.View) error {
		p, err := find(v, name)
		if err == nil {
			path = p.Logfile(channel)
		}
		return err
	})
	return path, err
}

func (s *Server) readProcessStdoutLog(_ context.Context, a args) (result, error) {
	return s.readProcessLog(a, api.Stdout)
}

func (s *Server) readProcessStderrLog(_ context.Context, a args) (result, error) {
	return s.readProcessLog(a, api.Stderr)
}

func (s *Server) readProcessLog(a args, channel api.Channel) (result, error) {
	path, err := s.logfile(a.text(0), channel)
	if err != nil {
		return nil, err
	}
	return window(path, a.int(1), a.int(2))
}

func (s *Server) tailProcessStdoutLog(_ context.Context, a args) (result, error) {
	return s.tailProcessLog(a, api.Stdout)
}

func (s *Server) tailProcessStderrLog(_ context.Context, a args) (result, error) {
	return s.tailProcessLog(a, api.Stderr)
}

func (s *Server) tailProcessLog(a args, channel api.Channel) (result, error) {
	path, err := s.logfile(a.text(0), channel)
	if err != nil {
		return nil, err
	}
	var data []byte
	var next int64
	var overflow bool
	if path != "" {
		if data, next, overflow, err = logs.Tail(path, a.int(1), a.int(2)); err != nil {
			data, next, overflow = nil, a.int(1), false // no fault: there is just nothing new
		}
	}
	return func(e *xmlrpc.Encoder) {
		e.BeginArray()
		e.Bytes(data)
		e.Int(next)
		e.Bool(overflow)
		e.EndArray()
	}, nil
}

func (s *Server) clearProcessLogs(_ context.Context, a args) (result, error) {
	err := s.change(func(l *supervisor.Loop) error {
		p, err := find(l.View, a.text(0))
		if err != nil {
			return err
		}
		return clearLogs(p)
	})
	return boolean(true), err
}

func clearLogs(p *process.Process) error {
	if err := p.ClearLogs(); err != nil {
		return failed(err)
	}
	return nil
}

func (s *Server) clearAllProcessLogs(ctx context.Context, _ args) (result, error) {
	every := func(api.State) bool { return true }
	clear := func(p *process.Process, _ string) error { return clearLogs(p) }
	return s.forEach(ctx, all(ascending), every, clear, nil)
}

// ProcessLog is the path of the log of a channel of the process that name means, for the streams of httpd. It is false if
// there is no such log.
func (s *Server) ProcessLog(name string, channel api.Channel) (path string, ok bool) {
	_ = s.sup.Read(func(v supervisor.View) {
		if p, err := find(v, name); err == nil {
			path = p.Logfile(channel)
		}
	})
	return path, path != ""
}
