// Package operations is what clients can do with a running supervisord, as Go calls; rpc and web offer them in their own
// formats. It parses and encodes nothing. Any goroutine but the loop may call it: a method reaches the loop through
// supervisor.Do and Read, and waits for processes and reads files in the goroutine of its caller.
//
// An error is an *api.Fault, supervisor.ErrDown after a shutdown, or context.Canceled. During a shutdown all methods whose
// comments do not mention it return the fault api.ShutdownState.
package operations

import (
	"cmp"
	"context"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/audit"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// Service performs operations on one Supervisor. It has no state of its own. For a caller who has programs of its own, no others exist.
type Service struct {
	sup    *supervisor.Supervisor
	caller *access.Caller // nil: one who has all programs
}

// New makes a Service for callers who have all programs.
func New(sup *supervisor.Supervisor) *Service { return &Service{sup: sup} }

// For returns the Service for the caller of a request.
func (s *Service) For(ctx context.Context) *Service {
	if c := access.Of(ctx); c.HasOwn() {
		return &Service{s.sup, c}
	}
	return s
}

// Identifier is the name that identifies supervisord. Source: getIdentification.
func (s *Service) Identifier() string { return s.sup.Identifier() }

// Log is the main log.
func (s *Service) Log() *logs.Main { return s.sup.Log() }

// Audit is the audit log.
func (s *Service) Audit() *audit.Log { return s.sup.Audit() }

// Change runs f in the loop, unless supervisord is shutting down.
func (s *Service) Change(f func(*supervisor.Loop) error) (err error) {
	down := s.sup.Do(func(l *supervisor.Loop) {
		if err = s.CheckRunning(); err == nil {
			err = f(l)
		}
	})
	return cmp.Or(down, err)
}

// Read is Change for an f that changes nothing: shared answers that were made before it stay valid.
func (s *Service) Read(f func(supervisor.View) error) (err error) {
	down := s.sup.Read(func(v supervisor.View) {
		if err = s.CheckRunning(); err == nil {
			err = f(v)
		}
	})
	return cmp.Or(down, err)
}

// CheckRunning is Read for methods that need nothing from the loop. The hand-over to the loop would cost them as much as all
// the rest.
func (s *Service) CheckRunning() error {
	select {
	case <-s.sup.Down():
		return supervisor.ErrDown
	default:
	}
	if s.sup.State() != api.DaemonRunning {
		return api.NewFault(api.ShutdownState, "")
	}
	return nil
}

// find finds a process by its namespec; the error is a fault. It is called in the loop.
func (s *Service) find(v supervisor.View, namespec string) (*process.Process, error) {
	group, name, _ := api.SplitNamespec(namespec)
	if p := v.Find(group, name); p != nil && s.owns(p) {
		return p, nil
	}
	return nil, BadName(namespec)
}

// BadName is the fault for the name of something that does not exist.
func BadName(name string) error { return api.NewFault(api.BadName, name) }

// Failed is the fault for an error that has no code of its own.
func Failed(err error) error { return api.NewFault(api.Failed, err.Error()) }
