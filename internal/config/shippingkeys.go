package config

import (
	"cmp"
	"errors"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/ini"
)

// Shipping says how lines of output, or of the main log, are sent to syslog.
type Shipping struct {
	Facility    int    `json:"facility"`         // the number of RFC 5424
	Tag         string `json:"tag,omitempty"`    // empty: none
	OutPriority int    `json:"out_priority"`     // of standard output, the severity of RFC 5424
	ErrPriority int    `json:"err_priority"`     // of standard error
	Server      string `json:"server,omitempty"` // such as tcp://host:601; empty: the daemon of this host
	Format      string `json:"format,omitempty"` // rfc3164 or rfc5424; empty: that of the target
	CA          string `json:"ca,omitempty"`     // file of certificates; empty: those of the system
	Cert        string `json:"cert,omitempty"`   // file of our certificate, and of its key; empty: none
	Key         string `json:"key,omitempty"`
	LevelPrefix bool   `json:"level_prefix,omitempty"` // a line may begin with its severity, as <3>
	OutJournald bool   `json:"out_journald,omitempty"` // standard output goes to journald, too
	ErrJournald bool   `json:"err_journald,omitempty"`
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

var (
	serverType   = &Type[string]{name: "`udp://host:port`, `tcp://host:port` or `tls://host:port`", parse: parseSyslogServer, same: equal[string], share: shareText}
	readableType = textType.asking("path", host.readable)
)

// readable returns the path of a file that can be opened.
func (h host) readable(text string) (string, error) {
	path := h.normalize(text)
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	return path, file.Close()
}

// parseSyslogServer reads an address and adds the port if there is none.
func parseSyslogServer(text string) (string, error) {
	wrong := errors.New("syslog_server must be udp://host:port, tcp://host:port or tls://host:port, not " + text)
	scheme, address, ok := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	port, known := map[string]string{"udp": "514", "tcp": "601", "tls": "6514"}[scheme]
	if !ok || !known || strings.ContainsAny(address, "/?#@ ") {
		return "", wrong
	}
	name := strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
	if h, p, err := net.SplitHostPort(address); err == nil {
		name, port = h, p
	} else if bracketed := name != address; bracketed != strings.Contains(name, ":") {
		return "", wrong
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || name == "" || strings.ContainsAny(name, "[]") {
		return "", wrong
	}
	return scheme + "://" + net.JoinHostPort(name, port), nil
}

// IsRFC5424 reports whether records have the form of RFC 5424.
func (s *Shipping) IsRFC5424() bool { return s.Format == RFC5424 || s.Format == "" && s.Server != "" }

// Address returns the parts of Server.
func (s *Shipping) Address() (scheme, address string) {
	scheme, address, _ = strings.Cut(s.Server, "://")
	return scheme, address
}

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
	add(s, Key{Name: "syslog_server", Default: "the daemon of this host", Other: "tcp://h",
		Help: "server that gets what is for syslog, see [syslog](howto-syslog.md); ports: 514, 601, 6514"}, both,
		serverType, "", func(s *Shipping) *string { return &s.Server })
	add(s, Key{Name: "syslog_format", Default: "`rfc3164`, for a server `rfc5424`", Other: RFC5424, Help: "form of records for syslog"}, both,
		oneOf(RFC3164, RFC5424), "", func(s *Shipping) *string { return &s.Format })
	add(s, Key{Name: "syslog_tls_ca", Default: "those of the system", Other: "/dev/null",
		Help: "file of certificates that the server's must be signed with"}, both,
		readableType, "", func(s *Shipping) *string { return &s.CA })
	add(s, Key{Name: "syslog_tls_cert", Default: none, Other: "/dev/null", Help: "file of the certificate that the server gets"}, both,
		readableType, "", func(s *Shipping) *string { return &s.Cert })
	add(s, Key{Name: "syslog_tls_key", Default: none, Other: "/dev/null", Help: "file of its key"}, both,
		readableType, "", func(s *Shipping) *string { return &s.Key })
	add(s, Key{Name: "log_level_prefix", Other: "true",
		Help: "lines that begin with `<0>` to `<7>` have that priority, and no such prefix in syslog"}, programsOnly,
		boolType, false, func(s *Shipping) *bool { return &s.LevelPrefix })
	add(s, Key{Name: "stdout_journald", Other: "true", Help: "copy standard output to journald; Linux"}, programsOnly,
		boolType, false, func(s *Shipping) *bool { return &s.OutJournald })
	add(s, Key{Name: "stderr_journald", Other: "true", Help: "copy standard error to journald; Linux"}, programsOnly,
		boolType, false, func(s *Shipping) *bool { return &s.ErrJournald })
	s.daemon = append(s.daemon, &daemonKey[bool]{Key: Key{Name: "log_journald", Update: nothing, Other: "true",
		Help: "copy the main log to journald; Linux"}, Type: boolType, Field: func(s *settings) *bool { return &s.LogJournald }})
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
	plain.Format, plain.OutJournald, plain.ErrJournald = cmp.Or(s.Format, RFC3164), false, false
	return plain == plainShipping
}

var plainShipping = Shipping{Facility: userFacility, OutPriority: infoSeverity, ErrPriority: infoSeverity, Format: RFC3164}
