package operations

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// Selection is a set of processes: all of them, or those of a group.
type Selection struct {
	all   bool
	group string
	shown string // the name in the fault if there is no such group
}

// All are all processes.
var All = Selection{all: true}

// Group is the processes of a group.
func Group(name string) Selection { return Selection{group: name, shown: name} }

// WholeGroup is the group of a namespec such as "g:*"; false if the namespec is that of a process.
func WholeGroup(namespec string) (sel Selection, ok bool) {
	group, _, whole := api.SplitNamespec(namespec)
	return Selection{group: group, shown: namespec}, whole
}

// StartProcesses starts the processes that are not running. With wait it returns when each is RUNNING or has failed.
func (s *Service) StartProcesses(ctx context.Context, sel Selection, wait bool) ([]api.ProcessStatus, error) {
	return s.each(ctx, sel, starting, wait)
}

// StopProcesses stops the processes that are running. With wait it returns when all have ended.
func (s *Service) StopProcesses(ctx context.Context, sel Selection, wait bool) ([]api.ProcessStatus, error) {
	return s.each(ctx, sel, stopping, wait)
}

// SignalProcesses sends a signal to the processes that have a child.
func (s *Service) SignalProcesses(ctx context.Context, sel Selection, signal string) ([]api.ProcessStatus, error) {
	return s.each(ctx, sel, signaling(signal), false)
}

// ClearAllLogs empties the logs of the processes.
func (s *Service) ClearAllLogs(ctx context.Context, sel Selection) ([]api.ProcessStatus, error) {
	return s.each(ctx, sel, clearing, false)
}

// processes returns the processes in the order of an operation. Groups of equal priority keep their order in both
// directions. It is called in the loop.
func (sel Selection) processes(v supervisor.View, descending bool) ([]*process.Process, error) {
	groups := slices.Clone(v.Groups())
	switch {
	case !sel.all:
		g := v.Group(sel.group)
		if g == nil {
			return nil, BadName(sel.shown)
		}
		groups = v.Nested(g)
	}
	if descending {
		slices.SortStableFunc(groups, func(a, b *supervisor.Group) int { return b.Config.Priority - a.Config.Priority })
	}
	var all []*process.Process
	for _, g := range groups {
		if descending {
			all = append(all, g.Descending()...)
		} else {
			all = append(all, g.Processes...)
		}
	}
	return all, nil
}

// each performs an operation on the processes of a selection that are in a suitable state: the actions one after the other,
// so that other requests are served in between, then it waits for all. In the result, processes without a wait come first,
// then the others in completionOrder.
func (s *Service) each(ctx context.Context, sel Selection, k kind, wait bool) ([]api.ProcessStatus, error) {
	var selected []*process.Process
	err := s.Read(func(v supervisor.View) (err error) { selected, err = sel.processes(v, k.descending); return err })
	if err != nil {
		return nil, err
	}
	var outcomes []api.ProcessStatus
	var waiting []operation
	begin := func(k kind, p *process.Process) {
		if !k.affects(p) {
			return
		}
		o, err := s.begin(k, p, api.Namespec(p.Group, p.Name()), wait)
		if err == nil && o.changed != nil {
			waiting = append(waiting, o)
		} else {
			outcomes = append(outcomes, status(p, err))
		}
	}
	for _, step := range s.steps(k, selected, begin) {
		if down := s.sup.Do(step); down != nil {
			return nil, down
		}
	}
	ends := make([]error, len(waiting))
	var all sync.WaitGroup
	for i := range waiting {
		all.Go(func() { ends[i] = s.await(ctx, &waiting[i]) })
	}
	all.Wait()
	for _, err := range ends {
		if err != nil && api.FaultOf(err) == nil {
			return nil, err
		}
	}
	for _, i := range completionOrder(waiting) {
		outcomes = append(outcomes, status(waiting[i].process, ends[i]))
	}
	return outcomes, nil
}

// steps are what is to be done in the loop for an operation: all at once if some processes must wait for others, else one after the
// other.
func (s *Service) steps(k kind, selected []*process.Process, begin func(kind, *process.Process)) (steps []func(*supervisor.Loop)) {
	ordered := false
	if k.prepare != nil {
		_ = s.sup.Read(func(v supervisor.View) { ordered = v.Ordered() }) // an error comes again with the first step
	}
	if ordered {
		return []func(*supervisor.Loop){func(l *supervisor.Loop) {
			prepared := k.prepared(l, selected)
			for _, p := range selected {
				begin(prepared, p)
			}
		}}
	}
	for _, p := range selected {
		steps = append(steps, func(*supervisor.Loop) { begin(k, p) })
	}
	return steps
}

// completionOrder returns the indexes of operations in the order of completion. Operations that were completed within one
// second of the first of them stay in the order of the request: the original checks once a second.
func completionOrder(operations []operation) []int {
	order := make([]int, len(operations))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return operations[a].stateSince.Compare(operations[b].stateSince) })
	for rest := order; len(rest) > 0; {
		first, n := operations[rest[0]].stateSince, 1
		for n < len(rest) && operations[rest[n]].stateSince.Sub(first) < time.Second {
			n++
		}
		slices.Sort(rest[:n])
		rest = rest[n:]
	}
	return order
}

func status(p *process.Process, err error) api.ProcessStatus {
	st := api.ProcessStatus{Name: p.Name(), Group: p.Group, Status: api.Success, Description: "OK"}
	if fault := api.FaultOf(err); fault != nil {
		st.Status, st.Description = fault.Code, fault.Text
	}
	return st
}
