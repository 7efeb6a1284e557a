package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"github.com/gosupervisor/supervisor/internal/child/step"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// The types of limits that are neither numbers nor flags.
var (
	ioPriorityType = &Type[step.IOPriority]{name: "`idle`, `best-effort:N` or `realtime:N`, N from 0 to 7", words: true,
		same: equal[step.IOPriority], parse: func(text string) (step.IOPriority, error) {
			p, err := step.ParseIOPriority(strings.ToLower(text))
			return p, wordError(err)
		}}
	affinityType = &Type[step.Affinity]{name: "list of processors", same: equal[step.Affinity],
		parse: func(text string) (step.Affinity, error) {
			list, err := step.ParseAffinity(betweenCPUs().ReplaceAllString(strings.TrimSpace(text), "$1"))
			if err != nil {
				err = errors.New("not a valid list of CPUs: " + pyrepr.Quote(text))
			}
			return list, err
		}}
	capabilitiesType = &Type[step.Capabilities]{name: "list of capabilities", same: equal[step.Capabilities],
		parse: parseCapabilities}
	boundingType = &Type[step.BoundingSet]{name: "list of capabilities, `~` before it: all others", same: equal[step.BoundingSet],
		parse: parseBounding}
	deathSignalType = &Type[step.DeathSignal]{name: "signal", same: equal[step.DeathSignal],
		text: func(s step.DeathSignal) string { return signalText(syscall.Signal(s)) },
		parse: func(text string) (step.DeathSignal, error) {
			signal, err := parseSignal(text)
			return step.DeathSignal(signal), err
		}}
)

// betweenCPUs is what separates numbers in a list of processors.
var betweenCPUs = pattern(`\s*([,-])\s*`)

// parseCapabilities reads names, with or without CAP_ and in any case, separated by commas or blanks. No name is the empty set.
func parseCapabilities(text string) (c step.Capabilities, err error) {
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(", \t\n", r) }) {
		n, known := step.CapabilityNumber(strings.TrimPrefix(strings.ToLower(word), "cap_"))
		if !known {
			return 0, errors.New("unknown capability '" + word + "'")
		}
		c |= 1 << n
	}
	return c, nil
}

// parseBounding reads what parseCapabilities reads, or ~ and the names of those that are not in the set.
func parseBounding(text string) (step.BoundingSet, error) {
	lacks, isComplement := strings.CutPrefix(strings.TrimSpace(text), "~")
	c, err := parseCapabilities(lacks)
	if isComplement {
		c = ^c
	}
	return step.BoundingSet(c), err
}

// wordError has a message name the key and the value.
func wordError(err error) error {
	if errors.Is(err, step.ErrText) {
		return errWord
	}
	return err
}

// switched is the type of a step that is true or false.
func switched[T interface {
	step.Step
	~bool
}]() *Type[T] {
	return &Type[T]{name: "boolean", same: func(a, b T) bool { return a == b },
		text: func(on T) string { return strconv.FormatBool(bool(on)) },
		parse: func(text string) (T, error) {
			on, err := parseBoolean(text)
			return T(on), err
		}}
}

// rlimitUnit is how the values of a resource are written.
type rlimitUnit struct {
	name  string // in the reference
	parse func(string) (uint64, error)
	text  func(uint64) string
}

var (
	rlimitNumbers = rlimitUnit{"SOFT:HARD, or one for both, or `unlimited`",
		func(text string) (uint64, error) { return strconv.ParseUint(text, 10, 63) },
		func(n uint64) string { return strconv.FormatUint(n, 10) }}
	rlimitSizes = rlimitUnit{"SOFT:HARD sizes, or one for both, or `unlimited`",
		func(text string) (uint64, error) {
			n, err := parseBytes(text)
			if strings.HasPrefix(text, "-") {
				err = errWord
			}
			return uint64(n), err
		},
		func(n uint64) string { return sizeText(Bytes(n)) }}
)

const unlimited = "unlimited"

// of is the type of the limits of a resource.
func (u rlimitUnit) of(r step.Resource) *Type[step.Rlimit] {
	value := func(n uint64) string {
		if n == step.Unlimited {
			return unlimited
		}
		return u.text(n)
	}
	return &Type[step.Rlimit]{name: u.name, words: true, same: equal[step.Rlimit],
		text: func(l step.Rlimit) string {
			if l.Soft == l.Hard {
				return value(l.Soft)
			}
			return value(l.Soft) + ":" + value(l.Hard)
		},
		parse: func(text string) (step.Rlimit, error) {
			l, err := u.read(text)
			l.Resource = r
			if err == nil && l.Soft > l.Hard {
				err = fmt.Errorf("%s is above upper bound (%s)", value(l.Soft), value(l.Hard))
			}
			return l, err
		}}
}

func (u rlimitUnit) read(text string) (l step.Rlimit, err error) {
	soft, hard, two := strings.Cut(text, ":")
	if !two {
		hard = soft
	}
	if l.Soft, err = u.value(soft); err == nil {
		l.Hard, err = u.value(hard)
	}
	return l, err
}

func (u rlimitUnit) value(text string) (uint64, error) {
	text = pyrepr.TrimSpace(text)
	if strings.EqualFold(text, unlimited) {
		return step.Unlimited, nil
	}
	n, err := u.parse(text)
	if err != nil {
		err = errWord
	}
	return n, err
}

// rlimitHelp has what the reference says about each resource, see getrlimit(2).
var rlimitHelp = map[string]string{
	"as":         "address space",
	"core":       "core file; 0: none",
	"cpu":        "seconds of the processor; then it gets `XCPU`, at the hard limit `KILL`",
	"data":       "data segment and other private memory",
	"fsize":      "largest file that it can write",
	"memlock":    "memory that it can lock",
	"msgqueue":   "POSIX message queues of its user",
	"nice":       "how far it can lower `nice`: to 20 minus this",
	"nofile":     "open files",
	"nproc":      "processes and threads of its user; does not count for root",
	"rss":        "resident memory; ignored by Linux",
	"rtprio":     "largest real-time priority",
	"rttime":     "microseconds of real-time scheduling without a blocking call",
	"sigpending": "queued signals of its user",
	"stack":      "stack of the first thread",
}
