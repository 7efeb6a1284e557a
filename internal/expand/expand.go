// Package expand replaces %(name)s in the values of a configuration, with all the formats of Python's % operator that the
// original allows: %(process_num)02d, %(x).3s. It is pure: all that a value may name is in a Scope, which any goroutine may
// read.
package expand

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Variable is what a %(name)s stands for: a text or a number.
type Variable struct {
	Name     string
	Text     string
	Number   int
	IsNumber bool
}

// Scope is the variables that one value may use. Those of an environment have the prefix ENV_ in front of their names.
type Scope struct {
	Vars   []Variable
	Hidden []Variable        // may be used, but messages do not list them
	Env    map[string]string // of the daemon, [supervisord] environment= included
	Own    map[string]string // of the process; these win
}

func (s *Scope) find(name string) (Variable, bool) {
	for _, vars := range [][]Variable{s.Vars, s.Hidden} {
		for _, v := range vars {
			if v.Name == name {
				return v, true
			}
		}
	}
	if key, ok := strings.CutPrefix(name, "ENV_"); ok {
		if text, ok := s.Own[key]; ok {
			return Variable{Text: text}, true
		}
		if text, ok := s.Env[key]; ok {
			return Variable{Text: text}, true
		}
	}
	return Variable{}, false
}

// list is every name that messages offer, in order.
func (s *Scope) list() string {
	var list []string
	for _, v := range s.Vars {
		list = append(list, v.Name)
	}
	for _, env := range []map[string]string{s.Env, s.Own} {
		for key := range env {
			list = append(list, "ENV_"+key)
		}
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), ", ")
}

// Expand replaces every %(name)s in text. where is what errors call the place. Errors have the original's words.
func (s *Scope) Expand(text, where string) (string, error) {
	if strings.IndexByte(text, '%') < 0 {
		return text, nil
	}
	f := formatter{scope: s, runes: []rune(text)}
	if err := f.run(); err != nil {
		head := "Format string " + pyrepr.Quote(text) + " for " + pyrepr.Quote(where)
		if name, ok := err.(unknownName); ok {
			return "", fmt.Errorf("%s contains names (%s) which cannot be expanded. Available names: %s",
				head, pyrepr.Quote(string(name)), s.list())
		}
		return "", fmt.Errorf("%s is badly formatted: %w", head, err)
	}
	return f.out.String(), nil
}
