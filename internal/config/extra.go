package config

import (
	"fmt"
	"slices"

	"github.com/gosupervisor/supervisor/internal/envfile"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Extra has the values of the optional keys that the original does not have. A process whose section sets none of them has no Extra,
// so that these keys take no memory while they are not used.
type Extra struct {
	Policy   Policy
	Hooks    Hooks
	StopPlan StopPlan
	Reload   Reload
	EnvFiles []envfile.File
	ExitOn   string // when supervisord ends with the process: ExitNever, ...
	ExitCode int    // its exit status then, or ExitAuto
	Notify   Notify
	Depends  Depends
	Checks   HealthChecks

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
}

func (r *extraKey[T]) key() *Key                { return &r.Key }
func (r *extraKey[T]) kind() string             { return r.Type.name }
func (r *extraKey[T]) absentText() string       { return absentText(&r.Key, r.Type, r.Absent) }
func (r *extraKey[T]) reset(e *Extra)           { *r.Field(e) = r.Absent }
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
		p.Extra = newExtra()
	}
	*r.Field(p.Extra) = value
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

// member makes the name of a key that of its member.
func (r *extraKey[T]) member() { r.Member = r.Name }

// newExtra returns an Extra with the defaults of all keys.
func newExtra() *Extra {
	e := &Extra{}
	resetExtra(e)
	return e
}

// resetExtra sets all values to their defaults.
var resetExtra func(e *Extra)

func init() { // the tables refer to it
	for _, r := range processKeys {
		if r, ok := r.(interface{ member() }); ok {
			r.member()
		}
	}
	resetExtra = func(e *Extra) {
		for _, r := range processKeys {
			if r, ok := r.(interface{ reset(*Extra) }); ok {
				r.reset(e)
			}
		}
	}
}

// ownExtra gives a process an Extra of its own, whose values may differ from those of the other processes of its program.
func (p *Process) ownExtra() {
	if p.Extra == nil {
		return
	}
	e := *p.Extra
	e.set = e.set[:len(e.set):len(e.set)]
	p.Extra = &e
}

// shareExtra gives a process the Extra of another one of its program if the same keys have the same values. That is so for all
// processes, unless a value has their numbers.
func (p *Process) shareExtra(from *Process) {
	a, b := p.Extra, from.Extra
	if a != nil && b != nil && a.own == nil && b.own == nil && slices.Equal(a.set, b.set) {
		p.Extra = b
	}
}
