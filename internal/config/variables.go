package config

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/ini"
)

// variablesSection has texts for %(VAR_x)s in all other values. Its keys may have any name.
const variablesSection = "variables"

// readVariables reads [variables]. A value may expand the variables above it. It is called twice if there are included files, since
// the variables of the main file count in the names of these files. Without strict, a variable that cannot be expanded is only unknown.
func (r *reader) readVariables(strict bool) error {
	s := r.doc.ByName[variablesSection]
	if s == nil {
		return nil
	}
	r.variables = map[string]string{}
	k := r.section(s)
	for _, name := range r.inReadingOrder(s.Values) {
		v := s.Values[name]
		text, err := k.expandAs(s.Name+"."+name, ofFile|ofHost, v)
		switch {
		case err == nil:
			r.variables[name] = text
		case strict:
			k.fail(name, v, err)
			r.variables[name] = "" // an error that is collected is not one of each value that uses it, too
		}
		if k.err != nil {
			return k.err
		}
	}
	return nil
}

// inReadingOrder returns the keys in the order in which their values were read.
func (r *reader) inReadingOrder(values map[string]ini.Value) []string {
	keys := byLine(values)
	file := func(key string) int { return slices.Index(r.files, values[key].From) }
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(file(a), file(b)) })
	return keys
}

var (
	// environmentName matches the expressions that expand variables of the environment: the whole, and the name if a default follows.
	environmentName = pattern(`%\(ENV_(([A-Za-z0-9_.]*)[^)]*)\)`)
	variableName    = pattern(`%\(VAR_(([A-Za-z0-9_.]*)[^)]*)\)`)
)

// environmentNames returns the variables of the environment that a text may expand, also by way of [variables].
func (r *reader) environmentNames(text string) (names []string) {
	seen := map[string]bool{}
	var add func(text string)
	add = func(text string) {
		for _, found := range environmentName().FindAllStringSubmatch(text, -1) {
			names = append(names, found[1])
			if found[2] != found[1] {
				names = append(names, found[2])
			}
		}
		s := r.doc.ByName[variablesSection]
		if s == nil {
			return
		}
		for _, found := range variableName().FindAllStringSubmatch(text, -1) {
			for _, name := range found[1:] {
				name = strings.ToLower(name)
				if v, ok := s.Values[name]; ok && !seen[name] {
					seen[name] = true
					add(v.Text)
				}
			}
		}
	}
	add(text)
	return names
}
