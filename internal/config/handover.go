package config

import (
	"maps"
	"slices"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/child/step"
	"github.com/gosupervisor/supervisor/internal/handover"
)

// State is the configuration of a supervisord as data: the active groups, and readings of files. What several parts of it share is in a
// table, and is referred to by its place: the first one is 1, and 0 is none.
type State struct {
	Accounts  []account.Account   `json:"accounts,omitempty"`
	Variables []map[string]string `json:"variables,omitempty"`
	Sockets   []Socket            `json:"sockets,omitempty"`
	Programs  []ProgramState      `json:"programs,omitempty"`
	Extras    []ExtraState        `json:"extras,omitempty"`
	Processes []ProcessState      `json:"processes,omitempty"`
	Groups    []GroupState        `json:"groups,omitempty"`
	Configs   []ConfigState       `json:"configs,omitempty"`
	Active    []int               `json:"active,omitempty"`   // places of groups
	InUse     map[string]int      `json:"in_use,omitempty"`   // places of processes
	Readings  []int               `json:"readings,omitempty"` // places of configs
}

// ProgramState is a Program as data.
type ProgramState struct {
	Program
	Socket int `json:"socket,omitempty"`
}

// ProcessState is a Process as data. What is nil is as in the process at the place Like, which belongs to the same program.
type ProcessState struct {
	Program int          `json:"program"`
	Like    int          `json:"like,omitempty"`
	Name    string       `json:"name"`
	Run     *RunState    `json:"run,omitempty"`
	Limits  []step.State `json:"limits,omitempty"`
	Out     *Channel     `json:"out,omitempty"`
	Err     *Channel     `json:"err,omitempty"`
	Extra   int          `json:"extra,omitempty"`
}

// RunState is a Run as data.
type RunState struct {
	Command   string `json:"command"`
	Directory string `json:"dir,omitempty"`
	Variables int    `json:"env,omitempty"`
	User      int    `json:"user,omitempty"`
	Umask     int    `json:"umask"`
	ServerURL string `json:"serverurl,omitempty"`
}

// GroupState is a Group as data.
type GroupState struct {
	Name      string           `json:"name"`
	Kind      Kind             `json:"kind"`
	Priority  int              `json:"priority"`
	Processes []int            `json:"processes"`
	Pool      *Pool            `json:"pool,omitempty"`
	Plugin    *Plugin          `json:"plugin,omitempty"`
	Extra     *GroupExtraState `json:"extra,omitempty"`
}

// GroupExtraState is a GroupExtra as data.
type GroupExtraState struct {
	Groups    []string `json:"groups"`
	DependsOn []string `json:"depends_on"`
	Needs     []Need   `json:"needs"`
}

// ConfigState is a Config as data.
type ConfigState struct {
	Path        string           `json:"path"`
	Supervisord SupervisordState `json:"supervisord"`
	Servers     []Server         `json:"servers"`
	Users       []access.User    `json:"users,omitempty"`
	Interfaces  []Interface      `json:"interfaces"`
	Groups      []int            `json:"groups"`
	Messages    []Message        `json:"messages"`
	Withheld    []string         `json:"withheld"`
	Outdated    []string         `json:"outdated,omitempty"`
	Sources     Sources          `json:"sources,omitzero"`
	Reader      ReaderState      `json:"reader"`
}

// SupervisordState is a Supervisord as data.
type SupervisordState struct {
	Supervisord
	User          int `json:"user,omitempty"`
	FileVariables int `json:"file_env,omitempty"`
	Variables     int `json:"env,omitempty"`
}

// ReaderState is what NewProcesses needs, as data.
type ReaderState struct {
	Environ   int    `json:"environ"`
	Node      string `json:"node"`
	Here      string `json:"here"`
	Common    int    `json:"common,omitempty"`
	Variables int    `json:"variables,omitempty"`
	ExitOn    string `json:"exit_on,omitempty"`
	Sockets   []int  `json:"sockets,omitempty"`

	Shipping map[string]InheritedState `json:"shipping,omitempty"` // what programs inherit from [supervisord]
}

// InheritedState is a value of [supervisord] as written.
type InheritedState struct {
	Text string `json:"text"`
	File string `json:"file,omitempty"`
	Here string `json:"here,omitempty"`
}

// Export returns the active groups and readings as data. They may share groups, processes and all else; that is kept. Keys that the
// original does not have are needs, if they are set. InUse are the values of processes that have those of their groups from their next
// start, by names that the caller chooses.
func Export(w *handover.Writer, active []*Group, inUse map[string]*Process, readings ...*Config) State {
	e := newExporter(w)
	for _, g := range active {
		e.s.Active = append(e.s.Active, e.group(g))
	}
	for _, name := range slices.Sorted(maps.Keys(inUse)) {
		if e.s.InUse == nil {
			e.s.InUse = map[string]int{}
			w.Need(deferredFeature)
		}
		e.s.InUse[name] = e.process(inUse[name])
	}
	for _, c := range readings {
		e.s.Readings = append(e.s.Readings, e.config(c))
	}
	return e.s
}

// Current returns c without the groups that are neither active nor in the last reading: what they use is not in use any more.
func (c *Config) Current(active []*Group, read *Config) *Config {
	if c == read {
		return c
	}
	current := make(map[*Group]bool, len(active)+len(read.Groups))
	for _, groups := range [][]*Group{active, read.Groups} {
		for _, g := range groups {
			current[g] = true
		}
	}
	copied := *c
	copied.Groups = slices.DeleteFunc(slices.Clone(c.Groups), func(g *Group) bool { return !current[g] })
	return &copied
}

// exporter has the places of what is in the tables of a State.
type exporter struct {
	w         *handover.Writer
	s         State
	accounts  map[*account.Account]int
	variables map[uintptr]int // by address
	sockets   map[*Socket]int
	programs  map[*Program]int
	extras    map[*Extra]int
	processes map[*Process]int
	groups    map[*Group]int
	configs   map[*Config]int

	last map[*Program]*Process // the last process of the program that was added
}

func newExporter(w *handover.Writer) *exporter {
	return &exporter{w: w, accounts: map[*account.Account]int{}, variables: map[uintptr]int{}, sockets: map[*Socket]int{},
		programs: map[*Program]int{}, extras: map[*Extra]int{}, processes: map[*Process]int{}, groups: map[*Group]int{},
		configs: map[*Config]int{}, last: map[*Program]*Process{}}
}

// place returns the place of what the key stands for, 0 for none. What is not in the table yet is made and added.
func place[K comparable, T any](places map[K]int, table *[]T, key K, make func() T) int {
	var none K
	if key == none {
		return 0
	}
	if i := places[key]; i > 0 {
		return i
	}
	made := make()
	*table = append(*table, made)
	places[key] = len(*table)
	return len(*table)
}

func (e *exporter) account(a *account.Account) int {
	return place(e.accounts, &e.s.Accounts, a, func() account.Account { return *a })
}

func (e *exporter) vars(m map[string]string) int {
	return place(e.variables, &e.s.Variables, address(m), func() map[string]string { return m })
}

func (e *exporter) socket(s *Socket) int {
	return place(e.sockets, &e.s.Sockets, s, func() Socket { return *s })
}

func (e *exporter) program(p *Program) int {
	return place(e.programs, &e.s.Programs, p, func() ProgramState {
		s := ProgramState{Program: *p, Socket: e.socket(p.Socket)}
		s.Program.Socket = nil
		return s
	})
}

func (e *exporter) process(p *Process) int {
	return place(e.processes, &e.s.Processes, p, func() ProcessState {
		p.Encode(inUse{e.w})
		s := ProcessState{Program: e.program(p.Program), Name: p.ProcessName}
		run := e.run(&p.Run)
		like := e.last[p.Program]
		e.last[p.Program] = p
		if like != nil && slices.Equal(p.Limits, like.Limits) {
			s.Like = e.processes[like]
			s.Extra = e.extra(p.Extra, like.Extra)
		} else {
			like = nil
			s.Limits, s.Extra = step.Export(p.Limits), e.extra(p.Extra, nil)
		}
		if like == nil || run != e.run(&like.Run) {
			s.Run = &run
		}
		if like == nil || p.Out != like.Out {
			s.Out = &p.Out
		}
		if like == nil || p.Err != like.Err {
			s.Err = &p.Err
		}
		return s
	})
}

func (e *exporter) run(r *Run) RunState {
	return RunState{Command: r.Command, Directory: r.Directory, Variables: e.vars(r.Environment), User: e.account(r.User),
		Umask: r.Umask, ServerURL: r.ServerURL}
}

func (e *exporter) group(g *Group) int {
	return place(e.groups, &e.s.Groups, g, func() GroupState {
		s := GroupState{Name: g.Name, Kind: g.Kind, Priority: g.Priority, Pool: g.Pool, Plugin: g.Plugin}
		for _, p := range g.Processes {
			s.Processes = append(s.Processes, e.process(p))
		}
		if g.Pool != nil {
			encodeAll(g.poolKeys(), inUse{e.w}, g.Pool)
		}
		if g.Plugin != nil {
			encodeAll(pluginKeys, inUse{e.w}, g.Plugin)
		}
		if x := g.Extra; x != nil {
			s.Extra = &GroupExtraState{Groups: x.Groups, DependsOn: x.DependsOn, Needs: x.needs}
			encodeAll(groupKeys, inUse{e.w}, &namedGroup{Group: *g, extra: *x})
		}
		return s
	})
}

// poolKeys are the keys of the pool of a group.
func (g *Group) poolKeys() []row[Pool] {
	if g.Kind == PluginGroup {
		return pluginPoolKeys
	}
	return listenerKeys
}

func (e *exporter) config(c *Config) int {
	return place(e.configs, &e.s.Configs, c, func() ConfigState {
		c.Supervisord.Encode(inUse{e.w})
		s := ConfigState{Path: c.Path, Supervisord: e.supervisord(&c.Supervisord), Servers: c.Servers, Users: c.Users, Interfaces: c.Interfaces,
			Messages: c.Messages, Withheld: c.Withheld, Outdated: c.Outdated, Sources: c.Sources}
		for _, server := range c.Servers {
			encodeAll(server.keys(), inUse{e.w}, &server)
		}
		if c.Users != nil {
			e.w.Need(usersFeature)
		}
		for _, g := range c.Groups {
			s.Groups = append(s.Groups, e.group(g))
		}
		if r := c.reader; r != nil {
			s.Reader = ReaderState{Environ: e.vars(r.env), Node: r.node, Here: r.here, Common: e.vars(r.common),
				Variables: e.vars(r.variables), ExitOn: r.exitOn}
			for _, name := range slices.Sorted(maps.Keys(r.sockets)) {
				s.Reader.Sockets = append(s.Reader.Sockets, e.socket(r.sockets[name]))
			}
			for name, v := range r.shipping {
				if s.Reader.Shipping == nil {
					s.Reader.Shipping = map[string]InheritedState{}
				}
				value := InheritedState{Text: v.Text}
				if v.From != nil {
					value.File, value.Here = v.From.Path, v.From.Here
				}
				s.Reader.Shipping[name] = value
			}
		}
		return s
	})
}

func (s *Server) keys() []row[Server] {
	if s.Unix {
		return unixServerKeys
	}
	return inetServerKeys
}

func (e *exporter) supervisord(s *Supervisord) SupervisordState {
	state := SupervisordState{Supervisord: *s, User: e.account(s.User), FileVariables: e.vars(s.FileEnvironment),
		Variables: e.vars(s.Environment)}
	state.Supervisord.User, state.FileEnvironment, state.Environment = nil, nil, nil
	return state
}

// inUse makes the keys that the original does not have, and that are set, needs. It implements Members.
type inUse struct{ w *handover.Writer }

func (u inUse) Member(k *Key) bool {
	if k.Since == Ours {
		u.w.Need(k.Name)
	}
	return false
}

func (inUse) Int(int)       {}
func (inUse) Bool(bool)     {}
func (inUse) String(string) {}
func (inUse) Ints([]int)    {}
func (inUse) None()         {}

func encodeAll[S any](rows []row[S], m Members, s *S) {
	for _, r := range rows {
		r.encode(m, s)
	}
}

// deferredFeature is the need for InUse.
const deferredFeature = "deferred configuration"

// usersFeature is the need for users: a version that does not know them would let everyone in, or no one.
const usersFeature = "http_user"

func init() {
	handover.Feature(deferredFeature)
	handover.Feature(usersFeature)
	handover.Features(func(name string) bool {
		return slices.ContainsFunc(allKeys(), func(r described) bool { return r.key().Since == Ours && r.key().Name == name })
	})
}
