package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/ini"
)

// defaultSection has values for the keys that [program:x] and [fcgi-program:x] sections do not have. Event listeners and plug-ins
// take none of them, since some would break their protocols.
const defaultSection = "program-default"

// merged are the keys that a program adds to those of [program-default], instead of replacing them.
var merged = map[string]bool{"environment": true, "envfiles": true}

// applyDefaults gives each program the values of [program-default] for the keys that it does not have.
func (r *reader) applyDefaults() {
	defaults := r.doc.ByName[defaultSection]
	if defaults == nil {
		return
	}
	if r.check != nil {
		r.check.read[defaults] = true
	}
	if v, ok := defaults.Values["command"]; ok {
		r.warn("%s:%d: [%s] command has no effect", v.From.Path, v.Line, defaultSection)
	}
	r.defaulted = map[*ini.Section][]string{}
	allowed, names := keysOf(InDefault), byLine(defaults.Values)
	for _, s := range r.doc.Sections {
		if !takesDefaults(s) {
			continue
		}
		own := keysOf(kindOf(s.Name))
		for _, name := range names {
			if !allowed[name] || !own[name] {
				continue
			}
			_, has := s.Values[name]
			if !has {
				v := defaults.Values[name]
				v.Section = defaultSection
				s.Values[name] = v
			}
			if !has || merged[name] {
				r.defaulted[s] = append(r.defaulted[s], name)
			}
		}
	}
}

func takesDefaults(s *ini.Section) bool { return kindOf(s.Name)&(InProgram|InFastCGI) != 0 }

// valuesOf returns the values of a key of a program that is merged: that of [program-default], if the section has one of its own,
// and that which Find returns.
func (r *reader) valuesOf(s *ini.Section, key string) (list []ini.Value) {
	v, ok := r.doc.Find(s, key)
	if defaults := r.doc.ByName[defaultSection]; ok && defaults != nil && v.Section == "" && takesDefaults(s) {
		if d, has := defaults.Values[key]; has {
			d.Section = defaultSection
			list = append(list, d)
		}
	}
	if ok {
		list = append(list, v)
	}
	return list
}

// ignoredDefaults returns a warning that names the programs that are different in the original, which ignores [program-default].
func (r *reader) ignoredDefaults() []string {
	defaults := r.doc.ByName[defaultSection]
	if defaults == nil {
		return nil
	}
	var programs []string
	for _, s := range r.doc.Sections {
		if names := r.defaulted[s]; len(names) > 0 {
			programs = append(programs, fmt.Sprintf("[%s] %s", s.Name, strings.Join(slices.Sorted(slices.Values(names)), ", ")))
		}
	}
	if programs == nil {
		return nil
	}
	return []string{fmt.Sprintf("%s:%d: [%s] is ignored by Supervisor 4.x, where these programs differ: %s",
		defaults.First.Path, defaults.Line, defaultSection, strings.Join(programs, "; "))}
}
