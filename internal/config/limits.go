package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/child/step"
)

// limitKeys are the keys of a program each of which is a step of its children. What the section does not have is not
// changed.
var limitKeys = table[Process](Key{Topic: limitTopic, Since: Ours}, slices.Concat([]row[Process]{
	&limitKey[step.Nice]{Key: Key{Name: "nice", Other: "5", Help: "priority for the processor, from -20 (most) to 19 " +
		"(least); less than that of supervisord needs root"}, Type: within[step.Nice](-20, 19)},
	&limitKey[step.Required]{Key: Key{Name: requiredKey, Default: "`true`", Other: "false",
		Help: "whether a start fails if one of these keys cannot be set, or goes on without, with a line on standard error"},
		Type: switched[step.Required]()},
	&limitKey[step.OOMScore]{Key: Key{Name: "oom_score_adj", Other: "500", Help: "how soon the system kills it when memory is short, " +
		"from -1000 (never) to 1000; less than that of supervisord needs root"}, Type: within[step.OOMScore](-1000, 1000)},
	&limitKey[step.IOPriority]{Key: Key{Name: "ionice", Other: "idle", Help: "priority for input and output; `realtime` needs root, " +
		"0 is the first level"}, Type: ioPriorityType},
	&limitKey[step.Affinity]{Key: Key{Name: "cpu_affinity", Other: "0", Help: "the processors that it may use, such as `0-3,8`"},
		Type: affinityType},
	&limitKey[step.NoNewPrivs]{Key: Key{Name: "no_new_privs", Default: "`false`", Other: "true",
		Help: "no program that it executes gets more privileges than it has, also if the file is set-user-ID"},
		Type: switched[step.NoNewPrivs]()},
	&limitKey[step.Capabilities]{Key: Key{Name: "capabilities", Other: "net_bind_service",
		Help: "exactly these capabilities, whatever its user; supervisord must have them"}, Type: capabilitiesType},
	&limitKey[step.BoundingSet]{Key: Key{Name: "capabilities_bounding", Other: "~sys_admin",
		Help: "the only capabilities that it and what it executes can ever have, or with `~` in front all but these; needs root"},
		Type: boundingType},
	&limitKey[step.DeathSignal]{Key: Key{Name: "pdeathsig", Other: "KILL",
		Help: "signal that the process gets when supervisord dies, but not at an upgrade"}, Type: deathSignalType},
}, rlimitKeys())...)

// rlimitKeys are the keys for resource limits.
func rlimitKeys() (rows []row[Process]) {
	step.Resources(func(r step.Resource, name string, bytes bool) {
		unit, other := rlimitNumbers, "100:200"
		if bytes {
			unit, other = rlimitSizes, "512MB:1GB"
		}
		rows = append(rows, &limitKey[step.Rlimit]{Key: Key{Name: "rlimit_" + name, Other: other, Help: rlimitHelp[name]},
			Type: unit.of(r), is: func(l step.Rlimit) bool { return l.Resource == r }})
	})
	return rows
}

// limitKey is a key whose value is a step of type T.
type limitKey[T step.Step] struct {
	Key
	Type *Type[T]
	is   func(T) bool // whether a step of the type is that of this key; nil: always
}

func (r *limitKey[T]) key() *Key       { return &r.Key }
func (r *limitKey[T]) kind() string    { return r.Type.name }
func (r *limitKey[T]) extra() extraRow { return nil }
func (r *limitKey[T]) absentText() string {
	if r.Default != "" {
		return r.Default
	}
	return asSupervisord
}

// read adds the step to those that the process has.
func (r *limitKey[T]) read(k *sectionReader, p *Process) {
	text, v, ok := k.text(&r.Key)
	if !ok {
		return
	}
	limit, err := r.Type.read(k.r.host, text)
	if err != nil {
		if r.Type.words && err == errWord {
			err = invalidWord(r.Name, text)
		}
		k.fail(r.Name, v, err)
		return
	}
	p.Limits = append(p.Limits, limit)
}

// of returns the step of this key that the process has.
func (r *limitKey[T]) of(p *Process) (limit T, ok bool) {
	for _, s := range p.Limits {
		if limit, ok = s.(T); ok && (r.is == nil || r.is(limit)) {
			return limit, true
		}
	}
	return limit, false
}

func (r *limitKey[T]) same(a, b *Process) bool {
	limitA, hasA := r.of(a)
	limitB, hasB := r.of(b)
	return hasA == hasB && (!hasA || r.Type.same(limitA, limitB))
}

func (r *limitKey[T]) current(p *Process) (text string, set bool) {
	limit, ok := r.of(p)
	return r.Type.show(limit), ok
}

func (r *limitKey[T]) share(*Process, *Process) {} // the steps are those of the first process

func (r *limitKey[T]) encode(m Members, p *Process) {
	if limit, ok := r.of(p); ok && m.Member(&r.Key) {
		m.String(r.Type.show(limit))
	}
}

// LimitsText returns the limits of the process as clients see them, such as "nice 5, no_new_privs"; empty if it has none.
func (p *Process) LimitsText() string {
	if len(p.Limits) == 0 {
		return ""
	}
	var texts []string
	for _, r := range limitKeys {
		text, ok := r.current(p)
		switch name := r.key().Name; {
		case !ok || text == "false" || name == requiredKey:
		case text == "true":
			texts = append(texts, name)
		default:
			texts = append(texts, strings.TrimSpace(name+" "+text))
		}
	}
	return strings.Join(texts, ", ")
}

// limits looks for limits that this system does not have.
func (d *doubts) limits(p *Process, supported func(step.Step) bool) {
	for _, limit := range p.Limits {
		if key := step.Key(limit); !supported(limit) {
			d.add(p.Section, key, "["+p.Section+"] "+key+" has no effect on this system")
		}
	}
}

const requiredKey = "limits_required"

// within is the type of a step that is an integer within bounds.
func within[T interface {
	step.Step
	~int
}](low, high int) *Type[T] {
	return &Type[T]{name: fmt.Sprintf("integer from %d to %d", low, high), same: func(a, b T) bool { return a == b },
		parse: func(text string) (T, error) {
			n, err := parseWithin(text, low, high)
			return T(n), err
		}}
}
