package operations

import (
	"context"
	"errors"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/signame"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/waiting"
)

// kind is a kind of operation on processes. Its functions run in the loop; name is the name of the process in faults.
type kind struct {
	descending bool                        // of several processes, the last to be started is the first
	affects    func(*process.Process) bool // of several processes, the others are left out
	action     func(p *process.Process, name string) error
	// prepare, if not nil, is called with all processes of the operation, before an action. It reports whether some of them must wait for
	// others. Then inTurn takes the place of action, and no other request is served in between.
	prepare func(l *supervisor.Loop, processes []*process.Process) bool
	inTurn  func(l *supervisor.Loop, p *process.Process, name string) error
	// done reports whether the operation is over, and how it ended. It is called after the action, at each change of the
	// process, and every two seconds. Nil: the operation is over after the action.
	done  func(v supervisor.View, p *process.Process, name string) (bool, error)
	stops bool // while it is not over, that is logged every reminderInterval
}

// reminderInterval is the time between two checks of an operation whose process does not change.
const reminderInterval = 2 * time.Second

var (
	starting = kind{affects: startable, action: start, done: started, prepare: (*supervisor.Loop).BeginStart, inTurn: startInTurn}
	stopping = kind{descending: true, affects: stoppable, action: stop, done: stopped, prepare: beginStop, inTurn: stopInTurn, stops: true}
	clearing = kind{affects: anyState, action: clearLogs}

	restarting = kind{affects: restartable, action: restart, done: restarted, prepare: beginRestart, inTurn: restartInTurn}
	killing    = kind{descending: true, affects: killable, action: kill, done: stopped, stops: true}
	reloading  = kind{affects: reloadable, action: reload, done: reloaded}
)

func signaling(signal string) kind {
	return kind{affects: signallable, action: signalAction(signal)}
}

func notRunning(p *process.Process) bool {
	return !p.State().IsRunning() || p.Gate().Stops && !p.Gate().Again
}

// startable and restartable leave out disabled processes that do not run, which only requests about them alone start.
func startable(p *process.Process) bool { return notRunning(p) && !p.Disabled() }
func restartable(p *process.Process) bool {
	return !p.Disabled() || p.State().IsRunning() || p.StartComes()
}

func signallable(p *process.Process) bool { return p.State().IsSignallable() }
func anyState(*process.Process) bool      { return true }

// stoppable reports whether there is something to stop: a child, or a start that is coming.
func stoppable(p *process.Process) bool {
	return p.State().IsRunning() || p.Awaited() || p.State() != api.Exited && p.StartComes()
}

// prepared is the kind for these processes: if some must wait for others, its action is inTurn.
func (k kind) prepared(l *supervisor.Loop, processes []*process.Process) kind {
	if k.prepare != nil && k.prepare(l, processes) {
		inTurn := k.inTurn
		k.action = func(p *process.Process, name string) error { return inTurn(l, p, name) }
	}
	return k
}

// StartProcess starts a process. With wait it returns when the process is RUNNING.
func (s *Service) StartProcess(ctx context.Context, name string, wait bool) error {
	return s.single(ctx, name, starting, wait)
}

// StopProcess stops a process. With wait it returns when the process has ended.
func (s *Service) StopProcess(ctx context.Context, name string, wait bool) error {
	return s.single(ctx, name, stopping, wait)
}

// SignalProcess sends a signal, given by name or number, to a process.
func (s *Service) SignalProcess(ctx context.Context, name, signal string) error {
	return s.single(ctx, name, signaling(signal), false)
}

// ClearLogs empties both logs of a process.
func (s *Service) ClearLogs(ctx context.Context, name string) error {
	return s.single(ctx, name, clearing, false)
}

// single performs an operation on one process.
func (s *Service) single(ctx context.Context, name string, k kind, wait bool) error {
	if wait {
		return s.singleWait(ctx, name, k)
	}
	_, err := s.beginSingle(name, k, false)
	return err
}

// singleWait is single for a caller that waits.
func (s *Service) singleWait(ctx context.Context, name string, k kind) error {
	call := waiting.Of(ctx)
	var o operation
	var err error
	state := new(OperationState)
	switch call.Enter(state) {
	case waiting.Over:
		return nil
	case waiting.Resume:
		o, err = s.resume(k, state)
	default:
		o, err = s.beginSingle(name, k, true)
	}
	for {
		if err == nil {
			err = s.await(ctx, call.Frozen(), &o)
		}
		if err != errFrozen {
			return err
		}
		call.Park(func() any { return o.export() })
		err = nil
	}
}

// beginSingle begins an operation on one process.
func (s *Service) beginSingle(name string, k kind, wait bool) (o operation, err error) {
	err = s.Change(func(l *supervisor.Loop) error {
		p, err := s.find(l.View, name)
		if err == nil {
			one := []*process.Process{p}
			o, err = s.begin(l.View, k.prepared(l, one), p, name, wait)
		}
		return err
	})
	return o, err
}

// operation is an operation in progress on one process.
type operation struct {
	kind       kind
	process    *process.Process
	name       string
	changed    <-chan struct{} // closed at the next change of the process; nil: the operation is over
	stateSince time.Time       // when the process entered its state
	reported   time.Time       // when it was logged last that the operation is not over
}

// begin performs the action, in the loop. The operation is over at once if its kind or the caller does not wait.
func (s *Service) begin(v supervisor.View, k kind, p *process.Process, name string, wait bool) (operation, error) {
	if err := k.action(p, name); err != nil {
		return operation{}, err
	}
	if !wait {
		k.done = nil
	}
	o := operation{kind: k, process: p, name: name}
	return o, s.check(v, &o)
}

// check finds out, in the loop, whether the operation is over.
func (s *Service) check(v supervisor.View, o *operation) error {
	o.changed, o.stateSince = nil, o.process.StateSince()
	if o.kind.done == nil {
		return nil
	}
	over, err := o.kind.done(v, o.process, o.name)
	if !over {
		o.changed = o.process.Changed()
		s.report(o)
	}
	return err
}

// report logs that a stop is not over, unless it did so a moment ago. Source: supervisor.process.stop_report.
func (s *Service) report(o *operation) {
	if now := time.Now(); o.kind.stops && now.Sub(o.reported) >= reminderInterval {
		s.Log().Infof("waiting for %s to stop", o.process.Name())
		o.reported = now
	}
}

// errFrozen is the error of await if the operation is to be parked, as it is.
var errFrozen = errors.New("the operation is to be parked")

// await waits until the operation is over, the client has disconnected, supervisord has shut down, or frozen closes.
func (s *Service) await(ctx context.Context, frozen <-chan struct{}, o *operation) (err error) {
	if o.changed == nil {
		return nil
	}
	reminder := time.NewTicker(reminderInterval)
	defer reminder.Stop()
	for o.changed != nil {
		select {
		case <-o.changed:
		case <-reminder.C:
		case <-ctx.Done():
			return context.Canceled
		case <-frozen:
			return errFrozen
		case <-s.sup.Down():
		}
		if down := s.sup.Read(func(v supervisor.View) { err = s.check(v, o) }); down != nil {
			return down
		}
	}
	return err
}

// startInTurn is start for one of several processes, which may have to wait for others.
func startInTurn(l *supervisor.Loop, p *process.Process, name string) error {
	if _, _, err := p.Command(); err == nil && l.HoldStart(p) {
		return nil
	}
	return start(p, name)
}

func start(p *process.Process, name string) error {
	if _, _, err := p.Command(); err != nil {
		return commandFault(err)
	}
	if p.Keep() {
		return nil
	}
	return startNow(p, name)
}

// startNow is start without a look at the command.
func startNow(p *process.Process, name string) error {
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
	var problem *config.CommandError
	if errors.As(err, &problem) && problem.Reason == config.NotFound {
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

func started(_ supervisor.View, p *process.Process, name string) (bool, error) {
	switch state := p.State(); {
	case p.SpawnErr() != "": // also of one that waits as before the request
		return true, api.NewFault(api.SpawnError, name)
	case p.Gate().Held:
		return false, nil
	case state == api.Running:
		return true, nil
	case state != api.Starting:
		return true, api.NewFault(api.AbnormalTermination, name)
	}
	return false, nil
}

func stop(p *process.Process, name string) error { return stopBy(p, name, p.Stop) }

func beginStop(l *supervisor.Loop, processes []*process.Process) bool {
	return l.BeginStop(processes, time.Now())
}

// stopInTurn is stop for a process that may have to wait for others.
func stopInTurn(l *supervisor.Loop, p *process.Process, name string) error {
	return stopBy(p, name, func(now time.Time) string { return l.StopInTurn(p, now) })
}

func stopBy(p *process.Process, name string, stop func(now time.Time) (problem string)) error {
	if !stoppable(p) {
		return api.NewFault(api.NotRunning, name)
	}
	if problem := stop(time.Now()); problem != "" {
		return api.NewFault(api.Failed, problem)
	}
	return nil
}

func stopped(_ supervisor.View, p *process.Process, name string) (bool, error) {
	if p.Gate().Kept {
		return true, api.NewFault(api.Failed, name+" was started before it was its turn to stop")
	}
	return p.State() != api.Stopping && !p.Gate().Stops, nil // it may have been started again since
}

func signalAction(signal string) func(*process.Process, string) error {
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

func clearLogs(p *process.Process, _ string) error {
	if err := p.ClearLogs(); err != nil {
		return Failed(err)
	}
	return nil
}
