package config

import (
	"fmt"
	"reflect"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/child/step"
	"github.com/gosupervisor/supervisor/internal/handover"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// Import returns what Export has made data of. It reads no file and looks nothing up. After an error, which r has, it is not complete.
func Import(r *handover.Reader, s State) (active []*Group, inUse map[string]*Process, readings []*Config) {
	m := &importer{r: r, texts: map[string]string{}}
	for i := range s.Accounts {
		m.accounts = append(m.accounts, &s.Accounts[i])
	}
	for _, v := range s.Variables {
		m.variables = append(m.variables, m.shared(v))
	}
	for i := range s.Sockets {
		m.sockets = append(m.sockets, &s.Sockets[i])
	}
	m.programs = made(s.Programs, m.program)
	for i := range s.Extras { // each may be like one before
		m.extras = append(m.extras, m.extra(&s.Extras[i]))
	}
	for i := range s.Processes {
		m.processes = append(m.processes, m.process(&s.Processes[i]))
	}
	m.groups = made(s.Groups, m.group)
	m.configs = made(s.Configs, m.config)
	for name, place := range s.InUse {
		if inUse == nil {
			inUse = map[string]*Process{}
		}
		inUse[name] = at(m, m.processes, place)
	}
	return pick(m, m.groups, s.Active), inUse, pick(m, m.configs, s.Readings)
}

// importer has what the tables of a State stand for.
type importer struct {
	r         *handover.Reader
	texts     map[string]string // one of each, so that the memory of equal texts is shared
	accounts  []*account.Account
	variables []map[string]string
	sockets   []*Socket
	programs  []*Program
	extras    []*Extra
	lastExtra *Extra // the last of them
	processes []*Process
	groups    []*Group
	configs   []*Config
}

func made[S, T any](states []S, make func(*S) T) (list []T) {
	for i := range states {
		list = append(list, make(&states[i]))
	}
	return list
}

// known reports whether a place of a table, with so many entries, is one of them. If not, the state is wrong.
func (m *importer) known(place, entries int) bool {
	if place < 1 || place > entries {
		m.r.Fail(fmt.Errorf("configuration: there is no place %d in a table of %d", place, entries))
		return false
	}
	return true
}

// at returns what is at a place that is not none.
func at[T any](m *importer, table []*T, place int) *T {
	if !m.known(place, len(table)) {
		return new(T)
	}
	return table[place-1]
}

// maybe returns what is at a place, nil for none.
func maybe[T any](m *importer, table []*T, place int) *T {
	if place == 0 {
		return nil
	}
	return at(m, table, place)
}

// pick returns what is at the places. There is no list if there are none.
func pick[T any](m *importer, table []*T, places []int) (list []*T) {
	if places != nil {
		list = make([]*T, 0, len(places))
	}
	for _, p := range places {
		list = append(list, at(m, table, p))
	}
	return list
}

func (m *importer) vars(place int) map[string]string {
	if place == 0 || !m.known(place, len(m.variables)) {
		return nil
	}
	return m.variables[place-1]
}

// text returns the one text that is equal.
func (m *importer) text(s string) string {
	if known, ok := m.texts[s]; ok {
		return known
	}
	m.texts[s] = s
	return s
}

// shared returns the variables with texts that are shared.
func (m *importer) shared(variables map[string]string) map[string]string {
	all := make(map[string]string, len(variables))
	for name, text := range variables {
		all[m.text(name)] = m.text(text)
	}
	return all
}

func (m *importer) program(s *ProgramState) *Program {
	p := s.Program
	p.Socket = maybe(m, m.sockets, s.Socket)
	return &p
}

func (m *importer) process(s *ProcessState) *Process {
	p := &Process{}
	if s.Like != 0 {
		*p = *at(m, m.processes, s.Like)
	} else {
		steps, err := step.Import(s.Limits)
		if err != nil {
			m.r.Fail(fmt.Errorf("configuration: %w", err))
		}
		p.Limits = steps
	}
	p.Program, p.ProcessName, p.Extra = at(m, m.programs, s.Program), m.text(s.Name), maybe(m, m.extras, s.Extra)
	if r := s.Run; r != nil {
		p.Run = Run{Command: m.text(r.Command), Directory: m.text(r.Directory), Environment: m.vars(r.Variables),
			User: maybe(m, m.accounts, r.User), Umask: r.Umask, ServerURL: m.text(r.ServerURL)}
	}
	for _, c := range []struct {
		to   *Channel
		from *Channel
	}{{&p.Out, s.Out}, {&p.Err, s.Err}} {
		if c.from != nil {
			*c.to = *c.from
			c.to.Log.Path = m.text(c.to.Log.Path)
		}
	}
	return p
}

func (m *importer) group(s *GroupState) *Group {
	g := &Group{Name: s.Name, Kind: s.Kind, Priority: s.Priority, Processes: pick(m, m.processes, s.Processes), Pool: s.Pool, Plugin: s.Plugin}
	if x := s.Extra; x != nil {
		g.Extra = &GroupExtra{Groups: x.Groups, DependsOn: x.DependsOn, needs: x.Needs}
	}
	return g
}

func (m *importer) config(s *ConfigState) *Config {
	c := &Config{Path: s.Path, Supervisord: s.Supervisord.Supervisord, Servers: s.Servers, Users: s.Users, Interfaces: s.Interfaces,
		Groups: pick(m, m.groups, s.Groups), Messages: s.Messages, Withheld: s.Withheld, Outdated: s.Outdated, Sources: s.Sources}
	own := &c.Supervisord
	own.User, own.FileEnvironment, own.Environment = maybe(m, m.accounts, s.Supervisord.User), m.vars(s.Supervisord.FileVariables),
		m.vars(s.Supervisord.Variables)
	r := s.Reader
	c.reader = &reader{env: m.vars(r.Environ), node: r.Node, path: c.Path, here: r.Here, common: m.vars(r.Common),
		variables: m.vars(r.Variables), exitOn: r.ExitOn}
	for name, v := range r.Shipping {
		if c.reader.shipping == nil {
			c.reader.shipping = map[string]ini.Value{}
		}
		c.reader.shipping[name] = ini.Value{Text: v.Text, From: &ini.File{Path: v.File, Here: v.Here}, Section: daemonSection}
	}
	for _, s := range pick(m, m.sockets, r.Sockets) {
		if c.reader.sockets == nil {
			c.reader.sockets = map[string]*Socket{}
		}
		c.reader.sockets[s.Name] = s
	}
	return c
}

// unmarshal reads a state onto the defaults of a table of keys: they count for keys that the version that wrote it did not have.
func unmarshal[S any](text []byte, rows []row[S], to *S, plain any) error {
	for _, r := range rows {
		if r, ok := r.(interface{ reset(*S) }); ok {
			r.reset(to)
		}
	}
	return handover.Unmarshal(text, plain)
}

// reset sets the value to its default. Nothing that it refers to is shared.
func (r *keyOf[S, T]) reset(s *S) {
	if r.Field == nil {
		return
	}
	v := reflect.ValueOf(r.Field(s)).Elem()
	v.Set(reflect.ValueOf(&r.Absent).Elem())
	if v.Kind() == reflect.Slice && !v.IsNil() {
		v.Set(reflect.AppendSlice(reflect.Zero(v.Type()), v))
	}
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *SupervisordState) UnmarshalJSON(text []byte) error {
	type plain SupervisordState
	var all settings
	for _, r := range daemonKeys {
		if r, ok := r.(interface{ reset(*settings) }); ok {
			r.reset(&all)
		}
	}
	s.Supervisord = all.Supervisord
	return handover.Unmarshal(text, (*plain)(s))
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Server) UnmarshalJSON(text []byte) error {
	type plain Server
	return unmarshal(text, inetServerKeys, s, (*plain)(s))
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *Pool) UnmarshalJSON(text []byte) error {
	type plain Pool
	return unmarshal(text, listenerKeys, p, (*plain)(p))
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *Plugin) UnmarshalJSON(text []byte) error {
	type plain Plugin
	return unmarshal(text, pluginKeys, p, (*plain)(p))
}

// address identifies a map, 0: there is none.
func address(m map[string]string) uintptr { return reflect.ValueOf(m).Pointer() }
