package config

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/ini"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// processes reads the processes of a section for a group. Errors name the section and the file in which it appeared first.
func (r *reader) processes(s *ini.Section, group string) ([]*Process, error) {
	list, err := r.readProcesses(s, group)
	if err == nil {
		return list, nil
	}
	e := &ini.Error{File: s.First.Path, Line: s.Line, Section: s.Name, Text: err.Error()}
	errors.As(err, &e)
	if e.Section == defaultSection {
		s = r.doc.ByName[defaultSection]
	}
	e.Text += " in section " + pyrepr.Quote(s.Name) + " (file: " + pyrepr.Quote(s.First.Path) + ")"
	return nil, e
}

func (r *reader) readProcesses(s *ini.Section, group string) ([]*Process, error) {
	_, rest, _ := strings.Cut(s.Name, ":")
	name, err := parseName(rest)
	if err != nil {
		return nil, err
	}
	k := r.section(s)
	k.program, k.group = name, group
	common := &Process{Program: &Program{Section: s.Name, Name: name}}
	readAll(k, commonKeys, common)
	r.exitOnDefault(k, common)
	r.scaling.apply(k)
	k.oneshotDefaults(common)
	var list []*Process
	for i := 0; i < k.numprocs && k.err == nil; i++ {
		p := common
		if i < k.numprocs-1 {
			p = new(Process)
			*p = *common
		}
		if k.numprocs > 1 {
			p.ownExtra()
		}
		k.number = k.first + i
		readAll(k, eachKeys, p)
		if i == 0 {
			requireReadinessCheck(k, p)
			requireReadyBehindSockets(k, p)
		}
		p.Extra.trim()
		p.ProcessName = k.expandProcessName()
		if i > 0 {
			for _, key := range eachKeys {
				key.share(p, list[i-1])
			}
		}
		r.shareWithLast(p)
		list = append(list, p)
	}
	if k.err != nil || slices.Contains(k.failed, "process_name") { // its processes have no names to compare with others
		return nil, k.err
	}
	slices.SortFunc(list, func(a, b *Process) int { return strings.Compare(a.ProcessName, b.ProcessName) })
	return list, nil
}

// hasNumber matches the names of processes that contain their numbers, also with an operand.
var hasNumber = pattern(`%\(process_num[)+*-]`)

// checkProcessName checks the name before expansion. It is expanded for each process, after all other keys.
func checkProcessName(k *sectionReader, _ *Process) {
	v, ok := k.r.doc.Find(k.s, "process_name")
	if !ok {
		v = ini.Value{Text: "%(program_name)s", From: k.s.First}
	}
	name, err := parseName(v.Text)
	if err != nil {
		k.fail("process_name", v, err)
	}
	v.Text = name
	k.rawName = v
	if k.numprocs > 1 && !hasNumber().MatchString(name) {
		k.failf("process_name", "%%(process_num) must be present within process_name when numprocs > 1")
	}
}

func (k *sectionReader) expandProcessName() string {
	if k.err != nil {
		return ""
	}
	name, err := k.expandAs("process_name", inProcess, k.rawName)
	if err != nil {
		k.fail("process_name", k.rawName, err)
	}
	return name
}

// checkKill checks stopasgroup and killasgroup, after process_name as in the original.
func checkKill(k *sectionReader, p *Process) {
	if p.Stop.AsGroup && !p.Stop.KillAsGroup {
		k.failf("killasgroup", "Cannot set stopasgroup=true and killasgroup=false")
	}
}

func requireCommand(k *sectionReader, _ *Process) {
	if !k.has("command") {
		k.failf("command", "program section %s does not specify a command", k.s.Name)
	}
}

// readEnvironment reads environment= and merges it with those of [program-default] and [supervisord]. Equal texts give the same map.
// The keys that are read after it can expand its variables.
func readEnvironment(k *sectionReader, p *Process) {
	k.own = nil
	values := k.r.valuesOf(k.s, "environment")
	if values == nil {
		values = []ini.Value{{}}
	}
	var texts [2]string
	for i, v := range values {
		text, err := k.expandAs("environment", inProcess, v)
		if err != nil {
			k.fail("environment", v, err)
			return
		}
		texts[i] = text
	}
	env, ok := k.r.merged[texts]
	if !ok {
		for i, v := range values {
			own, err := parseEnvironment(texts[i])
			if err != nil {
				k.fail("environment", v, err)
				return
			}
			if i > 0 {
				maps.Copy(env.own, own)
				continue
			}
			env.own = own
		}
		env.all = env.own
		if len(k.r.common) > 0 {
			env.all = maps.Clone(k.r.common)
			maps.Copy(env.all, env.own)
		}
		k.r.merged[texts] = env
	}
	k.own, p.Run.Environment = env.own, env.all
}
