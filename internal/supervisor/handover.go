package supervisor

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/cgroup"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/events"
	"github.com/gosupervisor/supervisor/internal/filewatch"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/helper"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/orphans"
	"github.com/gosupervisor/supervisor/internal/plugin"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/socket"
)

// State is what a loop owns, as data, without the configuration.
type State struct {
	Groups   []GroupState             `json:"groups"` // in their order
	Layout   int                      `json:"layout,omitempty"`
	Environ  []string                 `json:"environ,omitempty"` // of children
	Pending  []string                 `json:"pending,omitempty"` // names of processes, with their groups
	Recycles map[string]RecyclesState `json:"recycles,omitempty"`
	Leaving  map[string]api.Reason    `json:"leaving,omitempty"` // processes that are removed when they have stopped
	Helpers  []HelperState            `json:"helpers,omitempty"` // those that no process knows
	Depends  *DependsState            `json:"depends,omitempty"`
	Cgroups  *cgroup.State            `json:"cgroups,omitempty"`
	Files    []FileSetState           `json:"files,omitempty"`
	Watcher  *filewatch.State         `json:"watcher,omitempty"` // of the files
	Events   events.State             `json:"events,omitzero"`
	Ticks    events.TicksState        `json:"ticks,omitempty"`

	Sockets     *socket.SetState  `json:"sockets,omitempty"`
	Activations []ActivationState `json:"activations,omitempty"`
	Upcoming    []UpcomingState   `json:"upcoming,omitempty"`
	// Scheduled are the times of schedules that have come, in order.
	Scheduled []ArrivalState `json:"scheduled,omitempty"`
}

// GroupState is an active group.
type GroupState struct {
	Added     int                           `json:"added,omitempty"`
	Processes map[string]process.State      `json:"processes"`
	Sockets   map[string]socket.SocketState `json:"sockets,omitempty"`     // by the section
	Own       map[string]socket.SocketState `json:"own_sockets,omitempty"` // with reuseport, by process and section
	Plugin    *plugin.State                 `json:"plugin,omitempty"`
}

// RecyclesState are the recycles of a program, by its section.
type RecyclesState struct {
	Current string         `json:"current,omitempty"`
	Waiting []RecycleState `json:"waiting,omitempty"`
}

// RecycleState is a recycle that waits.
type RecycleState struct {
	Process string        `json:"process"`
	Reason  api.Reason    `json:"reason"`
	Begun   handover.Time `json:"begun,omitzero"`
}

// ArrivalState is a time of a schedule that has come.
type ArrivalState struct {
	Process string        `json:"process"`
	Restart bool          `json:"restart,omitempty"`
	Late    time.Duration `json:"late,omitempty"` // in nanoseconds
}

// HelperState is a helper whose end nothing waits for.
type HelperState struct {
	Process string           `json:"process"`
	Run     *helper.RunState `json:"run"`
}

// ErrBusy is the error of Frozen if something does not end in time.
var ErrBusy = errors.New("busy: the last output of a program is still being written")

// Frozen runs f between two turns of the loop, when no goroutine has anything left to report to it. Until then, the loop serves
// nothing else. What reads the output of children must be frozen before.
func (s *Supervisor) Frozen(deadline time.Time, f func(*Loop) error) error {
	var err error
	if down := s.Do(func(l *Loop) {
		if l.rereading {
			err = errors.New("busy: a restart is being prepared")
			return
		}
		if r := l.leftHelper(); r != nil {
			err = fmt.Errorf("busy: %s has not ended", r.Name())
			return
		}
		if err = l.settle(deadline); err != nil {
			return
		}
		for _, p := range l.Processes() {
			if err = p.FreezeStdin(deadline); err != nil {
				return
			}
			defer p.ThawStdin()
		}
		err = f(l)
	}); down != nil {
		return down
	}
	return err
}

// leftHelper returns a helper of a process that was removed, which the next program would not know; nil if there is none. It ends within
// hook_timeout, but for one that survives SIGKILL, for which nothing waits.
func (l *Loop) leftHelper() *helper.Run {
	for _, c := range l.children {
		if r, ok := c.owner.(*helper.Run); ok && !r.Stuck() && l.Find(c.process.Group, c.process.Name()) != c.process {
			return r
		}
	}
	return nil
}

// FreezeEvents has events wait, and waits for the calls about events to plug-ins, until ThawEvents. After an error, they go on.
func (s *Supervisor) FreezeEvents(deadline time.Time) error {
	s.loop.shared.Events.Freeze()
	var frozen []*plugin.Plugin
	for _, p := range s.Plugins() {
		if err := p.FreezeDelivery(deadline); err != nil {
			for _, p := range frozen {
				p.ThawDelivery()
			}
			s.loop.shared.Events.Thaw()
			return err
		}
		frozen = append(frozen, p)
	}
	return nil
}

// ThawEvents lets events go on.
func (s *Supervisor) ThawEvents() {
	for _, p := range s.Plugins() {
		p.ThawDelivery()
	}
	s.loop.shared.Events.Thaw()
}

// Leaving reports whether a shutdown or restart has begun.
func (l *Loop) Leaving() bool { return l.state() != api.DaemonRunning }

// Syslog is where logs of programs go that are sent to syslog.
func (l *Loop) Syslog() *logs.Syslog { return l.shared.Syslog }

// Recorded yields the children as the record for the next supervisord has them.
func (l *Loop) Recorded(yield func(orphans.Child) bool) { l.running(yield) }

// settle handles what goroutines report until none has anything left to report.
func (l *Loop) settle(deadline time.Time) error {
	late := time.NewTimer(time.Until(deadline))
	defer late.Stop()
	for l.reporting() {
		select {
		case p := <-l.drained:
			p.FinishExit(time.Now())
		case f := <-l.results:
			f(time.Now())
		case <-l.notices.some:
			l.notices.next().Notified(time.Now())
		case <-late.C:
			return ErrBusy
		}
	}
	return nil
}

// reporting reports whether an exit is not finished, or a notification not handled.
func (l *Loop) reporting() bool {
	if slices.ContainsFunc(l.Processes(), func(p *process.Process) bool { return p.Draining() || p.Unhandled() }) {
		return true
	}
	l.draining = slices.DeleteFunc(l.draining, drained)
	return len(l.draining) > 0
}

// Export returns the state of the loop. Everything is frozen.
func (l *Loop) Export(w *handover.Writer, now time.Time) State {
	s := State{Layout: l.layout, Cgroups: l.cgroups.Export(), Environ: l.shared.Environ, Events: l.shared.Events.Export(), Ticks: l.ticks.Export(),
		Files: l.exportFiles(now)}
	if l.files != nil {
		s.Watcher = l.files.watcher.Export(w)
	}
	for _, g := range l.groups {
		s.Groups = append(s.Groups, l.exportGroup(g, w, now))
	}
	for _, p := range l.pending {
		s.Pending = append(s.Pending, fullName(p))
	}
	for section, queue := range l.recycles {
		state := RecyclesState{}
		if queue.current != nil {
			state.Current = fullName(queue.current)
		}
		for _, r := range queue.waiting {
			state.Waiting = append(state.Waiting, RecycleState{fullName(r.process), r.reason, handover.Time{Time: r.begun}})
		}
		if s.Recycles == nil {
			s.Recycles = map[string]RecyclesState{}
		}
		s.Recycles[section] = state
	}
	for p, reason := range l.leaving {
		if s.Leaving == nil {
			s.Leaving = map[string]api.Reason{}
		}
		s.Leaving[fullName(p)] = reason
	}
	for _, c := range l.children {
		if r, ok := c.owner.(*helper.Run); ok && !c.process.Knows(r) {
			s.Helpers = append(s.Helpers, HelperState{fullName(c.process), r.Export(w)})
		}
	}
	if l.depends != nil {
		s.Depends = l.depends.export()
	}
	s.Sockets, s.Activations, s.Upcoming = l.options.Sockets.Export(w), l.exportActivations(), l.exportUpcoming(w)
	if l.schedules != nil {
		s.Scheduled = l.schedules.export()
	}
	return s
}

// InUse are the values of processes that have others from their next start, by their full names.
func (l *Loop) InUse() (list map[string]*config.Process) {
	for _, p := range l.Processes() {
		if p.Configured() == p.Config {
			continue
		}
		if list == nil {
			list = map[string]*config.Process{}
		}
		list[fullName(p)] = p.Config
	}
	return list
}

func (l *Loop) exportGroup(g *Group, w *handover.Writer, now time.Time) GroupState {
	s := GroupState{Added: g.added, Processes: map[string]process.State{}}
	for _, p := range g.Processes {
		s.Processes[p.Name()] = p.Export(w, now)
		s.exportSockets(p, w)
	}
	for _, p := range g.Processes {
		own, ok := p.Socket().(*socket.Socket)
		if !ok {
			continue
		}
		if s.Sockets == nil {
			s.Sockets = map[string]socket.SocketState{}
		}
		if _, done := s.Sockets[p.Config.Section]; !done {
			s.Sockets[p.Config.Section] = own.Export(w)
		}
	}
	if g.plugin != nil {
		state := g.plugin.Export(w)
		s.Plugin = &state
	}
	return s
}

// fullName is the name of a process with its group, which no other process has.
func fullName(p *process.Process) string { return p.Group + ":" + p.Name() }
