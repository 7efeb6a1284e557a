package config

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Key is what is known about a key whatever the type of its values: a row of the tables of keys. Reading, comparing, --check,
// the sample, the reference in docs/configuration.md and getAllConfigInfo are loops over these tables.
//
// Where several keys of a section are invalid, the original reports one of them: so the order of a table is the order in
// which the original reads its keys. Keys of our own come last.
type Key struct {
	Name     string
	Sections Sections // where it has a meaning
	Topic    string   // its heading in the reference; empty: none
	Scope    Scope    // the names that its value may expand
	Update   Update   // what a change of it means to the update command
	Member   string   // its name in getAllConfigInfo; empty: clients do not see it
	Since    string   // the release of Supervisor that introduced it, or Ours; empty: before 3.0
	Default  string   // as the reference shows it; empty: the value itself
	Required bool
	Help     string // one line for the reference and the sample
	Other    string // a valid value that is not the default
	Label    string // what messages about expansions call it; empty: section.key
	Wrong    string // how the message about an invalid value begins, which the value follows; empty: the type's own message
}

// none is a Default.
const none = "none"

// Ours is the Since of keys that the original does not have.
const Ours = "ours"

// Sections is a set of kinds of sections.
type Sections uint16

// The kinds of sections.
const (
	InUnixServer Sections = 1 << iota
	InInetServer
	InSupervisord
	InCtl
	InInclude
	InProgram
	InGroup
	InListener
	InFastCGI
	InInterface
	InCtlPlugin
)

// InPrograms are the sections that describe a program. [rpcinterface:x] is one if it has command=.
const InPrograms = InProgram | InListener | InFastCGI | InInterface

// sectionKinds are the names of the kinds of sections, in the order of the reference. A name that ends with a colon is
// followed by the name of the program, group or plug-in.
var sectionKinds = []struct {
	in   Sections
	name string
}{
	{InUnixServer, "unix_http_server"}, {InInetServer, "inet_http_server"}, {InSupervisord, "supervisord"},
	{InCtl, "supervisorctl"}, {InInclude, "include"}, {InProgram, "program:"}, {InGroup, "group:"},
	{InListener, "eventlistener:"}, {InFastCGI, "fcgi-program:"}, {InInterface, pluginPrefix}, {InCtlPlugin, ctlPlugin},
}

// kindOf is the kind of the section with this name, 0 if it is none.
func kindOf(section string) Sections {
	for _, k := range sectionKinds {
		// Each section whose name begins with that of a server's is a server.
		if section == k.name || k.in&(InUnixServer|InInetServer) != 0 && strings.HasPrefix(section, k.name) ||
			strings.HasSuffix(k.name, ":") && strings.HasPrefix(section, k.name) {
			return k.in
		}
	}
	return 0
}

// Scope is a set of names that a value may expand. The variables of the environment are always among them.
type Scope uint8

const (
	ofFile    Scope = 1 << iota // here
	ofHost                      // host_node_name
	ofProgram                   // program_name
	ofGroup                     // group_name
	ofProcess                   // process_num, numprocs

	inProgram = ofFile | ofHost | ofProgram | ofGroup
	inProcess = inProgram | ofProcess // a key of this scope is read for each process
)

// Update is what the update command does about a changed value.
type Update int

const (
	restarts Update = 1 + iota // it replaces the group: reread reports the group as changed
	nothing                    // the value counts when supervisord is restarted or reloaded, or supervisorctl is started
)

// row is a key of sections that are read into an S.
type row[S any] interface {
	key() *Key
	kind() string // what the reference calls the type of its values
	absentText() string
	read(k *sectionReader, to *S)
	same(a, b *S) bool
	share(to, from *S)
	encode(m Members, s *S)
}

// keyOf is a key whose values are of type T, in sections that are read into an S.
type keyOf[S, T any] struct {
	Key
	Type       *Type[T]
	Absent     T                                 // the value where the section does not have the key
	AbsentFrom func(s *S) T                      // the same, where it depends on other keys
	Field      func(s *S) *T                     // where the value is kept; nil: not in an S
	Store      func(k *sectionReader, s *S, v T) // takes the value if there is no Field
	Custom     func(k *sectionReader, s *S)      // reads the key in place of Type
	Then       func(k *sectionReader, s *S)      // checks the value, also together with those read before
}

func (r *keyOf[S, T]) key() *Key    { return &r.Key }
func (r *keyOf[S, T]) kind() string { return r.Type.name }

// absentText is the default as the reference shows it.
func (r *keyOf[S, T]) absentText() string {
	switch {
	case r.Required:
		return "required"
	case r.Default != "":
		return r.Default
	}
	return "`" + r.Type.show(r.Absent) + "`"
}

func (r *keyOf[S, T]) read(k *sectionReader, to *S) {
	absent := r.Absent
	if r.AbsentFrom != nil {
		absent = r.AbsentFrom(to)
	}
	switch {
	case r.Custom != nil:
		r.Custom(k, to)
	case r.Field != nil:
		*r.Field(to) = r.value(k, absent)
	default:
		r.Store(k, to, r.value(k, absent))
	}
	if r.Then != nil && k.err == nil {
		r.Then(k, to)
	}
}

// value is the value of a key, or absent if the section does not have it or it is invalid.
func (r *keyOf[S, T]) value(k *sectionReader, absent T) T {
	text, v, ok := k.text(&r.Key)
	if !ok {
		return absent
	}
	parsed, err := r.Type.read(k.r.host, text)
	switch {
	case err == nil:
		return parsed
	case r.Wrong != "":
		err = errors.New(r.Wrong + text)
	case r.Type.words:
		err = errors.New("invalid '" + r.Name + "' value " + pyrepr.Quote(text))
	}
	k.fail(r.Name, v, err)
	return absent
}

// same reports whether a and b have the same value.
func (r *keyOf[S, T]) same(a, b *S) bool {
	return r.Field == nil || r.Type.same(*r.Field(a), *r.Field(b))
}

// share makes to use the memory of from's value where they are equal.
func (r *keyOf[S, T]) share(to, from *S) {
	if r.Field != nil && r.Type.share != nil {
		r.Type.share(r.Field(to), r.Field(from))
	}
}

// Members takes the values of keys, such as the members of a struct of getAllConfigInfo.
type Members interface {
	Member(k *Key) bool // the value of k follows; false: it is not wanted
	Int(int)
	Bool(bool)
	String(string)
	Ints([]int)
	None() // there is no value, such as no directory
}

// encode passes the value to m. Clients see a key of our own only where it is set, and as a string.
func (r *keyOf[S, T]) encode(m Members, s *S) {
	if r.Field == nil {
		return
	}
	v := *r.Field(s)
	if r.Since == Ours && r.Type.same(v, r.Absent) || !m.Member(&r.Key) {
		return
	}
	if r.Since == Ours {
		m.String(r.Type.show(v))
		return
	}
	r.Type.send(m, v)
}

// table gives the columns that rows leave empty the values of all.
func table[S any](all Key, rows ...row[S]) []row[S] {
	for _, r := range rows {
		k := r.key()
		if k.Sections == 0 {
			k.Sections = all.Sections
		}
		if k.Topic == "" {
			k.Topic = all.Topic
		}
		if k.Scope == 0 {
			k.Scope = all.Scope
		}
		if k.Update == 0 {
			k.Update = all.Update
		}
		if k.Since == "" {
			k.Since = all.Since
		}
	}
	return rows
}

// readAll reads the keys of a section in the order of their table, up to the first error.
func readAll[S any](k *sectionReader, rows []row[S], to *S) {
	for _, r := range rows {
		if k.err != nil {
			return
		}
		r.read(k, to)
	}
}

// differ reports whether a and b differ in a key for which update restarts the group.
func differ[S any](rows []row[S], a, b *S) bool {
	return slices.ContainsFunc(rows, func(r row[S]) bool { return r.key().Update == restarts && !r.same(a, b) })
}

// Encode passes the values of the keys of a process to m, in the order of their table.
func (p *Process) Encode(m Members) {
	for _, r := range processKeys {
		r.encode(m, p)
	}
}

// Encode passes the values of the keys of [supervisord] to m, in the order of their table.
func (s *Supervisord) Encode(m Members) {
	all := settings{Supervisord: *s}
	for _, r := range daemonKeys {
		r.encode(m, &all)
	}
}

// described is a row without its type.
type described interface {
	key() *Key
	kind() string
	absentText() string
}

// allKeys are the rows of all tables.
func allKeys() (all []described) {
	all = slices.Concat(untyped(unixServerKeys), untyped(inetServerKeys), untyped(daemonKeys), untyped(ctlKeys),
		untyped(includeKeys), untyped(processKeys), untyped(groupKeys), untyped(listenerKeys), untyped(socketKeys),
		untyped(interfaceKeys), untyped(pluginKeys), untyped(pluginPoolKeys), untyped(ctlPluginKeys))
	return append(all, handlerKey, listenerPriority, pluginPriority)
}

func untyped[S any](rows []row[S]) (list []described) {
	for _, r := range rows {
		list = append(list, r)
	}
	return list
}

// keysOf are the names of the keys that have a meaning in sections of a kind.
func keysOf(in Sections) map[string]bool { return namesByKind()[in] }

var namesByKind = sync.OnceValue(func() map[Sections]map[string]bool {
	all := map[Sections]map[string]bool{}
	for _, k := range sectionKinds {
		all[k.in] = map[string]bool{}
		for _, r := range allKeys() {
			if key := r.key(); key.Sections&k.in != 0 {
				all[k.in][key.Name] = true
			}
		}
	}
	return all
})
