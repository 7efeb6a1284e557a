package config

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/expand"
	"github.com/gosupervisor/supervisor/internal/ini"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// programReader reads one process section into the processes of one group.
type programReader struct {
	*keys
	common      Process   // what the processes of the section have in common
	processName ini.Value // not expanded
	environment ini.Value // not expanded
	count       int
	first       int
}

// processes reads a process section for the group; errors tell the section and the file in which it appeared first.
func (r *reader) processes(s *ini.Section, group string) ([]*Process, error) {
	list, err := r.readProcesses(s, group)
	if err == nil {
		return list, nil
	}
	e := &ini.Error{File: s.First.Path, Line: s.Line, Section: s.Name, Text: err.Error()}
	errors.As(err, &e)
	e.Text += " in section " + pyrepr.Quote(s.Name) + " (file: " + pyrepr.Quote(s.First.Path) + ")"
	return nil, e
}

func (r *reader) readProcesses(s *ini.Section, group string) ([]*Process, error) {
	_, rest, _ := strings.Cut(s.Name, ":")
	name, err := parseName(rest)
	if err != nil {
		return nil, err
	}
	k := r.keys(s, expand.Scope{Vars: []expand.Variable{
		{Name: "program_name", Text: name}, {Name: "host_node_name", Text: r.node}, {Name: "group_name", Text: group}}})
	k.here = true
	p := &programReader{keys: k}
	p.readCommon(name)
	p.scope.Vars = append(p.scope.Vars, expand.Variable{Name: "process_num", IsNumber: true},
		expand.Variable{Name: "numprocs", Number: p.count, IsNumber: true})
	if r.check != nil && p.count < 1 {
		r.asking(func() { p.process() })
	}
	var list []*Process
	for i := 0; i < p.count && p.err == nil; i++ {
		p.scope.Vars[3].Number = p.first + i
		process := p.process()
		if i > 0 {
			process.share(list[i-1])
		}
		list = append(list, process)
	}
	if p.err != nil {
		return nil, p.err
	}
	slices.SortFunc(list, func(a, b *Process) int { return strings.Compare(a.ProcessName, b.ProcessName) })
	return list, nil
}

// readCommon reads what all processes of the section have in common.
func (p *programReader) readCommon(name string) {
	k := p.keys
	common := &p.common
	program := &Program{Section: k.s.Name, Name: name}
	common.Program = program
	program.Priority = read(k, "priority", 999, parseInteger)
	program.Start.Auto = read(k, "autostart", true, parseBoolean)
	program.Exit.Restart = read(k, "autorestart", RestartUnexpected, parseRestart)
	program.Start.Secs = read(k, "startsecs", 1, parseInteger)
	program.Backoff.Retries = read(k, "startretries", 3, parseInteger)
	program.Stop.Signal = read(k, "stopsignal", defaultStopSignal, parseSignal)
	program.Stop.WaitSecs = read(k, "stopwaitsecs", 10, parseInteger)
	program.Stop.AsGroup = read(k, "stopasgroup", false, parseBoolean)
	program.Stop.KillAsGroup = read(k, "killasgroup", program.Stop.AsGroup, parseBoolean)
	program.Exit.Codes = read(k, "exitcodes", []int{0}, parseExitCodes)
	program.RedirectErr = read(k, "redirect_stderr", false, parseBoolean)
	p.count = read(k, "numprocs", 1, parseInteger)
	p.first = read(k, "numprocs_start", 0, parseInteger)
	p.environment, _ = k.raw("environment")
	common.Out.Capture = read(k, "stdout_capture_maxbytes", 0, parseBytes)
	common.Out.Events = read(k, "stdout_events_enabled", false, parseBoolean)
	common.Err.Capture = read(k, "stderr_capture_maxbytes", 0, parseBytes)
	common.Err.Events = read(k, "stderr_events_enabled", false, parseBoolean)
	common.Run.ServerURL = read(k, "serverurl", "", parseString)
	if strings.EqualFold(pyrepr.TrimSpace(common.Run.ServerURL), "auto") {
		common.Run.ServerURL = ""
	}
	common.Run.User = read(k, "user", (*account.Account)(nil), k.r.accountOf)
	common.Run.Umask = read(k, "umask", -1, parseUmask)
	p.readProcessName()
	if program.Stop.AsGroup && !program.Stop.KillAsGroup {
		k.failf("killasgroup", "Cannot set stopasgroup=true and killasgroup=false")
	}
}

// readProcessName checks the name as it is written; it is expanded for each process.
func (p *programReader) readProcessName() {
	v, ok := p.raw("process_name")
	if !ok {
		v = ini.Value{Text: "%(program_name)s", From: p.s.First}
	}
	name, err := parseName(v.Text)
	if err != nil {
		p.fail("process_name", v, err)
	}
	v.Text = name
	p.processName = v
	if p.count > 1 && !strings.Contains(name, "%(process_num)") {
		p.failf("process_name", "%%(process_num) must be present within process_name when numprocs > 1")
	}
}

// process reads what is expanded for one process alone.
func (p *programReader) process() *Process {
	common := p.common
	process := &common
	p.scope.Own = nil
	env := p.processEnvironment()
	p.scope.Own = env.own
	process.Run.Environment = env.all
	process.Run.Directory = read(p.keys, "directory", "", parseString)
	process.Out.Log = p.log("stdout")
	process.Err.Log = p.log("stderr")
	if process.RedirectErr {
		if (process.Err.Log.Kind == LogFile || p.isEmpty("stderr_logfile")) && p.err == nil {
			p.r.warn("For [%s], redirect_stderr=true but stderr_logfile has also been set to a filename, "+
				"the filename has been ignored", p.s.Name)
		}
		process.Err.Log.Kind, process.Err.Log.Path = LogNone, ""
	}
	process.Run.Command = read(p.keys, "command", "", parseString)
	if _, ok := p.raw("command"); !ok {
		p.failf("command", "program section %s does not specify a command", p.s.Name)
	}
	process.ProcessName = p.expandProcessName()
	return process
}

func (p *programReader) expandProcessName() string {
	if p.err != nil {
		return ""
	}
	name, err := p.expand(p.processName, "process_name")
	if err != nil {
		p.fail("process_name", p.processName, err)
	}
	return name
}

// processEnvironment expands and reads environment=; equal texts give one and the same map.
func (p *programReader) processEnvironment() mergedEnvironment {
	if p.err != nil {
		return mergedEnvironment{}
	}
	text, err := p.expand(p.environment, "environment")
	if err != nil {
		p.fail("environment", p.environment, err)
		return mergedEnvironment{}
	}
	if env, ok := p.r.merged[text]; ok {
		return env
	}
	own, err := parseEnvironment(text)
	if err != nil {
		p.fail("environment", p.environment, err)
		return mergedEnvironment{}
	}
	env := mergedEnvironment{own: own, all: own}
	if len(p.r.common) > 0 {
		env.all = maps.Clone(p.r.common)
		maps.Copy(env.all, own)
	}
	p.r.merged[text] = env
	return env
}

// share takes over the strings and maps of another process that are equal, so that memory holds them once.
func (p *Process) share(other *Process) {
	for _, s := range []struct{ to, from *string }{
		{&p.Run.Command, &other.Run.Command}, {&p.Run.Directory, &other.Run.Directory},
		{&p.Out.Log.Path, &other.Out.Log.Path}, {&p.Err.Log.Path, &other.Err.Log.Path},
	} {
		if *s.to == *s.from {
			*s.to = *s.from
		}
	}
	if maps.Equal(p.Run.Environment, other.Run.Environment) {
		p.Run.Environment = other.Run.Environment
	}
}
