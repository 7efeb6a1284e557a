package operations

import (
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// ProcessView is the state of a process, with more than getProcessInfo returns.
type ProcessView struct {
	api.ProcessInfo
	LastExit string // how its last child ended; empty if none has
}

// Snapshot is the state of some or all processes at a moment, by group and name.
type Snapshot struct {
	At        time.Time
	Layout    int // changes when a group is added or removed
	Processes []ProcessView
	Partial   map[string]bool // groups of which not all processes exist for the caller; only of [Service.Snapshot]
}

func (s *Service) snapshot(v supervisor.View, processes []*process.Process) Snapshot {
	processes = s.own(processes)
	snap := Snapshot{At: time.Now(), Layout: s.layout(v), Processes: make([]ProcessView, len(processes))}
	for i, p := range processes {
		snap.Processes[i] = ProcessView{s.info(p, snap.At), p.LastExit()}
	}
	return snap
}

// Info returns the state of one process.
func (s *Service) Info(name string) (info api.ProcessInfo, err error) {
	err = s.Read(func(v supervisor.View) error {
		p, err := s.find(v, name)
		if err == nil {
			info = s.info(p, time.Now())
		}
		return err
	})
	return info, err
}

// ExpandName returns the namespecs of the processes that a name means, as in config.Names, in the order in which they start.
func (s *Service) ExpandName(name string) (names []string, err error) {
	err = s.Read(func(v supervisor.View) error {
		list, ok := s.namedProcesses(v, name)
		if !ok {
			return BadName(name)
		}
		for _, p := range list {
			names = append(names, p.Group+":"+p.Name())
		}
		return nil
	})
	return names, err
}

// Dependencies returns what a process depends on.
func (s *Service) Dependencies(name string) (list []api.Dependency, err error) {
	err = s.Read(func(v supervisor.View) error {
		p, err := s.find(v, name)
		if err == nil {
			list = s.ownDependencies(v, v.Dependencies(p))
		}
		return err
	})
	return list, err
}

// AllInfo appends the state of all processes to infos.
func (s *Service) AllInfo(infos []api.ProcessInfo) ([]api.ProcessInfo, error) {
	err := s.Read(func(v supervisor.View) error {
		now := time.Now()
		for _, p := range s.own(v.Processes()) {
			infos = append(infos, s.info(p, now))
		}
		return nil
	})
	return infos, err
}

// Snapshot returns the state of all processes.
func (s *Service) Snapshot() (snap Snapshot, err error) {
	err = s.Read(func(v supervisor.View) error {
		snap = s.snapshot(v, v.Processes())
		snap.Partial = s.partial(v)
		return nil
	})
	return snap, err
}

// Watch collects the processes that change, from one Take to the next. It must be closed.
type Watch struct {
	service *Service
	watch   *supervisor.Watch
}

// Watch makes a Watch and returns the processes of which something changed at that time or later.
func (s *Service) Watch(since time.Time) (w *Watch, snap Snapshot, err error) {
	err = s.Read(func(v supervisor.View) error {
		w = &Watch{s, v.Watch()}
		snap = s.snapshot(v, v.ChangedSince(since))
		return nil
	})
	return w, snap, err
}

// Ready holds a value when there is something to Take.
func (w *Watch) Ready() <-chan struct{} { return w.watch.Ready() }

// Take returns the state of the processes that have changed. It works during a shutdown too.
func (w *Watch) Take() (snap Snapshot, err error) {
	err = w.service.sup.Read(func(v supervisor.View) { snap = w.service.snapshot(v, v.Take(w.watch)) })
	return snap, err
}

// Close ends the Watch.
func (w *Watch) Close() { _ = w.service.sup.Read(func(v supervisor.View) { v.Unwatch(w.watch) }) }
