package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Sections returns the names of the sections that a group was made from.
func (g *Group) Sections() (names []string) {
	switch g.Kind {
	case NamedGroup:
		names = []string{"group:" + g.Name}
	case PluginGroup:
		names = []string{pluginPrefix + g.Name}
	}
	for _, p := range g.Processes {
		if !slices.Contains(names, p.Section) {
			names = append(names, p.Section)
		}
	}
	return names
}

// IsOfGroup reports whether sections of that name describe processes or groups of them.
func IsOfGroup(section string) bool {
	return kindOf(section)&(InProgram|InFastCGI|InListener|InGroup) != 0
}

// Files is what the files have, beside what runs. Its methods may be called from any goroutine.
type Files struct {
	Config   *Config
	Sections []api.ConfigSection // as LoadShown returns them
	Common   map[string]string   // environment= of [supervisord] that runs
}

// Where the values of a group that runs come from.
const (
	fileDiffers  = "runs; the files have other values since it was added"
	keyDiffers   = "runs; another value is in "
	keyNotInFile = "runs; the files do not set it"
	escaped      = "; escaped, because no file can have it"
)

// Running returns a section with the values of a group that runs: as the files have them where they are the same, else as a file would
// have them. Where the processes of the section differ it has the value of the first. Keys that neither of both sets are left out.
func (f *Files) Running(g *Group, section string) *api.ConfigSection {
	w := &runningSection{files: f, in: kindOf(section), set: map[string]api.ConfigKey{}, seen: map[string]bool{}}
	for i := range f.Sections {
		if f.Sections[i].Name == section {
			for _, k := range f.Sections[i].Keys {
				w.set[k.Name] = k
				w.order = append(w.order, k.Name)
			}
		}
	}
	read := &Group{}
	if i := slices.IndexFunc(f.Config.Groups, func(r *Group) bool { return r.Name == g.Name }); i >= 0 {
		read = f.Config.Groups[i]
	}
	if w.in == InGroup {
		runningKeys(w, groupKeys, one(named(g)), one(named(read)))
	} else {
		w.processes(g, read, section)
		w.group(g, read)
	}
	slices.SortStableFunc(w.keys, func(a, b api.ConfigKey) int { return cmp.Compare(w.place(a.Name), w.place(b.Name)) })
	return &api.ConfigSection{Name: section, From: fileDiffers, Keys: w.keys}
}

// runningSection collects the keys of a section of a group that runs.
type runningSection struct {
	files *Files
	in    Sections
	set   map[string]api.ConfigKey // what the files set
	order []string                 // the names of the same, in order
	exact bool                     // the files have processes of the same names
	seen  map[string]bool
	keys  []api.ConfigKey
}

// place is the place of a key in the order of the files, in which others come last.
func (w *runningSection) place(name string) int {
	if i := slices.Index(w.order, name); i >= 0 {
		return i
	}
	return len(w.order)
}

// processes adds the keys of the processes of a section.
func (w *runningSection) processes(g, read *Group, section string) {
	run, now := processesOf(g, section), processesOf(read, section)
	if len(run) == 0 {
		return
	}
	w.exact = len(run) == len(now)
	var pairs []*Process // what the files have for each process; of a process that they do not have, for another one
	for _, p := range run {
		i := slices.IndexFunc(now, func(q *Process) bool { return q.ProcessName == p.ProcessName })
		w.exact = w.exact && i >= 0
		if len(now) > 0 {
			pairs = append(pairs, now[max(i, 0)])
		}
	}
	if text := strconv.Itoa(len(run)); w.exact {
		w.keep("numprocs", "numprocs_start")
	} else if len(run) > 1 || w.set["numprocs"].Name != "" {
		w.add("numprocs", text, w.from("numprocs"))
	}
	w.seen["numprocs"], w.seen["numprocs_start"] = true, true
	runningKeys(w, processKeys, run, pairs)
	sockets := func(list []*Process) (sockets []*Socket) {
		for _, p := range list {
			sockets = append(sockets, p.Socket)
		}
		return sockets
	}
	w.socket(sockets(run[:1]), sockets(pairs[:min(1, len(pairs))]))
}

// processesOf returns the processes of a section but a result handler, which has a key of its own.
func processesOf(g *Group, section string) (list []*Process) {
	for _, p := range g.Processes {
		if p.Section == section && !p.HandlesResults {
			list = append(list, p)
		}
	}
	return list
}

// socket adds the keys of the socket of a FastCGI program.
func (w *runningSection) socket(run, now []*Socket) {
	socket := run[0]
	if socket == nil {
		return
	}
	if len(now) > 0 && now[0] == nil {
		now = nil
	}
	switch same := len(now) > 0 && socket.equal(now[0]); {
	case same:
		w.keep("socket_owner", "socket_mode")
	case socket.Unix && socket.UID >= 0:
		w.add("socket_owner", fmt.Sprintf("%d:%d", socket.UID, socket.GID), w.from("socket_owner"))
	}
	w.seen["socket_owner"], w.seen["socket_mode"] = true, w.seen["socket_mode"] || !socket.Unix
	runningKeys(w, socketKeys, run, now)
}

// group adds the keys that a section has for its group.
func (w *runningSection) group(g, read *Group) {
	handlers := func(g *Group) []*Process {
		i := slices.IndexFunc(g.Processes, func(p *Process) bool { return p.HandlesResults })
		if i < 0 {
			return nil
		}
		return g.Processes[i : i+1]
	}
	switch {
	case w.in == InListener:
		runningKeys(w, listenerKeys, one(g.Pool), one(read.Pool))
		runningKeys(w, []row[Process]{handlerKey}, handlers(g), handlers(read))
		runningKeys(w, []row[Group]{listenerPriority}, one(g), one(read))
	case w.in == InInterface:
		runningKeys(w, pluginKeys, one(g.Plugin), one(read.Plugin))
		runningKeys(w, pluginPoolKeys, one(g.Pool), one(read.Pool))
		runningKeys(w, []row[Group]{pluginPriority}, one(g), one(read))
		w.options(g, read)
	}
}

// options adds the keys that are passed to a plug-in, which are in its environment.
func (w *runningSection) options(g, read *Group) {
	same := slices.EqualFunc(g.Processes, read.Processes, func(p, q *Process) bool { return maps.Equal(p.Run.Environment, q.Run.Environment) })
	for _, name := range w.order {
		if same && !w.seen[name] {
			w.keep(name)
		}
	}
}

// one returns a list of p, none if it is nil.
func one[T any](p *T) []*T {
	if p == nil {
		return nil
	}
	return []*T{p}
}

// named returns a group as its section has it.
func named(g *Group) *namedGroup {
	n := &namedGroup{Group: *g}
	for _, p := range g.Processes {
		if !slices.Contains(n.programs, p.Program.Name) {
			n.programs = append(n.programs, p.Program.Name)
		}
	}
	if g.Extra != nil {
		n.extra = *g.Extra
	}
	return n
}

// runningKeys adds the keys of a table. Now has what the files have for each value that runs, or is shorter.
func runningKeys[S any](w *runningSection, rows []row[S], run, now []*S) {
	if len(run) == 0 {
		return
	}
	for _, r := range rows {
		key := r.key()
		if key.Sections&w.in == 0 || w.seen[key.Name] {
			continue
		}
		w.seen[key.Name] = true
		same, vary := len(run) == len(now), false
		for i, v := range run {
			same = same && r.same(v, now[i])
			vary = vary || !r.same(v, run[0])
		}
		written, inFiles := w.set[key.Name]
		if same && (!inFiles || w.exact || !strings.Contains(written.Text, "%(")) && !w.otherSequence(key, written, run[0], now[0]) {
			w.keep(key.Name)
			continue
		}
		text, set := r.current(run[0])
		if text, set = w.text(key, r.kind(), run[0], text, set); !set {
			if text = defaultText(r.absentText()); !inFiles || text == "" {
				continue
			}
		}
		from := w.from(key.Name)
		if vary {
			from += fmt.Sprintf("; of the first of %d processes", len(run))
		}
		w.add(key.Name, text, from)
	}
}

// defaultText returns the value that the reference has for a default, empty if it has words.
func defaultText(reference string) string {
	text, begins := strings.CutPrefix(reference, "`")
	text, ends := strings.CutSuffix(text, "`")
	if !begins || !ends || strings.Contains(text, "`") {
		return ""
	}
	return text
}

// otherSequence reports whether stopsignal has a list in the files, and another one runs.
func (w *runningSection) otherSequence(key *Key, written api.ConfigKey, run, now any) bool {
	p, ok := run.(*Process)
	return ok && key.Name == "stopsignal" && isSequence(written.Text) && !sequenceType.same(p.sequence(), now.(*Process).sequence())
}

// text returns the text of a value for a file. Secrets are hidden.
func (w *runningSection) text(key *Key, kind string, of any, text string, set bool) (string, bool) {
	p, _ := of.(*Process)
	switch {
	case !set:
		return "", false
	case p != nil && key.Name == "environment":
		names := p.ownVariables(w.files.Common)
		return hiddenVariables(names), len(names) > 0
	case p != nil && key.Name == "process_name" && text == p.Program.Name:
		return "", false // the default
	}
	if hidden, secret := hideValue(key, kind, text); secret {
		return hidden, true
	}
	text = percent(key, text)
	for _, v := range w.files.Config.secretVariables() {
		text = strings.ReplaceAll(text, percent(key, v.Text), "%(ENV_"+v.Key+")s")
	}
	return encodeValue(text, key.Scope&ofFile != 0), true
}

// percent doubles the percent signs of a value, as often as it is expanded.
func percent(key *Key, text string) string {
	text = strings.ReplaceAll(text, "%", "%%")
	if isLog(key) {
		text = strings.ReplaceAll(text, "%", "%%")
	}
	return text
}

// ownVariables returns the names of the variables that a program sets itself, sorted.
func (p *Process) ownVariables(common map[string]string) (names []string) {
	own := p.Run.Environment
	if p.Extra != nil && p.Extra.own != nil {
		own, common = p.Extra.own, nil
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if v, ok := common[name]; !ok || v != own[name] {
			names = append(names, name)
		}
	}
	return names
}

// secretVariables returns the variables of the environment whose values are not shown, the longest values first. Short values are
// no secrets, but parts of many words.
func (c *Config) secretVariables() (list []Option) {
	if c.reader == nil {
		return nil
	}
	for name, text := range c.reader.env {
		if len(text) >= 4 && (secretName().MatchString(name) || slices.Contains(c.Withheld, name)) {
			list = append(list, Option{name, text})
		}
	}
	slices.SortFunc(list, func(a, b Option) int {
		return cmp.Or(cmp.Compare(len(b.Text), len(a.Text)), cmp.Compare(a.Key, b.Key))
	})
	return list
}

// keep adds keys as the files have them, if they do.
func (w *runningSection) keep(names ...string) {
	for _, name := range names {
		if k, ok := w.set[name]; ok {
			w.keys = append(w.keys, k)
		}
		w.seen[name] = true
	}
}

// add adds a key. A value that no file can have, because a variable of the environment brought it, is escaped.
func (w *runningSection) add(name, text, from string) {
	if !utf8.ValidString(text) || decodeValue(text) != text {
		text = pyrepr.Escape(strings.ToValidUTF8(text, "\ufffd"), unicode.IsControl)
		from += escaped
	}
	w.keys = append(w.keys, api.ConfigKey{Name: name, Text: text, From: from})
}

// from is where the value of a key comes from that differs from that of the files.
func (w *runningSection) from(name string) string {
	if k, ok := w.set[name]; ok {
		return keyDiffers + k.From
	}
	return keyNotInFile
}

// ChangedSettings returns the keys of [supervisord] in which two readings differ.
func ChangedSettings(a, b *Supervisord) (names []string) {
	for _, row := range daemonKeys {
		if !row.same(&settings{Supervisord: *a}, &settings{Supervisord: *b}) {
			names = append(names, row.key().Name)
		}
	}
	return names
}
