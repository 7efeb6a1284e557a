package rpc

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/signame"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func (s *Server) shutdown(context.Context, args) (result, error) {
	err := s.change(func(l *supervisor.Loop) error { l.Shutdown(); return nil })
	return boolean(true), err
}

func (s *Server) restart(context.Context, args) (result, error) {
	cfg, err := s.reread()
	if err == nil {
		err = s.change(func(l *supervisor.Loop) error { l.Restart(cfg); return nil })
	}
	return boolean(true), err
}

// reread reads the configuration, outside the loop.
func (s *Server) reread() (*config.Config, error) {
	if err := s.checkRunning(); err != nil {
		return nil, err
	}
	cfg, err := s.sup.ReadConfig()
	if err != nil {
		return nil, api.NewFault(api.CantReread, config.Explain(err))
	}
	return cfg, nil
}

func (s *Server) sendRemoteCommEvent(_ context.Context, a args) (result, error) {
	err := s.change(func(l *supervisor.Loop) error { l.SendRemoteComm(a.text(0), a.text(1)); return nil })
	return boolean(true), err
}

func (s *Server) sendProcessStdin(_ context.Context, a args) (result, error) {
	name := a.text(0)
	err := s.change(func(l *supervisor.Loop) error {
		p, err := find(l.View, name)
		if err != nil {
			return err
		}
		if p.PID() == 0 || p.State() == api.Stopping {
			return api.NewFault(api.NotRunning, name)
		}
		switch err := p.SendStdin([]byte(a.text(1))); {
		case errors.Is(err, process.ErrStdinClosed):
			return api.NewFault(api.NoFile, name)
		case err != nil:
			return failed(err)
		}
		return nil
	})
	return boolean(true), err
}

func (s *Server) startProcess(ctx context.Context, a args) (result, error) {
	if group, _, whole := api.SplitNamespec(a.text(0)); whole {
		return s.startGroup(ctx, group, a.text(0), a.bool(1))
	}
	return s.one(ctx, a.text(0), start, waitStarted, a.bool(1))
}

func (s *Server) stopProcess(ctx context.Context, a args) (result, error) {
	if group, _, whole := api.SplitNamespec(a.text(0)); whole {
		return s.stopGroup(ctx, group, a.text(0), a.bool(1))
	}
	return s.one(ctx, a.text(0), stop, s.waitStopped, a.bool(1))
}

func (s *Server) signalProcess(ctx context.Context, a args) (result, error) {
	if group, _, whole := api.SplitNamespec(a.text(0)); whole {
		return s.signalGroup(ctx, group, a.text(0), a.text(1))
	}
	return s.one(ctx, a.text(0), sending(a.text(1)), nil, false)
}

// act does something to one process, in the loop. The name is the one that faults show.
type act func(p *process.Process, name string) error

// wait tells, in the loop, whether what was begun has ended and how. It is called again after each change of state.
type wait func(p *process.Process, name string) (done bool, err error)

// one does something to the process that name means, and waits until it has come about if told so.
func (s *Server) one(ctx context.Context, name string, do act, until wait, waits bool) (result, error) {
	if !waits {
		until = nil
	}
	var b begun
	if err := s.change(func(l *supervisor.Loop) error {
		p, err := find(l.View, name)
		if err == nil {
			b, err = begin(p, name, do, until)
		}
		return err
	}); err != nil {
		return nil, err
	}
	return boolean(true), s.await(ctx, &b)
}

// begun is something that was done to a process and may have to be waited for.
type begun struct {
	process *process.Process
	name    string
	until   wait
	changed <-chan struct{} // nil: there is nothing to wait for
	moved   time.Time       // the process's last change of state, for the order in which things came about
}

// begin does it, in the loop, and looks for the first time whether it has come about.
func begin(p *process.Process, name string, do act, until wait) (begun, error) {
	if err := do(p, name); err != nil {
		return begun{}, err
	}
	b := begun{process: p, name: name, until: until}
	return b, b.look()
}

// look finds out, in the loop, whether it has come about; if not, changed says when to look again.
func (b *begun) look() (err error) {
	b.changed, b.moved = nil, b.process.StateSince()
	if b.until == nil {
		return nil
	}
	done, err := b.until(b.process, b.name)
	if !done {
		b.changed = b.process.Changed()
	}
	return err
}

// await waits for it. The waiting is over also when the client or supervisord goes.
func (s *Server) await(ctx context.Context, b *begun) (err error) {
	if b.changed == nil {
		return nil
	}
	reminder := time.NewTicker(2 * time.Second)
	defer reminder.Stop()
	for b.changed != nil {
		select {
		case <-b.changed:
		case <-reminder.C:
		case <-ctx.Done():
			return context.Canceled
		case <-s.sup.Down():
		}
		if down := s.sup.Read(func(supervisor.View) { err = b.look() }); down != nil {
			return down
		}
	}
	return err
}

func start(p *process.Process, name string) error {
	if _, _, err := p.Command(); err != nil {
		return commandFault(err)
	}
	if !p.Start(time.Now()) {
		return startRefused(p.State(), name)
	}
	if p.SpawnErr() != "" {
		return api.NewFault(api.SpawnError, name)
	}
	return nil
}

// commandFault is the fault for a command that cannot be run.
func commandFault(err error) error {
	var problem *process.CommandError
	if errors.As(err, &problem) && problem.Reason == process.NotFound {
		return api.NewFault(api.NoFile, problem.Text)
	}
	return api.NewFault(api.NotExecutable, err.Error())
}

// startRefused is the fault for a start that the state of the process does not allow.
func startRefused(state api.State, name string) error {
	switch {
	case state.IsRunning():
		return api.NewFault(api.AlreadyStarted, name)
	case state == api.Unknown:
		return api.NewFault(api.Failed, name+" is in an unknown process state")
	}
	return api.NewFault(api.AbnormalTermination, name)
}

func waitStarted(p *process.Process, name string) (bool, error) {
	switch state := p.State(); {
	case p.SpawnErr() != "":
		return true, api.NewFault(api.SpawnError, name)
	case state == api.Running:
		return true, nil
	case state != api.Starting:
		return true, api.NewFault(api.AbnormalTermination, name)
	}
	return false, nil
}

func stop(p *process.Process, name string) error {
	if !p.State().IsRunning() {
		return api.NewFault(api.NotRunning, name)
	}
	if problem := p.Stop(time.Now()); problem != "" {
		return api.NewFault(api.Failed, problem)
	}
	return nil
}

// waitStopped is called at once and then every two seconds, and each time it finds the process alive it says so.
func (s *Server) waitStopped(p *process.Process, _ string) (bool, error) {
	if p.State().IsStopped() {
		return true, nil
	}
	s.sup.Log().Infof("waiting for %s to stop", p.Name())
	return false, nil
}

// sending is the act of sending a signal.
func sending(signal string) act {
	sig, err := signame.Parse(signal)
	return func(p *process.Process, name string) error {
		switch {
		case err != nil:
			return api.NewFault(api.BadSignal, signal)
		case !p.State().IsSignallable():
			return api.NewFault(api.NotRunning, name)
		}
		if problem := p.Signal(sig, time.Now()); problem != "" {
			return api.NewFault(api.Failed, problem)
		}
		return nil
	}
}
