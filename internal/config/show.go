package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/ini"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Hidden is the text in place of a secret.
const Hidden = "(hidden)"

// LoadShown is Load that also returns the configuration as the sections of a file that Load reads to the same values, except for secrets,
// which are hidden: passwords, the values of environment=, user names and passwords in URLs, and the keys that are passed to plug-ins.
// Variables of the environment whose names look like that of a secret are not expanded.
func LoadShown(o Options, environ []string) (*Config, []api.ConfigSection, error) {
	r, err := newReader(o, environ, thisHost)
	if err != nil {
		return nil, nil, err
	}
	c, err := r.read(o)
	if err != nil {
		return nil, nil, err
	}
	return c, r.show(c, false, false), nil
}

// Show returns what LoadShown returns, of a configuration without errors. With defaults, sections have the keys that no file sets, too,
// with their defaults as the reference has them.
func (r *Report) Show(defaults bool) []api.ConfigSection {
	return r.reader.show(r.Config, false, defaults)
}

// show returns the sections that have a meaning. With secrets, they are not hidden.
func (r *reader) show(c *Config, secrets, defaults bool) (list []api.ConfigSection) {
	for _, s := range r.doc.Sections {
		in := kindOf(s.Name)
		if in&(InInclude|InDefault|InVariables) != 0 || in == 0 {
			continue
		}
		w := &shower{r: r, s: s, in: in, keys: r.keysIn(s, in), secrets: secrets}
		w.cases(c)
		shown := api.ConfigSection{Name: s.Name, From: fmt.Sprintf("%s:%d", s.First.Path, s.Line)}
		for _, name := range r.namesIn(s) {
			key := w.keys[name]
			if key == nil {
				continue
			}
			v, _ := r.doc.Find(s, name)
			shown.Keys = append(shown.Keys, w.show(key, v))
		}
		if in == InSupervisord {
			for _, o := range r.overridden {
				shown.Keys = slices.DeleteFunc(shown.Keys, func(k api.ConfigKey) bool { return k.Name == o.Name })
				shown.Keys = append(shown.Keys, o)
			}
		}
		if defaults {
			shown.Keys = append(shown.Keys, w.defaults(shown.Keys)...)
		}
		list = append(list, shown)
	}
	return list
}

// namesIn returns the keys that count in a section: its own in the order of the file, then those of [DEFAULT]. A built-in plug-in refuses
// keys that it does not have, unless they are in [DEFAULT], so the defaults of other sections are left out there.
func (r *reader) namesIn(s *ini.Section) []string {
	names := byLine(s.Values)
	factory := kindOf(s.Name)&(InInterface|InCtlPlugin) != 0 && !r.isPlugin(s)
	for _, name := range byLine(r.doc.Defaults) {
		if _, own := s.Values[name]; !own && !(factory && len(sectionsWith(name)) > 0) {
			names = append(names, name)
		}
	}
	return names
}

// keysIn returns the keys that have an effect in a section. Of a key that is read in several ways, it has the smallest scope.
func (r *reader) keysIn(s *ini.Section, in Sections) map[string]*Key {
	known := r.effective(s, in)
	keys := map[string]*Key{}
	for _, row := range allKeys() {
		k := row.key()
		if k.Sections&in == 0 || known != nil && !known[k.Name] {
			continue
		}
		if before := keys[k.Name]; before != nil {
			same := *before
			same.Scope &= k.Scope
			k = &same
		}
		keys[k.Name] = k
	}
	if known == nil { // the others are passed to a plug-in
		scope := Scope(0)
		if in == InInterface && r.isPlugin(s) {
			scope = ofFile
		}
		for _, name := range r.namesIn(s) {
			if keys[name] == nil {
				keys[name] = &Key{Name: name, Scope: scope, Secret: true}
			}
		}
	}
	return keys
}

// shower writes the values of a section.
type shower struct {
	r       *reader
	s       *ini.Section
	in      Sections
	keys    map[string]*Key
	secrets bool
	all     []*sectionReader // one for each process of the section, in each group that it is in; others have one
	varying map[string]bool  // names that do not have the same value for all of them
}

// cases finds the names that differ between the processes of the section.
func (w *shower) cases(c *Config) {
	_, name, _ := strings.Cut(w.s.Name, ":")
	name = pyrepr.TrimSpace(name)
	groups := []string{name}
	if w.in&(InProgram|InFastCGI) != 0 {
		groups = nil
		for _, g := range c.Groups {
			if slices.ContainsFunc(g.Processes, func(p *Process) bool { return p.Section == w.s.Name }) {
				groups = append(groups, g.Name)
			}
		}
	}
	count, first := 1, 0
	if w.in&InPrograms != 0 {
		count, first = w.number("numprocs", 1), w.number("numprocs_start", 0)
	}
	w.varying = map[string]bool{"process_num": count > 1, "process_name": count > 1, "group_name": len(groups) > 1}
	for _, group := range groups {
		for i := range max(count, 1) {
			k := &sectionReader{r: w.r, s: w.s, separate: true, program: name, group: group, number: first + i, numprocs: count}
			w.all = append(w.all, k)
		}
	}
	if len(w.all) == 0 { // a program that another section of its name replaces
		w.all = []*sectionReader{{r: w.r, s: w.s, separate: true, program: name, group: name, numprocs: count}}
	}
	w.environments()
}

// environments finds the variables that each process sets, which other keys can expand.
func (w *shower) environments() {
	key := w.keys["environment"]
	if _, ok := w.r.doc.Find(w.s, "environment"); key == nil || !ok || w.in&InPrograms == 0 {
		return
	}
	for i, k := range w.all {
		if text, err := k.expandParts(key, w.r.valuesOf(w.s, "environment")); err == nil {
			k.own, _ = parseEnvironment(text)
		}
		for name, value := range k.own {
			if w.all[0].own[name] != value || i > 0 && len(k.own) != len(w.all[0].own) {
				w.varying["ENV_"+name] = true
			}
		}
	}
}

// number returns the value of a key that is a number and has no process_num in it.
func (w *shower) number(name string, absent int) int {
	v, ok := w.r.doc.Find(w.s, name)
	if !ok {
		return absent
	}
	_, program, _ := strings.Cut(w.s.Name, ":")
	k := &sectionReader{r: w.r, s: w.s, separate: true, program: pyrepr.TrimSpace(program)}
	text, err := k.expand(w.keys[name], v)
	n, wrong := parseInteger(text)
	if err != nil || wrong != nil {
		return absent
	}
	return n
}

// show returns a key as a file would have it without other files, defaults and expressions, except for those that differ between the
// processes of a section. Where that is impossible, the value is as it was written.
func (w *shower) show(key *Key, v ini.Value) api.ConfigKey {
	shown := api.ConfigKey{Name: key.Name, From: fmt.Sprintf("%s:%d", v.From.Path, v.Line)}
	parts := []ini.Value{v}
	if merged[key.Name] {
		parts = w.r.valuesOf(w.s, key.Name)
	}
	if v.Section != "" {
		shown.From += ", default of [" + v.Section + "]"
	} else if len(parts) > 1 {
		shown.From += ", and default of [" + parts[0].Section + "]"
	}
	values := w.values(key, parts)
	if !w.secrets {
		if text, hidden := hideValue(key, w.kindOf(key), values[0]); hidden {
			shown.Text = text
			return shown
		}
	}
	text := encodeValue(w.literal(key, parts, values), key.Scope&ofFile != 0)
	if written := (ini.Value{Text: decodeValue(text), From: v.From}); !slices.Equal(w.values(key, []ini.Value{written}), values) {
		text = v.Text
		shown.From += ", as written"
	}
	shown.Text = text
	return shown
}

// literal returns a text that expands to the values.
func (w *shower) literal(key *Key, parts []ini.Value, values []string) string {
	v := parts[len(parts)-1]
	secret := !w.secrets && slices.ContainsFunc(environmentName().FindAllStringSubmatch(v.Text, -1),
		func(found []string) bool { return w.isSecret(found[1]) })
	same := !slices.ContainsFunc(values, func(text string) bool { return text != values[0] })
	if same && !secret && (key.Name != "process_name" || len(w.all) == 1) {
		text := strings.ReplaceAll(values[0], "%", "%%")
		if isLog(key) {
			text = strings.ReplaceAll(text, "%", "%%")
		}
		return text
	}
	k := *w.all[0]
	k.keep = func(name string) bool {
		variable, ok := strings.CutPrefix(name, "ENV_")
		return w.varying[baseName().FindString(name)] || ok && !w.secrets && w.isSecret(variable)
	}
	text, err := k.expandParts(key, parts)
	if err != nil {
		return v.Text
	}
	return text
}

// baseName is a name without a default or an operand.
var baseName = pattern(`^\w+`)

// expandParts expands the values of a key that are merged, to one text with the same meaning.
func (k *sectionReader) expandParts(key *Key, parts []ini.Value) (string, error) {
	var texts []string
	for _, v := range parts {
		text, err := k.expandShown(key, v)
		if err != nil {
			return "", err
		}
		if key.Name == "envfiles" {
			files, err := envFiles(text, v.From)
			if err != nil {
				return "", err
			}
			text = envFilesText(files)
		}
		if text != "" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, ","), nil
}

// secretName matches the names of variables that are probably secrets.
var secretName = pattern(`(?i)pass|secret|token|key|cred`)

func (w *shower) isSecret(variable string) bool {
	return secretName().MatchString(variable) || slices.Contains(w.r.withheld, variable)
}

// values returns the value of a key for each process.
func (w *shower) values(key *Key, parts []ini.Value) (values []string) {
	for _, k := range w.all {
		text, err := k.expandParts(key, parts)
		if err == nil && isLog(key) {
			text, err = k.expandAs(key.Name, key.Scope, ini.Value{Text: text, From: parts[0].From})
		}
		if err != nil {
			text = "\x00" + err.Error() // no value
		}
		values = append(values, text)
	}
	return values
}

// isLog reports whether the values of a key are expanded twice, and can have the name of the process.
func isLog(key *Key) bool { return key.Name == "stdout_logfile" || key.Name == "stderr_logfile" }

// expandShown expands a value in the way in which the key is read. Of the keys of programs, those that are read for each process can
// expand the variables that it sets.
func (k *sectionReader) expandShown(key *Key, v ini.Value) (string, error) {
	one := *k
	if key.Scope&ofProcess == 0 || key.Name == "environment" {
		one.own = nil
	}
	if isLog(key) && strings.Contains(v.Text, "%(process_name)") {
		one.processName = "%(process_name)s"
		if k.keep == nil {
			name, _ := k.r.doc.Find(k.s, "process_name")
			if name.Text == "" {
				name = ini.Value{Text: "%(program_name)s", From: k.s.First}
			}
			one.processName, _ = one.expandAs("process_name", inProcess, name)
		}
	}
	return one.expand(key, v)
}

// urlUser matches the user name and password of a URL.
var urlUser = pattern(`//[^/@]*@`)

// hideValue returns what is shown of a secret, and whether the value is one. Commands are not: clients see them. Kind is the type of the
// values of the key.
func hideValue(key *Key, kind, value string) (text string, secret bool) {
	if !key.Secret {
		return "", false
	}
	switch kind {
	case commandType.name, helperType.name, actionType.name, successActionType.name:
		return "", false
	case ctlURLType.name, checkType.name:
		text = urlUser().ReplaceAllString(value, "//"+Hidden+"@")
		return text, text != value
	case environmentType.name:
		return hideVariables(value), true
	}
	return Hidden, true
}

// hideVariables returns the variables of an environment without their values.
func hideVariables(text string) string {
	variables, err := parseEnvironment(text)
	if err != nil {
		return ""
	}
	return hiddenVariables(slices.Sorted(maps.Keys(variables)))
}

func hiddenVariables(names []string) string {
	var pairs []string
	for _, name := range names {
		pairs = append(pairs, strings.ReplaceAll(name, "%", "%%")+`="`+Hidden+`"`)
	}
	return strings.Join(pairs, ",")
}

// kindOf returns the type of the values of a key.
func (w *shower) kindOf(key *Key) string {
	for _, row := range allKeys() {
		if k := row.key(); k.Name == key.Name && k.Sections&w.in != 0 {
			return row.kind()
		}
	}
	return ""
}

// defaults returns the keys of the section that are not set.
func (w *shower) defaults(set []api.ConfigKey) (list []api.ConfigKey) {
	has := func(keys []api.ConfigKey, name string) bool {
		return slices.ContainsFunc(keys, func(k api.ConfigKey) bool { return k.Name == name })
	}
	for _, row := range allKeys() {
		name := row.key().Name
		if key := w.keys[name]; key != nil && row.key().Sections&w.in != 0 && !has(set, name) && !has(list, name) {
			list = append(list, api.ConfigKey{Name: name, Text: strings.ReplaceAll(row.absentText(), "`", "")})
		}
	}
	return list
}
