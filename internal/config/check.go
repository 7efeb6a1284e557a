package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// check collects what is wrong with a configuration.
type check struct {
	errs []error
	read map[*ini.Section]bool // the sections that were read
	seen map[ini.Error]bool
}

func newCheck() *check { return &check{read: map[*ini.Section]bool{}, seen: map[ini.Error]bool{}} }

// add notes an error, once: a section is read for several purposes, and for each of its processes.
func (c *check) add(err error) {
	e := &ini.Error{Text: err.Error()}
	errors.As(err, &e)
	if c.seen[*e] {
		return
	}
	c.seen[*e] = true
	c.errs = append(c.errs, &Finding{e})
}

// Finding is an error that says where it is.
type Finding struct{ Cause *ini.Error }

// Error is the place as far as it is known, and the original's words: file:line: [section] key=value: text.
func (f *Finding) Error() string {
	if place := f.Cause.Place(); place != "" {
		return place + ": " + f.Cause.Text
	}
	return f.Cause.Text
}

// Unwrap gives the error without its place.
func (f *Finding) Unwrap() error { return f.Cause }

// Report is what Check finds. The warnings are about what Load accepts and the user may not have meant.
type Report struct {
	File     string  // the main file, as it was given or found; empty: none was found
	Errors   []error // each is a *Finding, but for a main file that was not found
	Warnings []string
}

// Check reads a configuration as Load does, but reports every error instead of the first; there are none exactly if
// Load succeeds. Source: --check.
func Check(o Options, environ []string) Report {
	r, err := newReader(o, environ, thisHost)
	if err != nil {
		return Report{Errors: []error{err}}
	}
	r.check = newCheck()
	found := Report{File: r.path}
	c, err := r.read(o)
	if err != nil { // nothing could be read
		r.check.add(err)
		found.Errors = r.check.errs
		return found
	}
	for _, m := range c.Messages {
		if m.Level >= api.Warn {
			found.Warnings = append(found.Warnings, m.Text)
		}
	}
	found.Warnings = append(found.Warnings, r.checkCtl()...)
	found.Warnings = append(found.Warnings, r.unread()...)
	found.Warnings = append(found.Warnings, risks(c)...)
	found.Errors = r.check.errs
	return found
}

// checkCtl reads what supervisorctl would read. Nothing in it keeps supervisord from starting, so all are warnings.
func (r *reader) checkCtl() (warnings []string) {
	own := r.doc.ByName["supervisorctl"]
	if own == nil {
		return nil
	}
	if own.First.Path != r.path {
		warnings = append(warnings, own.First.Path+": [supervisorctl] has no effect: supervisorctl reads no included files")
	}
	ctl := *r
	ctl.included = false
	ctl.check = newCheck()
	ctl.check.read = r.check.read
	if err := (&Ctl{}).values(&ctl, own); err != nil {
		ctl.check.add(err)
	}
	for _, err := range ctl.check.errs {
		warnings = append(warnings, "supervisorctl will refuse: "+err.Error())
	}
	return warnings
}

// unread reports the sections and keys that have no effect.
func (r *reader) unread() (warnings []string) {
	for _, s := range r.doc.Sections {
		in := kindOf(s.Name)
		if in == 0 {
			warnings = append(warnings, fmt.Sprintf("%s: [%s] is not a section and has no effect%s",
				s.First.Path, s.Name, meant(nearest(s.Name, sectionNames(s.Name)))))
			continue
		}
		keys := r.effective(s, in)
		if keys == nil || !r.check.read[s] { // its name is wrong, which is an error
			continue
		}
		for _, name := range byLine(s.Values) {
			if !keys[name] {
				v := s.Values[name]
				warnings = append(warnings, fmt.Sprintf("%s:%d: [%s] %s has no effect%s",
					v.From.Path, v.Line, s.Name, name, instead(in, name)))
			}
		}
	}
	for _, name := range byLine(r.doc.Defaults) {
		if v := r.doc.Defaults[name]; len(homes(name)) == 0 {
			warnings = append(warnings, fmt.Sprintf("%s:%d: [DEFAULT] %s has no effect: no section knows it",
				v.From.Path, v.Line, name))
		}
	}
	return warnings
}

// effective are the keys that have an effect in a section; nil: all have, for what is no key of ours is for a plug-in.
func (r *reader) effective(s *ini.Section, in Sections) map[string]bool {
	_, program := s.Values["command"]
	switch {
	case in == InCtlPlugin, in == InInterface && (program || !r.isPlugin(s)):
		return nil
	case in == InInterface: // with a URL, thus without processes
		keys := map[string]bool{pluginPriority.key().Name: true}
		for _, r := range slices.Concat(untyped(pluginKeys), untyped(pluginPoolKeys)) {
			keys[r.key().Name] = true
		}
		return keys
	}
	return keysOf(in)
}

// byLine is the keys in the order in which they were written.
func byLine(values map[string]ini.Value) []string {
	var keys []string
	for key := range values {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		va, vb := values[a], values[b]
		if va.From != vb.From {
			return strings.Compare(va.From.Path, vb.From.Path)
		}
		return va.Line - vb.Line
	})
	return keys
}

// homes are the kinds of sections that know the key, by name.
func homes(key string) (kinds []string) {
	for _, k := range sectionKinds {
		if keysOf(k.in)[key] {
			kinds = append(kinds, "["+strings.Replace(k.name, ":", ":x", 1)+"]")
		}
	}
	slices.Sort(kinds)
	return kinds
}

// instead says where the key belongs, or which one may have been meant.
func instead(in Sections, key string) string {
	if kinds := homes(key); len(kinds) > 0 {
		return ": it belongs in " + strings.Join(kinds, ", ")
	}
	return meant(nearest(key, slices.Sorted(maps.Keys(keysOf(in)))))
}

// sectionNames are the sections that could have been meant by a name, each with the part after its colon.
func sectionNames(name string) []string {
	_, rest, ok := strings.Cut(name, ":")
	if !ok {
		rest = "x"
	}
	var names []string
	for _, k := range sectionKinds {
		if strings.HasSuffix(k.name, ":") {
			k.name += strings.TrimSpace(rest)
		}
		names = append(names, k.name)
	}
	slices.Sort(names)
	return names
}

func meant(name string) string {
	if name == "" {
		return ""
	}
	return ", perhaps " + name + " is meant"
}
