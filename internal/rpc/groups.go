package rpc

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

func (s *Server) startProcessGroup(ctx context.Context, a args) (result, error) {
	return s.startGroup(ctx, a.text(0), a.text(0), a.bool(1))
}

func (s *Server) stopProcessGroup(ctx context.Context, a args) (result, error) {
	return s.stopGroup(ctx, a.text(0), a.text(0), a.bool(1))
}

func (s *Server) signalProcessGroup(ctx context.Context, a args) (result, error) {
	return s.signalGroup(ctx, a.text(0), a.text(0), a.text(1))
}

func (s *Server) startAllProcesses(ctx context.Context, a args) (result, error) {
	return s.forEach(ctx, all(ascending), idle, start, ifAny(a.bool(0), waitStarted))
}

func (s *Server) stopAllProcesses(ctx context.Context, a args) (result, error) {
	return s.forEach(ctx, all(descending), api.State.IsRunning, stop, ifAny(a.bool(0), s.waitStopped))
}

func (s *Server) signalAllProcesses(ctx context.Context, a args) (result, error) {
	return s.forEach(ctx, all(ascending), api.State.IsSignallable, sending(a.text(0)), nil)
}

func (s *Server) startGroup(ctx context.Context, group, sent string, waits bool) (result, error) {
	return s.forEach(ctx, members(group, sent, ascending), idle, start, ifAny(waits, waitStarted))
}

func (s *Server) stopGroup(ctx context.Context, group, sent string, waits bool) (result, error) {
	return s.forEach(ctx, members(group, sent, descending), api.State.IsRunning, stop, ifAny(waits, s.waitStopped))
}

func (s *Server) signalGroup(ctx context.Context, group, sent, signal string) (result, error) {
	return s.forEach(ctx, members(group, sent, ascending), api.State.IsSignallable, sending(signal), nil)
}

// ifAny is until for callers who wait, and nothing for those who do not.
func ifAny(waits bool, until wait) wait {
	if waits {
		return until
	}
	return nil
}

func namespec(p *process.Process) string { return api.Namespec(p.Group, p.Name()) }

// idle is the filter of starts: only processes for which it is true are touched and appear in the result.
func idle(st api.State) bool { return !st.IsRunning() }

// picker chooses processes, in the loop.
type picker func(supervisor.View) ([]*process.Process, error)

// order is one of the two in which the processes of groups are gone through.
type order bool

const (
	ascending  order = true  // by priority, as they are started
	descending order = false // as they are stopped
)

func (o order) of(g *supervisor.Group) []*process.Process {
	if o == ascending {
		return g.Processes
	}
	return g.Descending()
}

// members picks the processes of one group. Sent is the name as the client wrote it, for the fault.
func members(group, sent string, o order) picker {
	return func(v supervisor.View) ([]*process.Process, error) {
		g := v.Group(group)
		if g == nil {
			return nil, badName(sent)
		}
		return slices.Clone(o.of(g)), nil
	}
}

// all picks the processes of all groups. Groups of equal priority keep their order both ways.
func all(o order) picker {
	return func(v supervisor.View) ([]*process.Process, error) {
		groups := slices.Clone(v.Groups())
		if o == descending {
			slices.SortStableFunc(groups, func(a, b *supervisor.Group) int { return b.Config.Priority - a.Config.Priority })
		}
		var all []*process.Process
		for _, g := range groups {
			all = append(all, o.of(g)...)
		}
		return all, nil
	}
}

// forEach does something to each of the processes that are picked and pass the filter, one at a time so that other
// requests get a word in, and then waits for all of them at once unless until is nil. First in the result are those that
// needed no waiting, then the others as they came about.
func (s *Server) forEach(ctx context.Context, pick picker, filter func(api.State) bool, do act, until wait) (result, error) {
	outcomes, err := s.outcomes(ctx, pick, filter, do, until)
	return array(outcomes, func(e *xmlrpc.Encoder, st api.ProcessStatus) { writeStatus(e, &st) }), err
}

// outcomes is forEach with the result as a value.
func (s *Server) outcomes(ctx context.Context, pick picker, filter func(api.State) bool, do act,
	until wait) ([]api.ProcessStatus, error) {
	var chosen []*process.Process
	if err := s.read(func(v supervisor.View) (err error) { chosen, err = pick(v); return err }); err != nil {
		return nil, err
	}
	var outcomes []api.ProcessStatus
	var waiting []begun
	for _, p := range chosen {
		if down := s.sup.Do(func(*supervisor.Loop) {
			if !filter(p.State()) {
				return
			}
			b, err := begin(p, namespec(p), do, until)
			if err == nil && b.changed != nil {
				waiting = append(waiting, b)
			} else {
				outcomes = append(outcomes, status(p, err))
			}
		}); down != nil {
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
	for _, i := range cameAbout(waiting) {
		outcomes = append(outcomes, status(waiting[i].process, ends[i]))
	}
	return outcomes, nil
}

// cameAbout is the order of the result: as things came about, but what came about within the same second, counted from
// the first of it, as it was begun. The original looked once a second, and people are used to lists in order.
func cameAbout(waiting []begun) []int {
	order := make([]int, len(waiting))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return waiting[a].moved.Compare(waiting[b].moved) })
	for rest := order; len(rest) > 0; {
		n := 1
		for n < len(rest) && waiting[rest[n]].moved.Sub(waiting[rest[0]].moved) < time.Second {
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

func (s *Server) reloadConfig(context.Context, args) (result, error) {
	cfg, err := s.reread()
	if err != nil {
		return nil, err
	}
	var d config.Diff
	err = s.change(func(l *supervisor.Loop) error { d = l.Reread(cfg); return nil })
	lists := [][]string{d.Added, d.Changed, d.Removed}
	return func(e *xmlrpc.Encoder) {
		e.BeginArray()
		array(lists, func(e *xmlrpc.Encoder, names []string) { array(names, writeString)(e) })(e)
		e.EndArray()
	}, err
}

func (s *Server) addProcessGroup(_ context.Context, a args) (result, error) {
	name := a.text(0)
	err := s.change(func(l *supervisor.Loop) error {
		at := slices.IndexFunc(l.Config().Groups, func(g *config.Group) bool { return g.Name == name })
		switch {
		case at < 0: // even if it is active
			return badName(name)
		case l.Group(name) != nil:
			return api.NewFault(api.AlreadyAdded, name)
		}
		if err := l.AddGroup(l.Config().Groups[at]); err != nil {
			return failed(err)
		}
		return nil
	})
	return boolean(true), err
}

func (s *Server) removeProcessGroup(_ context.Context, a args) (result, error) {
	name := a.text(0)
	err := s.change(func(l *supervisor.Loop) error {
		g := l.Group(name)
		switch {
		case g == nil:
			return badName(name)
		case !l.RemoveGroup(g):
			return api.NewFault(api.StillRunning, name)
		}
		return nil
	})
	return boolean(true), err
}
