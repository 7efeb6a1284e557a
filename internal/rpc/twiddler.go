package rpc

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/operations"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/supervisor"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// twiddlerVersion is the version of supervisor_twiddler whose interface this is; clients check for it.
const twiddlerVersion = "1.0"

// twiddler is the table of methods of supervisor_twiddler, a plug-in for the original that changes active groups.
var twiddler = []Method{
	{Name: "getAPIVersion", Role: access.Full, Daemon: true, Do: (*Server).twiddlerVersion,
		Help: "Return the version of this interface.", Result: "string the version"},
	{Name: "getGroupNames", Role: access.Full, Daemon: true, Do: (*Server).groupNames,
		Help: "Return the names of the active groups.", Result: "array the names"},
	{Name: "log", Role: access.Full, Daemon: true, Do: (*Server).logMessage,
		Params: []Param{{Name: "message", Type: "string", Help: "the text of the line"},
			{Name: "level", Type: "level", Help: "its level by name or number; INFO if it is left out", Optional: true}},
		Help: "Write a line to the main log.", Result: "boolean always true"},
	{Name: "addProgramToGroup", Role: access.Full, Daemon: true, Do: (*Server).addProgramToGroup,
		Params: []Param{{Name: "group_name", Type: "string", Help: "an active group"},
			{Name: "program_name", Type: "string", Help: "the program"},
			{Name: "program_options", Type: "struct", Help: "its keys and values, as in a section"}},
		Help: "Add the processes of a program to a group until supervisord restarts.", Result: "boolean always true"},
	{Name: "removeProcessFromGroup", Role: access.Full, Daemon: true, Do: (*Server).removeProcessFromGroup,
		Params: []Param{{Name: "group_name", Type: "string", Help: "an active group"},
			{Name: "process_name", Type: "string", Help: "a stopped process of the group"}},
		Help: "Remove a process from a group.", Result: "boolean always true"},
}

// twiddlerMethods returns the methods by name. Methods that are not in a whitelist are listed, but calls are refused.
func twiddlerMethods(whitelist string) map[string]*Method {
	var allowed []string
	for _, name := range strings.Split(whitelist, ",") {
		if name = strings.TrimSpace(name); name != "" {
			allowed = append(allowed, name)
		}
	}
	all := make(map[string]*Method, len(twiddler))
	for _, m := range twiddler {
		do := m.Do
		m.Do = func(s *Server, ctx context.Context, a args) (result, error) {
			if err := s.ops.CheckRunning(); err != nil {
				return nil, err
			}
			if len(allowed) > 0 && !slices.Contains(allowed, m.Name) {
				return nil, api.NewFault(api.NotInWhitelist, m.Name)
			}
			return do(s, ctx, a)
		}
		all[m.Name] = &m
	}
	return all
}

func (s *Server) twiddlerVersion(context.Context, args) (result, error) {
	return text(twiddlerVersion), nil
}

func (s *Server) groupNames(context.Context, args) (result, error) {
	var names []string
	err := s.ops.Read(func(v supervisor.View) error {
		for _, g := range v.Groups() {
			names = append(names, g.Name())
		}
		return nil
	})
	return array(names, writeString), err
}

func (s *Server) logMessage(_ context.Context, a args) (result, error) {
	level := api.Info
	if len(a) > 1 {
		level = api.Level(a.int(1))
		if a[1].Kind == xmlrpc.String {
			level, _ = api.ParseTag(a.text(1))
		}
	}
	if level.Tag() == "" {
		return nil, api.NewFault(api.IncorrectParameters, "")
	}
	s.sup.Log().Log(level, a.text(0))
	return boolean(true), nil
}

func (s *Server) addProgramToGroup(_ context.Context, a args) (result, error) {
	group, program := a.text(0), a.text(1)
	options, ok := programOptions(a[2].Members)
	if !ok {
		return nil, api.NewFault(api.IncorrectParameters, "")
	}
	var cfg *config.Config
	err := s.ops.Read(func(v supervisor.View) error {
		cfg = v.Config()
		if v.Group(group) == nil {
			return operations.BadName("group: " + group)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	processes, err := cfg.NewProcesses(group, program, options)
	if err != nil {
		return nil, api.NewFault(api.IncorrectParameters, err.Error())
	}
	for _, p := range processes { // a client must not be able to make such names; a file may have them
		if strings.ContainsFunc(p.ProcessName, pyrepr.EndsLine) {
			return nil, api.NewFault(api.IncorrectParameters, "control character in name "+pyrepr.Quote(p.ProcessName))
		}
	}
	err = s.ops.Change(func(l *supervisor.Loop) error {
		g := l.Group(group)
		if g == nil {
			return operations.BadName("group: " + group)
		}
		for _, p := range processes {
			if g.Process(p.ProcessName) != nil {
				return operations.BadName(p.ProcessName)
			}
		}
		l.AddProcesses(g, processes)
		return nil
	})
	return boolean(true), err
}

// programOptions converts members to keys of a section; false if a value is not a string, an integer or a boolean.
func programOptions(members []xmlrpc.Member) (options []config.Option, ok bool) {
	for _, m := range members {
		o := config.Option{Key: m.Name, Text: m.Value.Text}
		switch m.Value.Kind {
		case xmlrpc.String:
		case xmlrpc.Int:
			o.Text = strconv.FormatInt(m.Value.Number, 10)
		case xmlrpc.Bool:
			o.Text = strconv.FormatBool(m.Value.Number != 0)
		default:
			return nil, false
		}
		options = append(options, o)
	}
	return options, true
}

func (s *Server) removeProcessFromGroup(_ context.Context, a args) (result, error) {
	group, name := a.text(0), a.text(1)
	err := s.ops.Change(func(l *supervisor.Loop) error {
		g := l.Group(group)
		if g == nil {
			return operations.BadName("group: " + group)
		}
		p := g.Process(name)
		switch {
		case p == nil:
			return operations.BadName(name)
		case p.PID() != 0 || !p.State().IsStopped():
			return api.NewFault(api.StillRunning, name)
		}
		l.RemoveProcess(g, p)
		return nil
	})
	return boolean(true), err
}
