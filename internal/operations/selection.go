package operations

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/waiting"
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
func (s *Service) processes(v supervisor.View, sel Selection, descending bool) ([]*process.Process, error) {
	groups := slices.Clone(v.Groups())
	switch {
	case !sel.all:
		g := v.Group(sel.group)
		if g == nil {
			return nil, BadName(sel.shown)
		}
		groups = v.Nested(g)
		if slices.ContainsFunc(groups, func(g *supervisor.Group) bool { return !s.ownsActive(g) }) {
			return nil, BadName(sel.shown)
		}
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
	return s.own(all), nil
}

// each performs an operation on the processes of a selection that are in a suitable state: the actions one after the other,
// so that other requests are served in between, then it waits for all. In the result, processes without a wait come first,
// then the others in completionOrder.
func (s *Service) each(ctx context.Context, sel Selection, k kind, wait bool) ([]api.ProcessStatus, error) {
	return s.several(ctx, k, wait, func(v supervisor.View) ([]*process.Process, error) { return s.processes(v, sel, k.descending) })
}

// several is each for the processes that find returns, in the loop.
func (s *Service) several(ctx context.Context, k kind, wait bool, find func(supervisor.View) ([]*process.Process, error)) ([]api.ProcessStatus, error) {
	call := waiting.Of(ctx)
	b := batch{service: s, kind: k, wait: wait}
	var err error
	state := new(BatchState)
	switch call.Enter(state) {
	case waiting.Over:
		return nil, nil
	case waiting.Resume:
		err = b.resume(state)
	default:
		err = s.Read(func(v supervisor.View) (err error) { b.left, err = find(v); return err })
	}
	if err == nil {
		err = b.begin(call)
	}
	if err == nil {
		err = b.await(ctx, call)
	}
	if err != nil {
		return nil, err
	}
	for _, i := range completionOrder(b.waiting) {
		b.outcomes = append(b.outcomes, status(b.waiting[i].process, b.ends[i]))
	}
	return b.outcomes, nil
}

// batch is an operation in progress on several processes.
type batch struct {
	service  *Service
	kind     kind
	wait     bool
	left     []*process.Process  // whose actions have not been performed
	outcomes []api.ProcessStatus // of processes without a wait
	waiting  []operation
	ends     []error          // of waiting, as far as they are over
	within   func(*batch) any // the state of what the batch is a part of; nil: nothing
}

// begin performs the actions that are left: all at once if some processes must wait for others, else one after the other.
func (b *batch) begin(call *waiting.Call) error {
	ordered := false
	if b.kind.prepare != nil {
		_ = b.service.sup.Read(func(v supervisor.View) { ordered = v.Ordered() }) // an error comes again with the first action
	}
	for len(b.left) > 0 {
		if call.IsFrozen() {
			call.Park(b.parked)
		}
		down := b.service.sup.Do(func(l *supervisor.Loop) {
			if !ordered {
				b.act(l.View, b.kind, b.left[:1])
				return
			}
			b.act(l.View, b.kind.prepared(l, b.left), b.left)
		})
		if down != nil {
			return down
		}
	}
	return nil
}

// act performs the actions of the first processes that are left, in the loop.
func (b *batch) act(v supervisor.View, k kind, first []*process.Process) {
	b.left = b.left[len(first):]
	for _, p := range first {
		if !k.affects(p) {
			continue
		}
		o, err := b.service.begin(v, k, p, api.Namespec(p.Group, p.Name()), b.wait)
		if err == nil && o.changed != nil {
			b.waiting = append(b.waiting, o)
		} else {
			b.outcomes = append(b.outcomes, status(p, err))
		}
	}
}

// await waits until all operations are over. An error that is no fault ends it.
func (b *batch) await(ctx context.Context, call *waiting.Call) error {
	b.ends = append(b.ends, make([]error, len(b.waiting)-len(b.ends))...)
	for {
		frozen := call.Frozen()
		var all sync.WaitGroup
		for i := range b.waiting {
			if o := &b.waiting[i]; o.changed != nil {
				all.Go(func() { b.ends[i] = b.service.await(ctx, frozen, o) })
			}
		}
		all.Wait()
		parked := false
		for _, err := range b.ends {
			switch {
			case err == errFrozen:
				parked = true
			case err != nil && api.FaultOf(err) == nil:
				return err
			}
		}
		if !parked {
			return nil
		}
		call.Park(b.parked)
	}
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

// StartAgain is StartProcesses after the processes of a selection were stopped, with the statuses stopped: also disabled ones of these are
// started.
func (s *Service) StartAgain(ctx context.Context, sel Selection, stopped []api.ProcessStatus) ([]api.ProcessStatus, error) {
	k := starting
	k.affects = func(p *process.Process) bool {
		return startable(p) || notRunning(p) && slices.ContainsFunc(stopped, func(s api.ProcessStatus) bool {
			return s.Status == api.Success && s.Name == p.Name() && s.Group == p.Group
		})
	}
	return s.each(ctx, sel, k, true)
}

func status(p *process.Process, err error) api.ProcessStatus {
	st := api.ProcessStatus{Name: p.Name(), Group: p.Group, Status: api.Success, Description: "OK"}
	if err == (nothingToRotate{}) {
		st.Description = NothingToRotate
	} else if fault := api.FaultOf(err); fault != nil {
		st.Status, st.Description = fault.Code, fault.Text
	}
	return st
}
