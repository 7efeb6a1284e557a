package output

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/expand"
)

// TextTemplate is what the format text is short for.
const TextTemplate = "%(asctime)s %(namespec)s %(channel)s %(mark)s %(message)s"

// Names are what is the same in all records of a channel.
type Names struct {
	Namespec, Process, Group, Program string
	Number                            int // process_num
	Channel, Host, Identifier         string
	Helper                            string // the hook or command whose output it is; empty: that of the program
	PID                               func() int
	Fields                            map[string]string
	UTC                               bool
}

// pid returns the number of the process, 0 if it is not known.
func (n *Names) pid() int {
	if n.PID == nil {
		return 0
	}
	return n.PID()
}

// zone returns a time in the zone of the log.
func (n *Names) zone(t time.Time) time.Time {
	if n.UTC {
		return t.UTC()
	}
	return t.Local()
}

// dynamic are the names of templates whose values differ between records.
var dynamic = []string{"asctime", "time", "epoch", "pid", "mark", "message"}

// Reserved are the names of members of JSON records that no field can have.
var Reserved = []string{"time", "group", "name", "channel", "pid", "helper", "message", "data", "partial", "event", "exit_status", "signal",
	"expected"}

const fieldPrefix = "field."

// Template is a Format by a text with %(name)s.
type Template struct {
	names *Names
	parts []templatePart

	ready    time.Time // of what follows
	event    bool      // that is a mark's
	fixed    []byte    // what was the same in all records since
	segments []segment
}

// templatePart is a text, or a format with a name.
type templatePart struct {
	text   []byte // of a name: none
	name   string // empty: none
	format string // such as %(pid)6d
	plain  bool   // %(name)s
}

// segment is a piece of what is fixed, and the message or mark that follows it; nil: neither.
type segment struct {
	begin, end int
	part       *templatePart
}

// NewTemplate makes a Template of a text that ExpandTemplate has returned.
func NewTemplate(text string, names *Names) (*Template, error) {
	kept, err := expandTemplate(text, "", names, func(name string) bool { return slices.Contains(dynamic, name) })
	if err != nil {
		return nil, err
	}
	return &Template{names: names, parts: parseTemplate(kept)}, nil
}

// ExpandTemplate checks a template, and puts into it what belongs to the configuration: the number of the process and the name of the
// host. Where is its place for errors, which are those of package expand, or ErrTemplate.
func ExpandTemplate(text, where string, names *Names) (string, error) {
	expanded, err := expandTemplate(text, where, names, func(name string) bool { return name != "process_num" && name != "host_node_name" })
	if err != nil {
		return "", err
	}
	t, err := NewTemplate(expanded, names)
	if err != nil {
		return "", err
	}
	found := false
	for _, p := range t.parts {
		found = found || p.name == "message"
		if (p.name == "message" || p.name == "mark") && !strings.HasSuffix(p.format, "s") {
			return "", ErrTemplate
		}
	}
	if !found {
		return "", ErrTemplate
	}
	return expanded, nil
}

// ErrTemplate is the error about a template without message, or in which that or mark have another conversion than s.
var ErrTemplate = errors.New("not a template of records")

// expandTemplate expands a text, but for the names that it is to keep.
func expandTemplate(text, where string, names *Names, keeps func(name string) bool) (string, error) {
	scope := expand.Scope{Vars: []expand.Variable{
		{Name: "namespec", Text: names.Namespec}, {Name: "process_name", Text: names.Process}, {Name: "group_name", Text: names.Group},
		{Name: "program_name", Text: names.Program}, {Name: "process_num", Number: names.Number, IsNumber: true},
		{Name: "channel", Text: names.Channel}, {Name: "host_node_name", Text: names.Host}, {Name: "identifier", Text: names.Identifier}}}
	for _, name := range dynamic {
		scope.Vars = append(scope.Vars, example(name, 0, time.Time{}))
	}
	for key, value := range names.Fields {
		scope.Vars = append(scope.Vars, expand.Variable{Name: fieldPrefix + key, Text: value})
	}
	return scope.Partial(text, where, keeps)
}

// example is a variable with a value for a record, without its text and mark.
func example(name string, pid int, at time.Time) expand.Variable {
	v := expand.Variable{Name: name}
	switch name {
	case "asctime":
		v.Text = at.Format(ascTimeLayout)
	case "time":
		v.Text = at.Format(TimeLayout)
	case "epoch":
		v.Text = string(appendEpoch(nil, at))
	case "pid":
		v.Number, v.IsNumber = pid, true
	}
	return v
}

// ascTimeLayout is that of the main log, TimeLayout that of RFC 3339 with microseconds.
const (
	ascTimeLayout = "2006-01-02 15:04:05,000"
	TimeLayout    = "2006-01-02T15:04:05.000000Z07:00"
)

// appendEpoch appends the seconds since 1970, with microseconds.
func appendEpoch(b []byte, at time.Time) []byte {
	b = append(strconv.AppendInt(b, at.Unix(), 10), '.')
	micros := strconv.Itoa(at.Nanosecond() / 1000)
	return append(append(b, "000000"[len(micros):]...), micros...)
}

// parseTemplate parts a text that has been checked, and in which only the names in dynamic are left.
func parseTemplate(text string) (parts []templatePart) {
	var literal []byte
	add := func(p templatePart) {
		if len(literal) > 0 {
			parts = append(parts, templatePart{text: literal})
			literal = nil
		}
		if p.name != "" {
			parts = append(parts, p)
		}
	}
	for text != "" {
		at := strings.IndexByte(text, '%')
		if at < 0 {
			literal = append(literal, text...)
			break
		}
		literal = append(literal, text[:at]...)
		if text = text[at:]; text[1] == '%' {
			literal, text = append(literal, '%'), text[2:]
			continue
		}
		close := strings.IndexByte(text, ')')
		end := close + 1
		for strings.IndexByte("#0- +.123456789hlL", text[end]) >= 0 {
			end++
		}
		_, verb := utf8.DecodeRuneInString(text[end:])
		end += verb
		add(templatePart{name: text[2:close], format: text[:end], plain: text[close+1:end] == "s"})
		text = text[end:]
	}
	add(templatePart{})
	return parts
}

// Append implements Format.
func (t *Template) Append(b []byte, r *Record) []byte {
	if r.Event != nil || t.event || !r.Time.Equal(t.ready) || len(t.segments) == 0 {
		t.prepare(r)
	}
	for i := range t.segments {
		s := &t.segments[i]
		b = append(b, t.fixed[s.begin:s.end]...)
		switch {
		case s.part == nil:
		case s.part.name == "message":
			b = s.part.appendText(b, r.Text)
		case s.part.plain:
			b = append(b, r.Mark)
		default:
			b = s.part.appendText(b, []byte{r.Mark})
		}
	}
	return append(b, '\n')
}

// recordPID is the process of a record: that which a mark is about, if it is known.
func recordPID(n *Names, r *Record) int {
	if r.Event != nil {
		return r.Event.PID
	}
	return n.pid()
}

// prepare makes what is the same in all records of the time and the process of a record. The process does not change between records that
// were read together.
func (t *Template) prepare(r *Record) {
	pid, at := recordPID(t.names, r), t.names.zone(r.Time)
	t.ready, t.event = r.Time, r.Event != nil
	t.fixed, t.segments = t.fixed[:0], t.segments[:0]
	begin := 0
	for i := range t.parts {
		switch p := &t.parts[i]; p.name {
		case "":
			t.fixed = append(t.fixed, p.text...)
		case "message", "mark":
			t.segments = append(t.segments, segment{begin, len(t.fixed), p})
			begin = len(t.fixed)
		default:
			t.fixed = p.appendValue(t.fixed, pid, at)
		}
	}
	t.segments = append(t.segments, segment{begin: begin, end: len(t.fixed)})
}

// appendValue appends the value of a name.
func (p *templatePart) appendValue(b []byte, pid int, at time.Time) []byte {
	switch {
	case p.plain && p.name == "asctime":
		return at.AppendFormat(b, ascTimeLayout)
	case p.plain && p.name == "time":
		return at.AppendFormat(b, TimeLayout)
	}
	scope := expand.Scope{Vars: []expand.Variable{example(p.name, pid, at)}}
	text, err := scope.Expand(p.format, "")
	if err != nil { // it has been checked with another value
		return b
	}
	return append(b, text...)
}

// appendText appends a text in the width and the precision of a format. Bytes that are not UTF-8 stay as they are.
func (p *templatePart) appendText(b, text []byte) []byte {
	if p.plain {
		return append(b, text...)
	}
	flags := p.format[strings.IndexByte(p.format, ')')+1 : len(p.format)-1]
	flags = strings.TrimRight(flags, "hlL")
	size, precision, limited := strings.Cut(flags, ".")
	if limited {
		n, _ := strconv.Atoi(precision)
		text = firstRunes(text, n)
	}
	width, _ := strconv.Atoi(strings.TrimLeft(size, "#0- +"))
	pad := bytes.Repeat([]byte{' '}, max(0, width-utf8.RuneCount(text)))
	if strings.Contains(size, "-") {
		return append(append(b, text...), pad...)
	}
	return append(append(b, pad...), text...)
}

// firstRunes returns the first n characters of a text.
func firstRunes(text []byte, n int) []byte {
	at := 0
	for ; n > 0 && at < len(text); n-- {
		_, size := utf8.DecodeRune(text[at:])
		at += size
	}
	return text[:at]
}
