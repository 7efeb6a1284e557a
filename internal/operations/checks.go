package operations

import (
	"context"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/check"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/waiting"
)

// RunChecks runs each health check of a process once, now, and returns the results. They count for nothing, so a request that is handed
// over runs the checks again.
func (s *Service) RunChecks(ctx context.Context, name string) ([]api.CheckResult, error) {
	call := waiting.Of(ctx)
	call.Enter(new(struct{}))
	got := make(chan []check.Result, 1)
	err := s.Change(func(l *supervisor.Loop) error {
		p, err := s.find(l.View, name)
		switch {
		case err != nil:
			return err
		case p.PID() == 0 || !p.State().IsRunning():
			return api.NewFault(api.NotRunning, name)
		}
		p.RunChecks(func(results []check.Result) { got <- results }, time.Now())
		return nil
	})
	if err != nil {
		return nil, err
	}
	var results []api.CheckResult
	for {
		select {
		case list := <-got:
			for _, r := range list {
				results = append(results, api.CheckResult{Check: r.Kind.String(), OK: r.OK(), Text: r.Text, Milliseconds: int(r.Took.Milliseconds())})
			}
			return results, nil
		case <-ctx.Done():
			return nil, context.Canceled
		case <-s.sup.Down():
			return nil, supervisor.ErrDown
		case <-call.Frozen():
			call.Park(func() any { return struct{}{} })
		}
	}
}
