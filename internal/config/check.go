package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// check collects the errors of a configuration.
type check struct {
	errs []error
	read map[*ini.Section]bool // the sections that were read
	seen map[ini.Error]bool

	refused []*notation // what the original refuses, by the files in which it is
}

// notation is the first place in a file of something that the original refuses.
type notation struct {
	section, text string
	first         ini.Place
	lines         map[int]bool // all lines of the file that have one
}

// refuses notes a notation that the original refuses.
func (c *check) refuses(section, text string, v ini.Value) {
	for _, n := range c.refused {
		if n.first.From == v.From {
			n.lines[v.Line] = true
			return
		}
	}
	c.refused = append(c.refused, &notation{section, text, ini.Place{From: v.From, Line: v.Line}, map[int]bool{v.Line: true}})
}

// notations returns a warning for each file that the original refuses.
func (c *check) notations() (warnings []string) {
	for _, n := range c.refused {
		more := ""
		if len(n.lines) > 1 {
			more = fmt.Sprintf("; and %d more", len(n.lines)-1)
		}
		warnings = append(warnings, fmt.Sprintf("%s:%d: [%s] %s is refused by Supervisor 4.x; keep what needs it in an included file of its own%s",
			n.first.From.Path, n.first.Line, n.section, n.text, more))
	}
	return warnings
}

func newCheck() *check { return &check{read: map[*ini.Section]bool{}, seen: map[ini.Error]bool{}} }

// add adds an error once, because sections are read several times and keys for each process.
func (c *check) add(err error) {
	e := &ini.Error{Text: err.Error()}
	errors.As(err, &e)
	once := *e
	once.Text, _, _ = strings.Cut(e.Text, ". Available names: ") // not all readers of a key know the same names
	if c.seen[once] {
		return
	}
	c.seen[once] = true
	c.errs = append(c.errs, &Finding{e})
}

// Finding is an error with its place.
type Finding struct{ Cause *ini.Error }

// Error returns the place, as far as it is known, the original's message, and a hint: file:line: [section] key=value: text: hint. A
// message that begins with its section and key goes on after the place, which has both.
func (f *Finding) Error() string {
	text := f.Cause.Text
	if place := f.Cause.Place(); place != "" {
		rest, same := strings.CutPrefix(text, "["+f.Cause.Section+"] "+f.Cause.Key+" ")
		if same && f.Cause.Key != "" {
			text = place + " " + rest
		} else {
			text = place + ": " + text
		}
	}
	if f.Cause.Hint != "" {
		text += ": " + f.Cause.Hint
	}
	return text
}

// Unwrap returns the error without its place.
func (f *Finding) Unwrap() error { return f.Cause }

// Report is the result of Check. Warnings are about settings that Load accepts and that may be mistakes.
type Report struct {
	File     string  // the main file, as given or found; empty: not found
	Errors   []error // a *Finding each, except if the main file was not found
	Warnings []string
	Config   *Config // what could be read; nil: the main file cannot be read
	reader   *reader
}

// Refuse adds an error of the start about a key, with the place of its value. An empty key is the section. Used is the value that the
// start would use, in all its forms: if the file has another one, it is from the command line, which has no place; none: it is from
// the file.
func (r *Report) Refuse(err error, section, key string, used ...string) {
	same := func(used string, text string) bool { return used == text || strings.HasSuffix(used, "/"+text) }
	e := &ini.Error{Text: err.Error()}
	if s := r.reader.doc.ByName[section]; s != nil {
		v, ok := r.reader.doc.Find(s, key)
		switch {
		case !ok:
			e.File, e.Line, e.Section, e.Key, e.Missing = s.First.Path, s.Line, section, key, true
		case used == nil || strings.Contains(v.Text, "%(") || slices.ContainsFunc(used, func(u string) bool { return same(u, v.Text) }):
			e.File, e.Line, e.Section, e.Key, e.Value = v.From.Path, v.Line, v.In(section), key, v.Text
			e.Hint = r.reader.hint(key, v)
		}
	}
	r.Errors = append(r.Errors, &Finding{e})
}

// Check reads a configuration as Load does and reports all errors instead of the first. There is none if and only if Load
// succeeds. Source: --check.
func Check(o Options, environ []string) Report {
	r, err := newReader(o, environ, thisHost)
	if err != nil {
		return Report{Errors: []error{err}}
	}
	r.check = newCheck()
	found := Report{File: r.path}
	c, err := r.read(o)
	if err != nil { // the main file cannot be read
		r.check.add(err)
		found.Errors = r.check.errs
		return found
	}
	for _, m := range c.Messages {
		if m.Level >= api.Warn {
			found.Warnings = append(found.Warnings, m.Text)
		}
	}
	for _, f := range r.files {
		if f.Mark {
			found.Warnings = append(found.Warnings, f.Path+": the file begins with a byte order mark, which Supervisor 4 refuses")
		}
	}
	found.Warnings = append(found.Warnings, r.checkCtl()...)
	found.Warnings = append(found.Warnings, r.checkNotifications(c)...)
	found.Warnings = append(found.Warnings, r.doubts(c)...)
	found.Warnings = append(found.Warnings, r.check.notations()...)
	found.Warnings = append(found.Warnings, r.ignoredDefaults()...)
	found.Warnings = append(found.Warnings, r.unreachable(c)...)
	found.Warnings = append(found.Warnings, r.unread()...)
	found.Warnings = append(found.Warnings, r.risks(c, os.Geteuid() == 0)...)
	found.Errors, found.Config, found.reader = r.check.errs, c, r
	return found
}

// checkCtl reads what supervisorctl would read. Its errors are warnings, because supervisord can start.
func (r *reader) checkCtl() (warnings []string) {
	own := r.doc.ByName["supervisorctl"]
	if own == nil {
		return nil
	}
	if own.First.Path != r.path {
		warnings = append(warnings, own.First.Path+": [supervisorctl] has no effect: supervisorctl reads no included files")
	}
	ctl := *r
	ctl.included, ctl.variables = false, r.mainVariables
	ctl.check = newCheck()
	ctl.check.read, ctl.check.refused = r.check.read, r.check.refused
	if err := (&Ctl{}).values(&ctl, own); err != nil {
		ctl.check.add(err)
	}
	r.check.refused = ctl.check.refused
	for _, err := range ctl.check.errs {
		warnings = append(warnings, "supervisorctl will refuse: "+err.Error())
	}
	return warnings
}

// unread reports the sections and keys that have no effect.
func (r *reader) unread() (warnings []string) {
	for _, s := range r.doc.Sections {
		in := kindOf(s.Name)
		if in == InVariables {
			continue
		}
		if in == 0 {
			warnings = append(warnings, fmt.Sprintf("%s: [%s] is not a section and has no effect%s",
				s.First.Path, s.Name, meant(nearest(s.Name, sectionNames(s.Name)))))
			continue
		}
		keys := r.effective(s, in)
		if keys == nil || !r.check.read[s] { // a section with an invalid name is not read; its name is an error
			continue
		}
		for _, name := range byLine(s.Values) {
			v := s.Values[name]
			if !keys[name] && v.Section == "" && !(in == InDefault && name == "command") { // of which the main log warns
				warnings = append(warnings, fmt.Sprintf("%s:%d: [%s] %s has no effect%s",
					v.From.Path, v.Line, s.Name, name, instead(in, name)))
			}
		}
	}
	for _, name := range byLine(r.doc.Defaults) {
		if v := r.doc.Defaults[name]; len(sectionsWith(name)) == 0 {
			warnings = append(warnings, fmt.Sprintf("%s:%d: [DEFAULT] %s has no effect: no section knows it",
				v.From.Path, v.Line, name))
		}
	}
	return warnings
}

// effective returns the keys that have an effect in a section; nil: all, because other keys are passed to a plug-in.
func (r *reader) effective(s *ini.Section, in Sections) map[string]bool {
	_, program := s.Values["command"]
	switch {
	case in == InCtlPlugin, in == InInterface && (program || !r.isPlugin(s)):
		return nil
	case in == InInterface: // it has url=, and so no processes
		keys := map[string]bool{pluginPriority.key().Name: true}
		for _, r := range slices.Concat(untyped(pluginKeys), untyped(pluginPoolKeys)) {
			keys[r.key().Name] = true
		}
		return keys
	}
	return keysOf(in)
}

// byLine returns the keys in the order of the files and lines.
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

// sectionsWith returns the names of the kinds of sections that have the key.
func sectionsWith(key string) (kinds []string) {
	for _, k := range sectionKinds {
		if keysOf(k.in)[key] && k.in != InDefault { // it belongs in one for whose defaults that is
			kinds = append(kinds, "["+strings.ReplaceAll(k.name, ":", ":x")+"]")
		}
	}
	slices.Sort(kinds)
	return kinds
}

// instead returns a hint for a key without effect: the sections that have it, or a key with a similar name.
func instead(in Sections, key string) string {
	if kinds := sectionsWith(key); len(kinds) > 0 {
		return ": it belongs in " + strings.Join(kinds, ", ")
	}
	return meant(nearest(key, slices.Sorted(maps.Keys(keysOf(in)))))
}

// sectionNames returns the names of all kinds of sections, with the part of name after its colon.
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
	return names
}

// meant returns a hint that name may be meant.
func meant(name string) string {
	if name == "" {
		return ""
	}
	return ", perhaps " + name + " is meant"
}
