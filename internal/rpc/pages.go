package rpc

import (
	"context"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// This file is the interface as Go calls, for the web pages. What goes wrong is an api.Fault here as well, or says that
// supervisord or the client has gone.

// View is what the pages show of a process.
type View struct {
	api.ProcessInfo
	LastExit string // how its last child ended, in words; empty if none has
}

// Snapshot is the state of some or all processes at a moment, by group and name.
type Snapshot struct {
	At     time.Time
	Layout int // another one when the set of processes is another
	Views  []View
}

// snapshot takes the state of these processes, in the loop.
func snapshot(v supervisor.View, of []*process.Process) Snapshot {
	snap := Snapshot{At: time.Now(), Layout: v.Layout(), Views: make([]View, len(of))}
	for i, p := range of {
		snap.Views[i] = View{p.Info(snap.At), p.LastExit()}
	}
	return snap
}

// All takes the state of all processes.
func (s *Server) All() (snap Snapshot, err error) {
	err = s.read(func(v supervisor.View) error { snap = snapshot(v, v.Processes()); return nil })
	return snap, err
}

// Watch tells of the processes that change, from one Take to the next. Close it.
type Watch struct {
	server *Server
	watch  *supervisor.Watch
}

// Watch begins with the processes that changed their state at that time or later.
func (s *Server) Watch(since time.Time) (w *Watch, snap Snapshot, err error) {
	err = s.read(func(v supervisor.View) error {
		w = &Watch{s, v.Watch()}
		snap = snapshot(v, v.ChangedSince(since))
		return nil
	})
	return w, snap, err
}

// Ready holds a value when there is something to Take.
func (w *Watch) Ready() <-chan struct{} { return w.watch.Ready() }

// Take takes the state of what has changed. It goes on while supervisord is on its way down.
func (w *Watch) Take() (snap Snapshot, err error) {
	s := w.server
	err = s.sup.Read(func(v supervisor.View) { snap = snapshot(v, v.Take(w.watch)) })
	return snap, err
}

// Close ends it.
func (w *Watch) Close() { _ = w.server.sup.Read(func(v supervisor.View) { v.Unwatch(w.watch) }) }

// Identifier is the name supervisord goes by.
func (s *Server) Identifier() string { return s.sup.Identifier() }

// StartProcess starts a process and waits until it runs.
func (s *Server) StartProcess(ctx context.Context, name string) error {
	_, err := s.one(ctx, name, start, waitStarted, true)
	return err
}

// StopProcess stops a process and waits until it has ended.
func (s *Server) StopProcess(ctx context.Context, name string) error {
	_, err := s.one(ctx, name, stop, s.waitStopped, true)
	return err
}

// StartGroup starts those processes of a group that do not run, and waits.
func (s *Server) StartGroup(ctx context.Context, group string) ([]api.ProcessStatus, error) {
	return s.outcomes(ctx, members(group, group, ascending), idle, start, waitStarted)
}

// StopGroup stops those processes of a group that run, and waits.
func (s *Server) StopGroup(ctx context.Context, group string) ([]api.ProcessStatus, error) {
	return s.outcomes(ctx, members(group, group, descending), api.State.IsRunning, stop, s.waitStopped)
}

// StartAll starts all processes that do not run, and waits.
func (s *Server) StartAll(ctx context.Context) ([]api.ProcessStatus, error) {
	return s.outcomes(ctx, all(ascending), idle, start, waitStarted)
}

// StopAll stops all processes that run, and waits.
func (s *Server) StopAll(ctx context.Context) ([]api.ProcessStatus, error) {
	return s.outcomes(ctx, all(descending), api.State.IsRunning, stop, s.waitStopped)
}

// ClearLogs empties both logs of a process.
func (s *Server) ClearLogs(name string) error {
	return s.change(func(l *supervisor.Loop) error {
		p, err := find(l.View, name)
		if err != nil {
			return err
		}
		return clearLogs(p)
	})
}

// LogEnd is the end of a log of the process that name means, so many bytes at the most.
func (s *Server) LogEnd(name string, channel api.Channel, bytes int) ([]byte, error) {
	path, err := s.logfile(name, channel)
	if err != nil {
		return nil, err
	}
	return read(path, int64(-bytes), 0)
}

// MainLogEnd is the end of the main log, so many bytes at the most.
func (s *Server) MainLogEnd(bytes int) ([]byte, error) {
	if err := s.checkRunning(); err != nil {
		return nil, err
	}
	return read(s.sup.Log().Path(), int64(-bytes), 0)
}

// Info is the state of one process.
func (s *Server) Info(name string) (view View, err error) {
	err = s.read(func(v supervisor.View) error {
		p, err := find(v, name)
		if err == nil {
			view = View{p.Info(time.Now()), p.LastExit()}
		}
		return err
	})
	return view, err
}

// Errorf writes a line to the main log.
func (s *Server) Errorf(format string, a ...any) { s.sup.Log().Errorf(format, a...) }
