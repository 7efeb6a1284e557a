package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
)

// outcome is the result of reading a configuration: values, or a refusal. The tags are the driver's names.
type outcome struct {
	Status  int     `json:"status"`  // of the exit, where the configuration is refused
	Message string  `json:"message"` // on standard error then
	Crash   string  `json:"crash"`   // the last line of a stack trace
	Values  *values `json:"values"`
}

type values struct {
	Supervisord keys              `json:"supervisord"`
	Groups      []group           `json:"groups"`
	Servers     []server          `json:"servers"`
	Interfaces  []pluginInterface `json:"interfaces"`
	Warnings    []string          `json:"warnings"`
	Infos       []string          `json:"infos"`
}

// keys are the values of the keys of [supervisord] or of a process, as JSON has them: the keys that the original has, a
// process's name as "name", and its account as "uid".
type keys map[string]any

type group struct {
	Name          string   `json:"name"`
	Kind          string   `json:"kind"`
	Priority      int      `json:"priority"`
	Processes     []keys   `json:"processes"`
	BufferSize    int      `json:"buffer_size"`
	Events        []string `json:"events"`
	ResultHandler string   `json:"result_handler"`
	Socket        *socket  `json:"socket"`
}

type socket struct {
	URL     string `json:"url"`
	Backlog int    `json:"backlog"`
	Mode    *int   `json:"mode"`
	Owner   []int  `json:"owner"`
}

type server struct {
	Section  string  `json:"section"`
	Family   string  `json:"family"`
	File     string  `json:"file"`
	Chmod    int     `json:"chmod"`
	Chown    []int   `json:"chown"`
	Host     string  `json:"host"`
	Port     int     `json:"port"`
	Username *string `json:"username"`
	Password *string `json:"password"`
}

type pluginInterface struct {
	Name    string            `json:"name"`
	Options map[string]string `json:"options"`
}

// ours reads the file at path with Load.
func ours(path string, environ []string) (outcome, *config.Config) {
	o, err := config.ParseArgs("supervisord", []string{"-c", path})
	if err != nil {
		return outcome{Crash: err.Error()}, nil
	}
	c, err := config.Load(o, environ)
	if err != nil {
		return outcome{Status: 2, Message: fmt.Sprintf("Error: %s\nFor help, use supervisord -h\n", err)}, nil
	}
	v := &values{Supervisord: daemonOf(&c.Supervisord)}
	for _, g := range c.Groups {
		v.Groups = append(v.Groups, groupOf(g))
	}
	for _, s := range c.Servers {
		v.Servers = append(v.Servers, serverOf(s))
	}
	for _, i := range c.Interfaces {
		v.Interfaces = append(v.Interfaces, pluginInterface{i.Name, i.Options})
	}
	for _, m := range c.Messages {
		if m.Level == api.Warn {
			v.Warnings = append(v.Warnings, m.Text)
		} else {
			v.Infos = append(v.Infos, m.Text)
		}
	}
	return outcome{Values: v}, c
}

// collector makes keys of values. It implements config.Members.
type collector struct {
	keys
	name string
}

func (c *collector) Member(k *config.Key) bool {
	c.name = k.Name
	if other, ok := map[string]string{"process_name": "name", "user": "uid"}[k.Name]; ok {
		c.name = other
	}
	return k.Since != config.Ours
}

func (c *collector) Int(n int)       { c.keys[c.name] = float64(n) }
func (c *collector) Bool(b bool)     { c.keys[c.name] = b }
func (c *collector) String(s string) { c.keys[c.name] = s }
func (c *collector) None()           { c.keys[c.name] = nil }
func (c *collector) Ints(list []int) {
	var numbers []any
	for _, n := range list {
		numbers = append(numbers, float64(n))
	}
	c.keys[c.name] = numbers
}

// environment adds the variables, which are no single value.
func (k keys) environment(variables map[string]string) keys {
	all := map[string]any{}
	for name, text := range variables {
		all[name] = text
	}
	k["environment"] = all
	return k
}

func daemonOf(s *config.Supervisord) keys {
	c := collector{keys: keys{}}
	s.Encode(&c)
	c.keys["uid"] = nil
	if s.User != nil {
		c.keys["uid"] = float64(s.User.UID)
	}
	return c.keys.environment(s.Environment)
}

func processOf(p *config.Process) keys {
	c := collector{keys: keys{}}
	p.Encode(&c)
	return c.keys.environment(p.Run.Environment)
}

// names are the names of keys, separated by commas.
func (k keys) names() string { return strings.Join(slices.Sorted(maps.Keys(k)), ",") }

// orNull returns a pointer to text, or nil if it is empty.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func groupOf(g *config.Group) group {
	kinds := map[config.Kind]string{
		config.ProgramGroup: "ProcessGroupConfig", config.NamedGroup: "ProcessGroupConfig",
		config.ListenerGroup: "EventListenerPoolConfig", config.FastCGIGroup: "FastCGIGroupConfig"}
	shown := group{Name: g.Name, Kind: kinds[g.Kind], Priority: g.Priority}
	for _, p := range g.Processes {
		shown.Processes = append(shown.Processes, processOf(p))
	}
	if g.Pool != nil {
		shown.BufferSize, shown.ResultHandler = g.Pool.BufferSize, g.Pool.ResultHandler
		shown.Events = slices.Sorted(slices.Values(g.Pool.Events))
	}
	if g.Kind == config.FastCGIGroup && len(g.Processes) > 0 {
		s := g.Processes[0].Socket
		shown.Socket = &socket{URL: s.URL, Backlog: s.Backlog}
		if s.Unix {
			mode := int(s.Mode)
			shown.Socket.Mode = &mode
		}
		if s.UID >= 0 {
			shown.Socket.Owner = []int{s.UID, s.GID}
		}
	}
	return shown
}

func serverOf(s config.Server) server {
	shown := server{Section: s.Section, Family: "inet", Host: s.Host, Port: s.Port,
		Username: orNull(s.Username), Password: orNull(s.Password)}
	if s.Unix {
		shown.Family, shown.File, shown.Chmod, shown.Chown = "unix", s.File, int(s.Mode), []int{s.UID, s.GID}
	}
	return shown
}
