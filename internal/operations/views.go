package operations

import (
	"cmp"
	"slices"
	"time"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/glob"
	"github.com/gosupervisor/supervisor/internal/history"
	"github.com/gosupervisor/supervisor/internal/logs"
	"github.com/gosupervisor/supervisor/internal/process"
	"github.com/gosupervisor/supervisor/internal/supervisor"
)

// View is all that clients can know of a process.
type View struct {
	api.ProcessInfo
	StartedAt time.Time // of the last child, zero: none was made
	Exit      process.Exit
	Tries     int // failed starts in a row
	Counts    history.Counts
	Out, Err  LogView
	Config    *config.Process // is not changed
	// StartComes says that it is started again without a request.
	StartComes bool
	Held       bool // an automatic start of it waits

	files [len(api.Channels)]logs.FileTarget // by channel, for count
}

// LogView is the log of a channel.
type LogView struct {
	Path string // empty: none
	Size int64  // -1: it is not open, or no plain file
	history.Output
}

// Filter selects processes. The zero value selects all.
type Filter struct {
	Group  string      // empty: any
	Name   string      // a pattern for the name or the full name; empty: any
	States []api.State // none: any
}

func (f *Filter) matches(p *process.Process) bool {
	switch {
	case f.Group != "" && p.Group != f.Group, len(f.States) > 0 && !slices.Contains(f.States, p.State()):
		return false
	}
	return f.MatchesName(p.Group, p.Name())
}

// MatchesName reports whether the pattern of the filter matches a name.
func (f *Filter) MatchesName(group, name string) bool {
	return f.Name == "" || glob.Match(f.Name, name) || glob.Match(f.Name, group+":"+name)
}

func (s *Service) view(p *process.Process, now time.Time) View {
	return View{ProcessInfo: s.info(p, now), StartedAt: p.StartedAt(), Exit: p.Exit(), Tries: p.Tries(), Counts: p.Counts(),
		Out: LogView{Path: p.Logfile(api.Stdout)}, Err: LogView{Path: p.Logfile(api.Stderr)}, Config: p.Config,
		StartComes: p.StartComes(), Held: p.Gate().Held, files: p.LogTargets()}
}

// count fills in what is counted of the logs. It may wait for a disk, so it is called outside of the loop.
func (v *View) count() {
	v.Out.Output, v.Out.Size = v.files[api.Stdout].Counted()
	v.Err.Output, v.Err.Size = v.files[api.Stderr].Counted()
	v.files = [len(api.Channels)]logs.FileTarget{}
}

// View returns one process.
func (s *Service) View(name string) (view View, err error) {
	err = s.Read(func(v supervisor.View) error {
		p, err := s.find(v, name)
		if err == nil {
			view = s.view(p, time.Now())
		}
		return err
	})
	view.count()
	return view, err
}

// Views appends the processes of a filter to views, by group and name. Seq is the number of the last entry of the history then.
func (s *Service) Views(f Filter, views []View) (list []View, seq uint64, err error) {
	before := len(views)
	err = s.Read(func(v supervisor.View) error {
		now := time.Now()
		for _, p := range s.own(v.Processes()) {
			if f.matches(p) {
				views = append(views, s.view(p, now))
			}
		}
		seq = s.sup.History().Last()
		return nil
	})
	for i := range views[before:] {
		views[before+i].count()
	}
	return views, seq, err
}

// GroupView is an active group.
type GroupView struct {
	Name      string
	Priority  int
	Processes []GroupMember
}

// GroupMember is a process of a group.
type GroupMember struct {
	Name  string
	State api.State
}

// Groups returns the active groups, by name. Of those with other owners, there are none.
func (s *Service) Groups() (list []GroupView, err error) {
	err = s.Read(func(v supervisor.View) error {
		for _, g := range v.Groups() {
			if s.ownsActive(g) {
				list = append(list, groupView(g))
			}
		}
		return nil
	})
	slices.SortFunc(list, func(a, b GroupView) int { return cmp.Compare(a.Name, b.Name) })
	return list, err
}

// Group returns an active group.
func (s *Service) Group(name string) (view GroupView, err error) {
	err = s.Read(func(v supervisor.View) error {
		g := v.Group(name)
		if g == nil || !s.ownsActive(g) {
			return BadName(name)
		}
		view = groupView(g)
		return nil
	})
	return view, err
}

func groupView(g *supervisor.Group) GroupView {
	view := GroupView{Name: g.Name(), Priority: g.Config.Priority}
	for _, p := range g.Processes {
		view.Processes = append(view.Processes, GroupMember{p.Name(), p.State()})
	}
	return view
}

// History has what happened last.
func (s *Service) History() *history.Ring { return s.sup.History() }

// State is the state of supervisord.
func (s *Service) State() api.DaemonState { return s.sup.State() }

// OwnsEntry reports whether an entry of the history exists for the caller: a caller with programs of its own has what is about these.
func (s *Service) OwnsEntry(e *history.Entry) bool {
	return s.caller == nil || e.Of != nil && e.Of.Name != "" && s.OwnsName(e.Of.Group, e.Of.Name)
}
