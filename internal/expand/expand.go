// Package expand replaces %(name)s in the values of a configuration, with the formats of Python's % operator: %(process_num)02d,
// %(x).3s. Forms of our own have defaults and operands, such as %(ENV_X:-text)s and %(process_num+1)d. It reads no environment and
// no file. Any goroutine may use a Scope that does not change.
package expand

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Variable is the value of a %(name)s: a text or a number.
type Variable struct {
	Name     string
	Text     string
	Number   int
	IsNumber bool
}

// Scope has the variables that a value may use. Names of environment variables have the prefix ENV_.
type Scope struct {
	Vars   []Variable
	Hidden []Variable        // not listed in messages, and only in the form %(name)s
	Env    map[string]string // environment of the daemon, including that of [supervisord]
	Own    map[string]string // environment of the process, which overrides Env

	Variables map[string]string // those of [variables], by their names in lower case; nil: there is no such section
	CPUs      func() int        // returns the number of processors; nil: it is not known
	Used      func(form string) // is called for each name and form that the original does not have; nil: it is not needed
}

// find returns the variable of that name. Plain is true if the format is %(name)s.
func (s *Scope) find(name string, plain bool) (Variable, error) {
	lists := [][]Variable{s.Vars}
	if plain {
		lists = append(lists, s.Hidden)
	}
	for _, vars := range lists {
		for _, v := range vars {
			if v.Name == name {
				return v, nil
			}
		}
	}
	if key, ok := strings.CutPrefix(name, envPrefix); ok {
		if text, ok := s.environment(key); ok {
			return Variable{Text: text}, nil
		}
	}
	v, ok, err := s.extended(name)
	if !ok && err == nil {
		err = unknownName(name)
	}
	return v, err
}

// environment returns a variable of the environment.
func (s *Scope) environment(key string) (text string, ok bool) {
	if text, ok = s.Own[key]; !ok {
		text, ok = s.Env[key]
	}
	return text, ok
}

// list returns the names for messages, sorted.
func (s *Scope) list() string {
	var list []string
	for _, v := range s.Vars {
		list = append(list, v.Name)
	}
	for _, env := range []map[string]string{s.Env, s.Own} {
		for key := range env {
			list = append(list, envPrefix+key)
		}
	}
	if s.Variables != nil {
		for key := range s.Variables {
			list = append(list, varPrefix+key)
		}
		list = append(list, cpuCount)
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), ", ")
}

// Expand replaces each %(name)s in text. where is the place for errors, which have the original's messages.
func (s *Scope) Expand(text, where string) (string, error) { return s.Partial(text, where, nil) }

// Partial is Expand that leaves the formats whose names it is to keep, and doubles the percent signs of values, so that its result can be
// expanded.
func (s *Scope) Partial(text, where string, keep func(name string) bool) (string, error) {
	if strings.IndexByte(text, '%') < 0 {
		return text, nil
	}
	f := formatter{scope: s, runes: []rune(text), keep: keep}
	if err := f.run(); err != nil {
		e := &Error{Text: text, Where: where, Problem: err}
		if _, ok := err.(unknownName); ok {
			e.Available = s.list()
		}
		return "", e
	}
	return f.out.String(), nil
}

// Error is the error about a text that cannot be expanded.
type Error struct {
	Text      string // that was to be expanded
	Where     string // its place
	Problem   error
	Available string // the names that can be expanded, if one is unknown
}

// Error returns the original's message, which shows the text.
func (e *Error) Error() string {
	head := "Format string " + pyrepr.Quote(e.Text) + " for " + pyrepr.Quote(e.Where)
	switch problem := e.Problem.(type) {
	case unknownName:
		return head + cannotExpand(" ("+pyrepr.Quote(string(problem))+")", e.Available)
	case notSet:
		return head + ": " + problem.Error()
	}
	return head + " is badly formatted: " + e.Problem.Error()
}

// BadlyFormatted reports whether a percent sign in the text begins no name.
func (e *Error) BadlyFormatted() bool {
	switch e.Problem.(type) {
	case unknownName, notSet:
		return false
	}
	return true
}

// Redacted returns the message for a text that is secret. It shows a name only if it is one of the environment or one that other
// values can expand, because a secret may contain a percent sign that begins no name.
func (e *Error) Redacted() string {
	head := "Format string for " + pyrepr.Quote(e.Where)
	if problem, ok := e.Problem.(notSet); ok { // whose text is written for this message
		return head + ": " + problem.Error()
	}
	name, ok := e.Problem.(unknownName)
	switch {
	case ok && public().MatchString(string(name)):
		return head + cannotExpand(" ("+pyrepr.Quote(string(name))+")", e.Available)
	case ok:
		return head + cannotExpand("", e.Available)
	}
	return head + " is badly formatted: a percent sign that begins no name is written %%"
}

// public matches the names that messages about a secret may show.
var public = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(ENV_[A-Z_][A-Z0-9_]*|VAR_[a-z_][a-z0-9_]*|here|host_node_name|program_name|group_name|process_num|process_name|numprocs)$`)
})

func cannotExpand(name, available string) string {
	return " contains names" + name + " which cannot be expanded. Available names: " + available
}
