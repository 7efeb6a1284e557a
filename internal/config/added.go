package config

import (
	"slices"
	"strings"
)

// Option is one key of a section with its text.
type Option struct{ Key, Text string }

// NewProcesses reads a program as [program:NAME] would have it into processes for a group, though no file has it. The
// error has the words of a refused start. Source: supervisor_twiddler, addProgramToGroup.
func (c *Config) NewProcesses(group, name string, options []Option) ([]*Process, error) {
	from := &file{path: c.Path, here: c.reader.here}
	s := &section{name: "program:" + name, first: from, values: map[string]value{}}
	for i, o := range options {
		s.values[strings.ToLower(o.Key)] = value{text: o.Text, from: from, line: i + 1}
	}
	r := *c.reader
	r.host, r.merged = thisHost.remembering(), map[string]mergedEnvironment{}
	r.doc = newDocument()
	r.doc.sections, r.doc.byName = []*section{s}, map[string]*section{s.name: s}
	processes, err := r.processes(s, group)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(processes, func(a, b *Process) int { return a.Priority - b.Priority })
	return processes, nil
}

// kept is what of the reader is of use later, in any goroutine.
func (r *reader) kept() *reader {
	return &reader{env: r.env, node: r.node, path: r.path, here: r.here, common: r.common}
}
