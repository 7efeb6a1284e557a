package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// check collects what is wrong with a configuration, and which keys were asked for: those that nobody asked for mean
// nothing.
type check struct {
	errs  []error
	asked map[*ini.Section]map[string]bool
	seen  map[ini.Error]bool
	quiet bool // asking for keys only
}

func newCheck() *check {
	return &check{asked: map[*ini.Section]map[string]bool{}, seen: map[ini.Error]bool{}}
}

// add notes an error, once: a section is read for several purposes, and for each of its processes.
func (c *check) add(err error) {
	if c.quiet {
		return
	}
	e := &ini.Error{Text: err.Error()}
	errors.As(err, &e)
	if c.seen[*e] {
		return
	}
	c.seen[*e] = true
	c.errs = append(c.errs, &Finding{e})
}

func (c *check) ask(s *ini.Section, key string) {
	if c.asked[s] == nil {
		c.asked[s] = map[string]bool{}
	}
	c.asked[s][key] = true
}

// asking calls f only to see which keys it asks for.
func (r *reader) asking(f func()) {
	quiet, messages := r.check.quiet, len(r.messages)
	r.check.quiet = true
	f()
	r.check.quiet, r.messages = quiet, r.messages[:messages]
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
	ctl.check.asked = r.check.asked
	if err := (&Ctl{}).values(&ctl, own); err != nil {
		ctl.check.add(err)
	}
	for _, err := range ctl.check.errs {
		warnings = append(warnings, "supervisorctl will refuse: "+err.Error())
	}
	return warnings
}

// knownKeys is every key by the kind of its section, as the reading itself asks for them: the kind is the name, up to
// the colon if it has one.
var knownKeys = sync.OnceValue(func() map[string]map[string]bool {
	r := &reader{doc: ini.New(), host: thisHost.remembering(), env: map[string]string{},
		merged: map[string]mergedEnvironment{}, check: newCheck()}
	kinds := []string{"include", "supervisord", "supervisorctl", "unix_http_server", "inet_http_server", "program:",
		"eventlistener:", "fcgi-program:", "group:", "rpcinterface:", "ctlplugin:"}
	from := &ini.File{}
	for _, kind := range kinds {
		s := &ini.Section{Name: kind, First: from, Values: map[string]ini.Value{}}
		r.doc.Sections = append(r.doc.Sections, s)
		r.doc.ByName[kind] = s
	}
	r.asking(func() {
		r.check.add(r.includes(""))
		_, err := r.values(Options{})
		r.check.add(errors.Join(err, (&Ctl{}).values(r, r.doc.ByName["supervisorctl"])))
	})
	known := map[string]map[string]bool{}
	for s, keys := range r.check.asked {
		known[s.Name] = keys
	}
	return known
})

// kind is what knownKeys calls sections of this name, empty if there is no such section.
func kind(section string) string {
	for known := range knownKeys() {
		switch {
		case section == known, strings.HasSuffix(known, ":") && strings.HasPrefix(section, known),
			strings.HasSuffix(known, "_server") && strings.HasPrefix(section, known):
			return known
		}
	}
	return ""
}

// unread warns of every section and key that means nothing.
func (r *reader) unread() (warnings []string) {
	for _, s := range r.doc.Sections {
		if kind(s.Name) == "" {
			warnings = append(warnings, fmt.Sprintf("%s: [%s] is not a section and has no effect%s",
				s.First.Path, s.Name, meant(nearest(s.Name, sectionNames(s.Name)))))
			continue
		}
		asked := r.check.asked[s]
		if asked == nil { // its name is wrong, which is an error
			continue
		}
		for _, key := range byLine(s.Values) {
			if !asked[key] {
				v := s.Values[key]
				warnings = append(warnings, fmt.Sprintf("%s:%d: [%s] %s has no effect%s",
					v.From.Path, v.Line, s.Name, key, instead(kind(s.Name), key)))
			}
		}
	}
	for _, key := range byLine(r.doc.Defaults) {
		if v := r.doc.Defaults[key]; len(homes(key)) == 0 {
			warnings = append(warnings, fmt.Sprintf("%s:%d: [DEFAULT] %s has no effect: no section knows it",
				v.From.Path, v.Line, key))
		}
	}
	return warnings
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

// homes are the kinds of sections that know the key.
func homes(key string) (kinds []string) {
	for kind, keys := range knownKeys() {
		if keys[key] {
			kinds = append(kinds, "["+strings.Replace(kind, ":", ":x", 1)+"]")
		}
	}
	slices.Sort(kinds)
	return kinds
}

// instead says where the key belongs, or what may have been meant by it.
func instead(kind, key string) string {
	if kinds := homes(key); len(kinds) > 0 {
		return ": it belongs in " + strings.Join(kinds, ", ")
	}
	var candidates []string
	for known := range knownKeys()[kind] {
		candidates = append(candidates, known)
	}
	slices.Sort(candidates)
	return meant(nearest(key, candidates))
}

// sectionNames are the sections that could have been meant by a name, each with the part after its colon.
func sectionNames(name string) []string {
	_, rest, ok := strings.Cut(name, ":")
	if !ok {
		rest = "x"
	}
	var names []string
	for known := range knownKeys() {
		if strings.HasSuffix(known, ":") {
			known += strings.TrimSpace(rest)
		}
		names = append(names, known)
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
