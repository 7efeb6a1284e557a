package config

import (
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/ini"
)

// Option is one key of a section with its text.
type Option struct{ Key, Text string }

// NewProcesses returns the processes of a program that is in no file, for a group. The options are the keys of [program:NAME]. The
// error has the message of a refused start. Source: addProgramToGroup.
func (c *Config) NewProcesses(group, name string, options []Option) ([]*Process, error) {
	from := &ini.File{Path: c.Path, Here: c.reader.here}
	s := &ini.Section{Name: "program:" + name, First: from, Values: map[string]ini.Value{}}
	for _, o := range options {
		s.Values[strings.ToLower(o.Key)] = ini.Value{Text: o.Text, From: from} // in no line of the file
	}
	r := *c.reader
	r.host, r.merged = thisHost.remembering(), map[[2]string]mergedEnvironment{}
	r.host.makesLogDirs = c.Supervisord.LogDirs
	r.doc = ini.New()
	r.doc.Sections, r.doc.ByName = []*ini.Section{s}, map[string]*ini.Section{s.Name: s}
	r.inherit(s)
	processes, err := r.processes(s, group)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(processes, func(a, b *Process) int { return a.Priority - b.Priority })
	return processes, nil
}

// kept returns the part of the reader that NewProcesses needs. Any goroutine may use it.
func (r *reader) kept() *reader {
	return &reader{env: r.env, node: r.node, path: r.path, here: r.here, common: r.common, variables: r.variables, exitOn: r.exitOn,
		sockets: r.sockets, shipping: withoutLines(r.shipping)}
}

// withoutLines returns values that are in no line of the file any more, by names.
func withoutLines(values map[string]ini.Value) map[string]ini.Value {
	if values == nil {
		return nil
	}
	without := map[string]ini.Value{}
	for name, v := range values {
		v.Line = 0
		without[name] = v
	}
	return without
}
