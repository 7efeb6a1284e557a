package config

import (
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Key has the columns of a row of the tables of keys that do not depend on the type of the values. Reading, comparing, --check,
// the sample, the reference in docs/configuration.md and getAllConfigInfo are loops over these tables.
//
// The order of a table is the order in which the original reads the keys, because the first invalid one is reported. Keys that
// the original does not have come last.
type Key struct {
	Name     string
	Sections Sections // the sections that have it
	Topic    string   // its heading in the reference; empty: none
	Scope    Scope    // the names that its value may expand
	Update   Update   // what update --minimal does about a changed value
	Member   string   // its name in getAllConfigInfo; empty: clients do not see it
	Since    string   // the release of Supervisor that introduced it, or Ours; empty: before 3.0
	Default  string   // as the reference shows it; empty: the value itself
	Required bool
	Secret   bool   // the value may be or contain a password: no message shows it
	Help     string // one line for the reference and the sample
	Other    string // a valid value other than the default
	Label    string // its name in messages about expansions; empty: section.key
	Raw      bool   // the value is not expanded: what it expands has names of its own
	Percents bool   // the value may end with a % that begins no expression
	Wrong    string // the message about an invalid value, which the value follows; empty: the message of the type
}

// Ours is the Since of keys that the original does not have.
const Ours = "ours"

// none is the Default of keys without a default.
const none = "none"

// Sections is a set of kinds of sections.
type Sections uint32

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
	InDefault
	InVariables
	InSocket
	InUser
	InNotify
)

// InPrograms are the sections that configure processes. [rpcinterface:x] does if it has command=. InPrograms and InDefault are those of
// a key of a program that may have a default in [program-default].
const InPrograms = InProgram | InListener | InFastCGI | InInterface

// sectionKinds are the names of the kinds of sections. A name that ends with a colon is followed by the name of the program,
// group or plug-in.
var sectionKinds = []struct {
	in   Sections
	name string
}{
	{InUnixServer, "unix_http_server"}, {InInetServer, "inet_http_server"}, {InSupervisord, "supervisord"},
	{InCtl, "supervisorctl"}, {InInclude, "include"}, {InProgram, "program:"}, {InGroup, "group:"},
	{InListener, "eventlistener:"}, {InFastCGI, "fcgi-program:"}, {InInterface, pluginPrefix}, {InCtlPlugin, ctlPlugin},
	{InDefault, defaultSection}, {InVariables, variablesSection}, {InSocket, socketPrefix},
	{InUser, userPrefix}, {InNotify, notifyPrefix},
}

// kindOf returns the kind of a section by its name, 0 if the name is unknown.
func kindOf(section string) Sections {
	for _, k := range sectionKinds {
		// Any section whose name begins with the name of a server section is a server.
		if section == k.name || k.in&(InUnixServer|InInetServer) != 0 && strings.HasPrefix(section, k.name) ||
			strings.HasSuffix(k.name, ":") && strings.HasPrefix(section, k.name) {
			return k.in
		}
	}
	return 0
}

// Scope is the set of names, besides the variables of the environment, that a value may expand.
type Scope uint8

const (
	ofFile    Scope = 1 << iota // here
	ofHost                      // host_node_name
	ofProgram                   // program_name
	ofGroup                     // group_name
	ofProcess                   // process_num, numprocs

	inProgram = ofFile | ofHost | ofProgram | ofGroup
	inProcess = inProgram | ofProcess // of keys that are read for each process
)

// Update is what update --minimal does about a changed value. Of all but nothing, reread reports the group as changed, and a plain
// update restarts the group. A new key says in its row, or its table in the columns of all its rows, which one it is.
type Update int

const (
	// restarts is for what a child gets at its start and keeps, such as its command: it is restarted, or keeps the old value until its
	// next start. Process.Config has the old value until then.
	restarts Update = 1 + iota
	// inPlace is for what supervisord itself uses while the child runs: the new value counts at once. Process.Config has it from then on;
	// what was made of the old value, such as a deadline or a rule, is made again in process.Reconfigure.
	inPlace
	// members is for what says which processes there are.
	members
	// replaces is for what all processes of a group share, such as a socket: the group is removed and added.
	replaces
	// atReread is for what counts from the next reading of the files on, without any process: who may do what.
	atReread
	// nothing is for what has an effect when supervisord restarts or supervisorctl starts.
	nothing
)

// String returns the word of the reference.
func (u Update) String() string {
	return [...]string{restarts: "restart", inPlace: "in place", members: "members", replaces: "group", atReread: "reread", nothing: "no"}[u]
}

// concernsGroups reports whether reread shows a group as changed.
func (u Update) concernsGroups() bool { return u != nothing && u != atReread }

// row is a key of a section that is read into an S.
type row[S any] interface {
	key() *Key
	kind() string // the type of its values, for the reference
	absentText() string
	read(k *sectionReader, to *S)
	same(a, b *S) bool
	share(to, from *S)
	assign(to, from *S)
	encode(m Members, s *S)
	current(s *S) (text string, set bool)
	extra() extraRow // nil: the value is not in Extra
}

// keyOf is a key with values of type T, of a section that is read into an S.
type keyOf[S, T any] struct {
	Key
	Type       *Type[T]
	Absent     T                                 // the default
	AbsentFrom func(s *S) T                      // the default, if it depends on other keys
	Field      func(s *S) *T                     // where the value is stored
	Store      func(k *sectionReader, s *S, v T) // stores the value, if there is no Field
	Custom     func(k *sectionReader, s *S)      // reads the key, if Type cannot
	Then       func(k *sectionReader, s *S)      // checks the value and those of the keys before it
}

func (r *keyOf[S, T]) key() *Key    { return &r.Key }
func (r *keyOf[S, T]) kind() string { return r.Type.name }

func (r *keyOf[S, T]) extra() extraRow { return nil }

// absentText returns the default as the reference shows it.
func (r *keyOf[S, T]) absentText() string { return absentText(&r.Key, r.Type, r.Absent) }

func absentText[T any](k *Key, of *Type[T], absent T) string {
	switch {
	case k.Required:
		return "required"
	case k.Default != "":
		return k.Default
	}
	return "`" + of.show(absent) + "`"
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

// value returns the value of the key, or absent if the section does not have it or the value is invalid.
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
	k.unreadable(r.Name, v, err)
	return absent
}

// same reports whether a and b have the same value.
func (r *keyOf[S, T]) same(a, b *S) bool {
	return r.Field == nil || r.Type.same(*r.Field(a), *r.Field(b))
}

// text returns the value as a file has it, empty if it is not stored.
func (r *keyOf[S, T]) text(s *S) string {
	if r.Field == nil {
		return ""
	}
	return r.Type.show(*r.Field(s))
}

// current returns the value as a file has it. Set is false if it is the default, or not stored.
func (r *keyOf[S, T]) current(s *S) (text string, set bool) {
	if r.Field == nil {
		return "", false
	}
	absent := r.Absent
	if r.AbsentFrom != nil {
		absent = r.AbsentFrom(s)
	}
	return r.text(s), r.Required || !r.Type.same(*r.Field(s), absent)
}

// share makes equal values of to and from use the same memory.
func (r *keyOf[S, T]) share(to, from *S) {
	if r.Field != nil && r.Type.share != nil {
		r.Type.share(r.Field(to), r.Field(from))
	}
}

// Members receives the values of keys, for example to write them as the members of a struct.
type Members interface {
	Member(k *Key) bool // announces the value of k; false: skip it
	Int(int)
	Bool(bool)
	String(string)
	Ints([]int)
	None() // no value, for example no directory
}

// encode passes the value to m. A key that the original does not have is passed only if it is set, and as a string.
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

// table sets the columns that are empty in a row to those of all.
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

// readAll reads the keys of a section in the order of their table, until the first error.
func readAll[S any](k *sectionReader, rows []row[S], to *S) {
	for _, r := range rows {
		if k.err != nil {
			return
		}
		r.read(k, to)
	}
}

// differ reports whether a and b differ in a key that update looks at.
func differ[S any](rows []row[S], a, b *S) bool {
	return slices.ContainsFunc(rows, func(r row[S]) bool { return r.key().Update.concernsGroups() && !r.same(a, b) })
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

// described is a row of any table.
type described interface {
	key() *Key
	kind() string
	absentText() string
}

// allKeys returns the rows of all tables.
func allKeys() (all []described) {
	all = slices.Concat(untyped(unixServerKeys), untyped(inetServerKeys), untyped(daemonKeys), untyped(ctlKeys),
		untyped(includeKeys), untyped(processKeys), untyped(groupKeys), untyped(listenerKeys), untyped(socketKeys),
		untyped(interfaceKeys), untyped(pluginKeys), untyped(pluginPoolKeys), untyped(ctlPluginKeys),
		untyped(socketSectionKeys), untyped(httpUserKeys), untyped(notifyKeys))
	return append(all, handlerKey, listenerPriority, pluginPriority)
}

// isSecret reports whether messages must not show the value of a key of a section. The keys that are passed to plug-ins and those of
// [variables] are secret, because it is not known what they mean.
var isSecret func(section, key string) bool

func init() { // the tables refer to it
	isSecret = func(section, key string) bool {
		in := kindOf(section)
		if in&(InInterface|InCtlPlugin|InVariables) != 0 && !keysOf(in)[key] {
			return true
		}
		return slices.ContainsFunc(allKeys(), func(r described) bool {
			k := r.key()
			return k.Secret && k.Name == key && k.Sections&in != 0
		})
	}
}

func untyped[S any](rows []row[S]) (list []described) {
	for _, r := range rows {
		list = append(list, r)
	}
	return list
}

// keysOf returns the names of the keys of a kind of sections.
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
