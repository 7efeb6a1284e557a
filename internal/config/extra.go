package config

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/gosupervisor/supervisor/internal/envfile"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Extra has the values of the optional keys that the original does not have. A process whose section sets none of them has no Extra,
// and a part of which it sets no key is that of all others, so that these keys take no memory while they are not used. Pointers are
// never nil.
type Extra struct {
	Policy   *Policy
	Hooks    *Hooks
	StopPlan *StopPlan
	Reload   *Reload
	Identity *Identity
	EnvFiles []envfile.File
	ExitOn   *ExitOn
	Notify   *Notify
	Depends  *Depends
	Checks   HealthChecks
	Cgroup   *Cgroup
	Files    *WatchedFiles
	Timing   *Timing
	Bounds   *Bounds
	Lines    *Lines

	Shipping *Shipping
	LogFiles *LogFiles

	Listening *Listening

	own map[string]string // environment=, without that of [supervisord], if there are files
	set []setKey          // the keys that the section sets, in the order of the table
}

// setKey is a key that a section sets, and its value as written, after expansion.
type setKey struct {
	key  *Key
	text string
}

// extraKey is a key whose value is in Extra. A row in a table of process keys is sufficient to have it read, compared, documented,
// and shown to clients under its own name if the section sets it. Sections are those that may have it: in another section of a program
// it is an error.
type extraKey[T any] struct {
	Key
	Type   *Type[T]
	Absent T                                  // the default
	Field  func(e *Extra) *T                  // where the value is stored
	Then   func(k *sectionReader, p *Process) // checks the value and those of the keys before it, if the section sets the key
	part   part                               // where Field is; nil: in Extra itself
}

// extraRow is what a row can do only if it is an extraKey. A row returns itself as one: with a type assertion the runtime would look up
// the methods of a hundred types at each start.
type extraRow interface {
	key() *Key
	setPart(part)
	in() part
	reset(*Extra)
	helper(*Extra) (HelperCommand, bool)
	// All that is in such a key is handed over by its row.
	export(e, like *Extra) (text []byte, err error)
	restore(e *Extra, text []byte) error
}

// extraRows calls f for all rows of keys whose values are in Extra.
func extraRows(f func(r extraRow)) {
	for _, r := range processKeys {
		if x := r.extra(); x != nil {
			f(x)
		}
	}
}

// part is a part of Extra.
type part interface {
	own(e *Extra)
	copy(e *Extra)
	place(e *Extra) any // its address
	share(to, from *Extra)
}

// partAt is a part at a place in Extra.
type partAt[P any] func(e *Extra) **P

// own gives e a part of its own, with the defaults, if it has none.
func (at partAt[P]) own(e *Extra) {
	place := at(e)
	if *place == nil {
		*place = new(P)
	} else if e != defaults && *place == *at(defaults) {
		at.copy(e)
	}
}

// copy gives e a part of its own, with the same values.
func (at partAt[P]) copy(e *Extra) {
	value := **at(e)
	*at(e) = &value
}

func (at partAt[P]) place(e *Extra) any { return at(e) }

// share gives an Extra the part of another one if they are equal.
func (at partAt[P]) share(to, from *Extra) {
	if a, b := at(to), at(from); *a != *b && reflect.DeepEqual(*a, *b) {
		*a = *b
	}
}

// parts are those that have keys.
var parts []part

// inPart has the values of keys be in a part of Extra.
func inPart[P any](at partAt[P], rows []row[Process]) []row[Process] {
	parts = append(parts, at)
	for _, r := range rows {
		r.extra().setPart(at)
	}
	return rows
}

func (r *extraKey[T]) setPart(p part) { r.part = p }

// field returns where the value is stored in e, which may be changed.
func (r *extraKey[T]) field(e *Extra) *T {
	if r.part != nil {
		r.part.own(e)
	}
	return r.Field(e)
}

func (r *extraKey[T]) key() *Key                { return &r.Key }
func (r *extraKey[T]) extra() extraRow          { return r }
func (r *extraKey[T]) kind() string             { return r.Type.name }
func (r *extraKey[T]) absentText() string       { return absentText(&r.Key, r.Type, r.Absent) }
func (r *extraKey[T]) reset(e *Extra)           { *r.field(e) = r.Absent }
func (r *extraKey[T]) share(*Process, *Process) {} // the processes of a program share all of Extra if they can

func (r *extraKey[T]) read(k *sectionReader, p *Process) {
	if !k.has(r.Name) {
		return
	}
	if kindOf(k.s.Name)&r.Sections == 0 {
		if _, own := k.s.Values[r.Name]; own {
			k.failf(r.Name, "[%s] section sets %s but this is not allowed", k.s.Name, r.Name)
		}
		return
	}
	text, v, ok := k.text(&r.Key)
	if !ok {
		return
	}
	value, err := r.Type.read(k.r.host, text)
	if err != nil {
		if r.Type.words {
			err = invalidWord(r.Name, text)
		}
		k.unreadable(r.Name, v, err)
		return
	}
	if p.Extra == nil {
		p.Extra = k.r.newExtra()
	}
	*r.field(p.Extra) = value
	p.Extra.set = append(p.Extra.set, setKey{&r.Key, text})
	if r.Then != nil {
		r.Then(k, p)
	}
}

// invalidWord is the error for a value that is none of the words of its type.
func invalidWord(key, text string) error {
	return fmt.Errorf("invalid '%s' value %s", key, pyrepr.Quote(text))
}

// value returns the value that a process has, the default if it has no Extra.
func (r *extraKey[T]) value(p *Process) T {
	if p.Extra == nil {
		return r.Absent
	}
	return *r.Field(p.Extra)
}

func (r *extraKey[T]) same(a, b *Process) bool {
	return a.Extra == b.Extra || r.Type.same(r.value(a), r.value(b))
}

// encode passes the text of the value to m, if the section sets the key.
func (r *extraKey[T]) encode(m Members, p *Process) {
	if p.Extra == nil {
		return
	}
	for _, s := range p.Extra.set {
		if s.key.Name == r.Name && m.Member(&r.Key) {
			m.String(s.text)
		}
	}
}

// current returns the text of the value, if the section sets the key or another key has set it.
func (r *extraKey[T]) current(p *Process) (text string, set bool) {
	if p.Extra == nil {
		return "", false
	}
	for _, s := range p.Extra.set {
		if s.key.Name == r.Name {
			return s.text, true
		}
	}
	return r.Type.show(r.value(p)), !r.Type.same(r.value(p), r.Absent)
}

// newExtra returns an Extra with the defaults of all keys.
func newExtra() *Extra {
	e := *defaults
	return &e
}

// newExtra returns an Extra with the defaults of all keys, in the memory of one that is not needed any more: thousands of those, between
// what is needed, would leave holes that nothing fills.
func (r *reader) newExtra() *Extra {
	e := r.spareExtra
	if e == nil {
		return newExtra()
	}
	*e, r.spareExtra = *defaults, nil
	return e
}

// defaults has the defaults of all keys, in the parts that all Extras share.
var defaults = &Extra{}

func init() { // the tables refer to it
	extraRows(func(r extraRow) {
		r.key().Member = r.key().Name
		r.reset(defaults)
	})
	for _, r := range limitKeys {
		r.key().Member = r.key().Name
	}
}

// ownExtra gives a process an Extra of its own, whose values may differ from those of the other processes of its program. They share
// the parts that have been read for all of them.
func (p *Process) ownExtra() {
	if p.Extra == nil {
		return
	}
	e := *p.Extra
	e.set = e.set[:len(e.set):len(e.set)]
	p.Extra = &e
}

// trim returns memory that further keys would need.
func (e *Extra) trim() {
	if e != nil {
		e.set = slices.Clone(e.set)
	}
}

// shareWithLast gives a process what its Extra has in common with that of the process before: those of a program have the same values
// unless one has their numbers, and many programs have values of [program-default].
func (r *reader) shareWithLast(p *Process) {
	if p.Extra == nil {
		return
	}
	own := p.Extra
	if p.Extra = own.shareWith(r.lastExtra); p.Extra != own {
		r.spareExtra = own
	}
	r.lastExtra = p.Extra
}

// shareWith returns an Extra that is equal: last if it is equal, else e, with the parts of last that are equal. Last may be nil.
func (e *Extra) shareWith(last *Extra) *Extra {
	switch {
	case last == nil || e == last:
	case reflect.DeepEqual(e, last):
		return last
	default:
		for _, part := range parts {
			part.share(e, last)
		}
	}
	return e
}
