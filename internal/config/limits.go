package config

import (
	"fmt"

	"github.com/gosupervisor/supervisor/internal/child"
)

// limitKeys are the keys of a program each of which is a step of its children. What the section does not have is not
// changed.
var limitKeys = table[Process](Key{Topic: limitTopic, Since: Ours},
	&limitKey[child.Nice]{Key: Key{Name: "nice", Member: "nice", Other: "5", Help: "priority for the processor, from -20 (most) to 19 " +
		"(least); less than that of supervisord needs root"}, Type: within[child.Nice](-20, 19)},
)

// limitKey is a key whose value is a step of type T.
type limitKey[T child.Step] struct {
	Key
	Type *Type[T]
}

func (r *limitKey[T]) key() *Key          { return &r.Key }
func (r *limitKey[T]) kind() string       { return r.Type.name }
func (r *limitKey[T]) absentText() string { return asSupervisord }

// read adds the step to those that the process has.
func (r *limitKey[T]) read(k *sectionReader, p *Process) {
	text, v, ok := k.text(&r.Key)
	if !ok {
		return
	}
	step, err := r.Type.read(k.r.host, text)
	if err != nil {
		k.fail(r.Name, v, err)
		return
	}
	p.Limits = append(p.Limits, step)
}

// step is the step of type T that the process has.
func (r *limitKey[T]) step(p *Process) (step T, ok bool) {
	for _, s := range p.Limits {
		if step, ok = s.(T); ok {
			return step, true
		}
	}
	return step, false
}

func (r *limitKey[T]) same(a, b *Process) bool {
	stepA, hasA := r.step(a)
	stepB, hasB := r.step(b)
	return hasA == hasB && (!hasA || r.Type.same(stepA, stepB))
}

func (r *limitKey[T]) current(p *Process) (text string, set bool) {
	step, ok := r.step(p)
	return r.Type.show(step), ok
}

func (r *limitKey[T]) share(*Process, *Process) {} // the steps are those of the first process

func (r *limitKey[T]) encode(m Members, p *Process) {
	if step, ok := r.step(p); ok && m.Member(&r.Key) {
		m.String(r.Type.show(step))
	}
}

// within is the type of a step that is an integer within bounds.
func within[T interface {
	child.Step
	~int
}](low, high int) *Type[T] {
	return &Type[T]{name: fmt.Sprintf("integer from %d to %d", low, high), same: func(a, b T) bool { return a == b },
		parse: func(text string) (T, error) {
			n, err := parseWithin(text, low, high)
			return T(n), err
		}}
}
