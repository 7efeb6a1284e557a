package config

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/ini"
)

// Shipping says how lines of output, or of the main log, are sent to syslog.
type Shipping struct {
	Facility    int    `json:"facility"`               // the number of RFC 5424
	Tag         string `json:"tag,omitempty"`          // empty: none
	OutPriority int    `json:"out_priority"`           // of standard output, the severity of RFC 5424
	ErrPriority int    `json:"err_priority"`           // of standard error
	Format      string `json:"format,omitempty"`       // rfc3164 or rfc5424; empty: that of the target
	LevelPrefix bool   `json:"level_prefix,omitempty"` // a line may begin with its severity, as <3>
}

// The words of facilities and severities, by number. The facilities without a word are not for programs.
var (
	facilities = []string{"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "", "", "", "",
		"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}
	severities = []string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}
)

// The defaults, which are those of the original.
var (
	userFacility = slices.Index(facilities, "user")
	infoSeverity = slices.Index(severities, "info")
)

// The formats of records.
const (
	RFC3164 = "rfc3164"
	RFC5424 = "rfc5424"
)

var (
	facilityType = numbered(facilities)
	severityType = numbered(severities)
	tagType      = &Type[string]{name: "printable text without blanks", parse: parseTag, words: true, same: equal[string], share: shareText}
)

// numbered is the type of one of several words, in any case, whose value is its place.
func numbered(words []string) *Type[int] {
	named := slices.DeleteFunc(slices.Clone(words), func(word string) bool { return word == "" })
	return &Type[int]{name: oneOf(named...).name, words: true, same: equal[int], text: func(n int) string { return words[n] },
		parse: func(text string) (int, error) {
			i := slices.IndexFunc(words, func(word string) bool { return word != "" && strings.EqualFold(word, text) })
			if i < 0 {
				return 0, errWord
			}
			return i, nil
		}}
}

// longestTag is the most that an APP-NAME of RFC 5424 has.
const longestTag = 48

func parseTag(text string) (string, error) {
	if text == "" || len(text) > longestTag || strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return "", errWord
	}
	return text, nil
}

const shippingTopic = "Syslog and journald"

// shipping are the keys of Shipping, of processes and of the main log.
type shipping struct {
	processes []row[Process]
	daemon    []row[settings]
}

var shippingRows = func() *shipping {
	s := &shipping{}
	both := ", of the main log and of programs without the key"
	add(s, Key{Name: "syslog_facility", Other: "local3", Help: "facility of records for syslog"}, both,
		facilityType, userFacility, func(s *Shipping) *int { return &s.Facility })
	add(s, Key{Name: "syslog_tag", Default: none, Other: "t", Help: "name in the records, in place of `supervisord` and the name of the process"},
		"", tagType, "", func(s *Shipping) *string { return &s.Tag })
	add(s, Key{Name: "syslog_stdout_priority", Other: "notice", Help: "priority of lines of standard output"}, programsOnly,
		severityType, infoSeverity, func(s *Shipping) *int { return &s.OutPriority })
	add(s, Key{Name: "syslog_stderr_priority", Other: "err", Help: "priority of lines of standard error"}, programsOnly,
		severityType, infoSeverity, func(s *Shipping) *int { return &s.ErrPriority })
	add(s, Key{Name: "syslog_format", Default: "`rfc3164`", Other: RFC5424, Help: "form of records for syslog"}, both,
		oneOf(RFC3164, RFC5424), "", func(s *Shipping) *string { return &s.Format })
	add(s, Key{Name: "log_level_prefix", Other: "true",
		Help: "lines that begin with `<0>` to `<7>` have that priority, and no such prefix in syslog"}, programsOnly,
		boolType, false, func(s *Shipping) *bool { return &s.LevelPrefix })
	inPart(func(e *Extra) **Shipping { return &e.Shipping }, table[Process](
		Key{Sections: InPrograms | InDefault, Topic: shippingTopic, Scope: inProgram, Update: inPlace, Since: Ours}, s.processes...))
	table(Key{Sections: InSupervisord, Topic: shippingTopic, Scope: ofFile, Update: inPlace, Since: Ours}, s.daemon...)
	return s
}()

// programsOnly is about keys that [supervisord] has only as defaults of programs.
const programsOnly = ", of programs without the key"

// add adds a key for processes and for [supervisord]. There, what its value is for is added to its help; nothing: for the main log alone.
func add[T any](s *shipping, k Key, use string, of *Type[T], absent T, field func(*Shipping) *T) {
	s.processes = append(s.processes, &extraKey[T]{Key: k, Type: of, Absent: absent, Field: func(e *Extra) *T { return field(e.Shipping) }})
	if use == "" {
		k.Help, k.Update = k.Help+", of the main log", nothing
	} else {
		k.Help += use
	}
	s.daemon = append(s.daemon, &daemonKey[T]{Key: k, Type: of, Absent: absent,
		Field: func(s *settings) *T { return field(&s.Shipping) }})
}

// inherit gives a section of a program the values of [supervisord] for keys of Shipping that are set neither there nor in [DEFAULT].
func (r *reader) inherit(s *ini.Section) {
	if len(r.shipping) == 0 || kindOf(s.Name)&InPrograms == 0 {
		return
	}
	if _, runs := s.Values["command"]; !runs && kindOf(s.Name) == InInterface {
		return
	}
	for name, v := range r.shipping {
		if _, has := r.doc.Find(s, name); !has {
			s.Values[name] = v
		}
	}
}

// findShipping notes the values of [supervisord] that programs inherit.
func (r *reader) findShipping() {
	own := r.doc.ByName[daemonSection]
	if own == nil {
		return
	}
	for _, row := range shippingRows.daemon {
		name := row.key().Name
		if v, has := own.Values[name]; has && row.key().Update != nothing {
			if r.shipping == nil {
				r.shipping = map[string]ini.Value{}
			}
			v.Section = daemonSection
			r.shipping[name] = v
		}
	}
}

const daemonSection = "supervisord"

// Shipping returns how the lines of the process are sent.
func (p *Process) Shipping() *Shipping {
	if p.Extra == nil {
		return defaults.Shipping
	}
	return p.Extra.Shipping
}

// Plain is true if records are as those of the original.
func (s *Shipping) Plain() bool {
	plain := *s
	plain.Format = cmp.Or(s.Format, RFC3164)
	return plain == plainShipping
}

var plainShipping = Shipping{Facility: userFacility, OutPriority: infoSeverity, ErrPriority: infoSeverity, Format: RFC3164}
