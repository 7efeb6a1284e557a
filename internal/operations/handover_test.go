package operations

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/waiting"
	"github.com/gosupervisor/supervisor/internal/waiting/waitingtest"
)

// slow is a group of processes that are STARTING for an hour.
func slow(name string, processes ...string) *config.Group {
	g := group(name, "/bin/cat", processes...)
	g.Processes[0].Program.Start.Secs = 3600
	return g
}

// outcome is what an operation returns.
type outcome struct {
	List []api.ProcessStatus
	Err  error
}

// begin calls f with a context that has a call, resumed if there is a state.
func begin(port *waitingtest.Port, state []byte, f func(context.Context) ([]api.ProcessStatus, error)) <-chan outcome {
	got := make(chan outcome, 1)
	go func() {
		list, err := f(waiting.With(context.Background(), waiting.New(port, state, nil)))
		got <- outcome{list, err}
	}()
	return got
}

func receive(t *testing.T, got <-chan outcome) (o outcome) {
	t.Helper()
	select {
	case o = <-got:
	case <-time.After(20 * time.Second):
		t.Fatal("no outcome")
	}
	return o
}

// reaches waits for a state of a process.
func reaches(t *testing.T, s *Service, name string, state api.State) {
	t.Helper()
	until(t, s, name, func(info *api.ProcessInfo) bool { return info.State == state })
}

// until waits until something is true of a process.
func until(t *testing.T, s *Service, name string, is func(*api.ProcessInfo) bool) {
	t.Helper()
	w, _, err := s.Watch(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for late := time.After(20 * time.Second); ; {
		if info, err := s.Info(name); err == nil && is(&info) {
			return
		}
		select {
		case <-w.Ready():
			if _, err := w.Take(); err != nil {
				t.Fatal(err)
			}
		case <-late:
			t.Fatalf("%s does not get there", name)
		}
	}
}

// covers: L12-c
// Operations that wait are parked, and exported. The same request with that state, and the parked one after a thaw, end as if nothing
// had been.
func TestHandOver(t *testing.T) {
	ended := func(name string) api.ProcessStatus {
		return api.ProcessStatus{Group: "g", Name: name, Status: api.AbnormalTermination, Description: "ABNORMAL_TERMINATION: g:" + name}
	}
	for name, c := range map[string]struct {
		do          func(s *Service) func(context.Context) ([]api.ProcessStatus, error)
		first, then []string // stopped before and after the freeze
		want        outcome
	}{
		"one": {
			do: func(s *Service) func(context.Context) ([]api.ProcessStatus, error) {
				return func(ctx context.Context) ([]api.ProcessStatus, error) { return nil, s.StartProcess(ctx, "g:a", true) }
			},
			then: []string{"a"},
			want: outcome{Err: api.NewFault(api.AbnormalTermination, "g:a")},
		},
		"group": {
			do: func(s *Service) func(context.Context) ([]api.ProcessStatus, error) {
				return func(ctx context.Context) ([]api.ProcessStatus, error) {
					return s.StartProcesses(ctx, Group("g"), true)
				}
			},
			first: []string{"b"}, then: []string{"c", "a"},
			want: outcome{List: []api.ProcessStatus{ended("a"), ended("b"), ended("c")}},
		},
		"two steps": { // of which the first is over
			do: func(s *Service) func(context.Context) ([]api.ProcessStatus, error) {
				return func(ctx context.Context) ([]api.ProcessStatus, error) {
					if _, err := s.StopProcesses(ctx, All, true); err != nil {
						return nil, err
					}
					return s.StartProcesses(ctx, All, true)
				}
			},
			then: []string{"a", "b", "c"},
			want: outcome{List: []api.ProcessStatus{ended("a"), ended("b"), ended("c")}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := run(t, slow("g", "a", "b", "c"))
			do := c.do(s)
			stop := func(names []string) {
				for _, n := range names {
					if err := s.StopProcess(context.Background(), "g:"+n, true); err != nil {
						t.Fatal(err)
					}
				}
			}
			port := waitingtest.New()
			parked := begin(port, nil, do)
			reaches(t, s, "g:a", api.Starting)
			if name != "one" {
				reaches(t, s, "g:c", api.Starting)
			}
			stop(c.first)
			state := port.Freeze(t)
			next := waitingtest.New()
			resumed := begin(next, state, do)
			again := begin(waitingtest.New(), next.Freeze(t), do) // of one that was resumed
			stop(c.then)
			next.Thaw()
			port.Thaw()
			for who, got := range map[string]<-chan outcome{"parked": parked, "resumed": resumed, "resumed again": again} {
				o := receive(t, got)
				if d := cmp.Diff(c.want, o); d != "" {
					t.Errorf("%s (-want +got):\n%s", who, d)
				}
			}
		})
	}
}
