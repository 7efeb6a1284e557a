package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// variable is something that %(name)s can stand for: a text or a number.
type variable struct {
	name     string
	text     string
	number   int
	isNumber bool
}

// names are the variables that one value may use. The environment's have the prefix ENV_ in front of their names.
type names struct {
	vars   []variable
	hidden []variable        // may be used, but messages do not list them
	env    map[string]string // of the daemon, [supervisord] environment= included
	own    map[string]string // of the process
}

func (n *names) find(name string) (variable, bool) {
	for _, vars := range [][]variable{n.vars, n.hidden} {
		for _, v := range vars {
			if v.name == name {
				return v, true
			}
		}
	}
	if key, ok := strings.CutPrefix(name, "ENV_"); ok {
		if text, ok := n.own[key]; ok {
			return variable{text: text}, true
		}
		if text, ok := n.env[key]; ok {
			return variable{text: text}, true
		}
	}
	return variable{}, false
}

// list is every name that messages offer, in order.
func (n *names) list() string {
	var list []string
	for _, v := range n.vars {
		list = append(list, v.name)
	}
	for _, env := range []map[string]string{n.env, n.own} {
		for key := range env {
			list = append(list, "ENV_"+key)
		}
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), ", ")
}

// expand replaces every %(name)s in text. where is what error messages call the place. Source: "%(ENV_X)s".
func (n *names) expand(text, where string) (string, error) {
	if strings.IndexByte(text, '%') < 0 {
		return text, nil
	}
	f := formatter{names: n, runes: []rune(text)}
	if err := f.run(); err != nil {
		head := "Format string " + pyrepr.Quote(text) + " for " + pyrepr.Quote(where)
		if err == errUnknown {
			return "", fmt.Errorf("%s contains names (%s) which cannot be expanded. Available names: %s",
				head, pyrepr.Quote(f.unknown), n.list())
		}
		return "", fmt.Errorf("%s is badly formatted: %w", head, err)
	}
	return f.out.String(), nil
}
