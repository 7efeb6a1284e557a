package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/output"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Lines is how lines are written to the logs of both channels.
type Lines struct{ Out, Err ChannelLines }

// ChannelLines is how lines are written to the log of a channel. The zero value is the bytes as they come.
type ChannelLines struct {
	Format    LineFormat
	Fields    map[string]string
	UTC       bool
	JSONData  bool
	Multiline string // a regular expression; empty: none
	Marks     bool
	Buffered  Switch
	Tees      []Tee // destinations besides the log
}

// LineFormat is a format of lines.
type LineFormat struct {
	Kind     FormatKind `json:"kind,omitempty"`
	Template string     `json:"template,omitempty"` // of FormatTemplate, with the number of the process and the name of the host in it
}

// FormatKind is a kind of format.
type FormatKind uint8

// The kinds. The zero value is that of the original.
const (
	FormatPlain FormatKind = iota
	FormatText
	FormatJSON
	FormatTemplate
)

// String returns the value of the key, "template" for one.
func (k FormatKind) String() string {
	return [...]string{FormatPlain: "plain", FormatText: "text", FormatJSON: "json", FormatTemplate: "template"}[k]
}

// Whole reports whether only whole lines are written.
func (c *ChannelLines) Whole() bool {
	return c.Buffered == On || c.Buffered == Unset && c.Format.Kind != FormatPlain
}

// Used reports whether the log of the channel is anything but the bytes as they come, or is not the only destination.
func (c *ChannelLines) Used() bool {
	return c.Format.Kind != FormatPlain || c.Whole() || c.Marks || len(c.Tees) > 0
}

// Equal reports whether lines are written in the same way.
func (c *ChannelLines) Equal(other *ChannelLines) bool {
	a, b := *c, *other
	a.Fields, b.Fields = nil, nil
	return maps.Equal(c.Fields, other.Fields) && reflect.DeepEqual(a, b)
}

// Lines returns how lines of a channel are written.
func (p *Process) Lines(channel api.Channel) *ChannelLines {
	switch {
	case p.Extra == nil:
		return &noLines
	case channel == api.Stderr:
		return &p.Extra.Lines.Err
	}
	return &p.Extra.Lines.Out
}

var noLines ChannelLines

var (
	formatType = &Type[LineFormat]{name: "`plain`, `text`, `json`, or a text with `%(message)s`", parse: parseFormat, words: true,
		same: equal[LineFormat], text: func(f LineFormat) string {
			if f.Kind == FormatTemplate {
				return f.Template
			}
			return f.Kind.String()
		}}
	patternType = textType.with("regular expression", parseString)
)

func parseFormat(text string) (f LineFormat, err error) {
	for _, kind := range []FormatKind{FormatPlain, FormatText, FormatJSON} {
		if strings.EqualFold(text, kind.String()) {
			return LineFormat{Kind: kind}, nil
		}
	}
	if !strings.Contains(text, "%(message)") {
		return f, errWord
	}
	return LineFormat{Kind: FormatTemplate, Template: text}, nil
}

var linesPart partAt[Lines] = func(e *Extra) **Lines { return &e.Lines }

// lineKeys are the keys of Lines.
var lineKeys = inPart(linesPart, slices.Concat(
	channelLineKeys("stdout", func(e *Extra) *ChannelLines { return &e.Lines.Out }),
	channelLineKeys("stderr", func(e *Extra) *ChannelLines { return &e.Lines.Err })))

func channelLineKeys(channel string, of func(*Extra) *ChannelLines) []row[Process] {
	name := channel + "_logfile_"
	format := &extraKey[LineFormat]{Key: Key{Name: name + "format", Raw: true, Other: "json",
		Help: "how lines of the log are written: as they come, with time and name, as JSON, or by a template, see " +
			"[JSON logs in a container](howto-json-logs.md)"},
		Type: formatType, Field: func(e *Extra) *LineFormat { return &of(e).Format }}
	format.Then = func(k *sectionReader, p *Process) { k.checkTemplate(&format.Key, of(p.Extra)) }
	multiline := &extraKey[string]{Key: Key{Name: name + "multiline", Default: none, Other: `^\S`,
		Help: "a line that matches begins a record, to which the lines after it belong that do not, such as stack traces"},
		Type: patternType, Field: func(e *Extra) *string { return &of(e).Multiline }}
	multiline.Then = func(k *sectionReader, p *Process) { k.checkPattern(&multiline.Key, of(p.Extra)) }
	fields := &extraKey[map[string]string]{Key: Key{Name: name + "fields", Default: none, Other: "env=prod",
		Help: "constant members of each JSON record, `%(field.KEY)s` in templates"},
		Type: environmentType, Field: func(e *Extra) *map[string]string { return &of(e).Fields }}
	fields.Then = func(k *sectionReader, p *Process) { k.checkFields(&fields.Key, of(p.Extra)) }
	return table[Process](
		Key{Sections: InPrograms | InDefault, Topic: outputTopic, Scope: inProcess, Update: inPlace, Since: Ours},
		fields, format,
		&extraKey[bool]{Key: Key{Name: name + "utc", Other: "true", Help: "times of a format in UTC instead of local time"},
			Type: boolType, Field: func(e *Extra) *bool { return &of(e).UTC }},
		&extraKey[bool]{Key: Key{Name: name + "json_data", Other: "true",
			Help: "with `json`, a line that is an object by itself becomes the member `data` instead of `message`"},
			Type: boolType, Field: func(e *Extra) *bool { return &of(e).JSONData }},
		multiline,
		&extraKey[bool]{Key: Key{Name: name + "marks", Other: "true", Help: "starts and ends of the program appear in its log"},
			Type: boolType, Field: func(e *Extra) *bool { return &of(e).Marks }},
		&extraKey[Switch]{Key: Key{Name: name + "linebuffered", Other: "true", Default: "`false` with `plain`, else `true`",
			Help: "write whole lines only, also where the log is rotated"},
			Type: switchType, Field: func(e *Extra) *Switch { return &of(e).Buffered }},
		teeKey(channel, of),
	)
}

// fieldName is what the names of fields look like.
var fieldName = pattern(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// checkFields refuses names that no field can have.
func (k *sectionReader) checkFields(key *Key, c *ChannelLines) {
	for _, name := range slices.Sorted(maps.Keys(c.Fields)) {
		if !fieldName().MatchString(name) || slices.Contains(output.Reserved, name) {
			k.failf(key.Name, "invalid '%s' name %s", key.Name, pyrepr.Quote(name))
			return
		}
	}
}

// checkTemplate refuses a template that cannot be expanded, and puts into it what is known now.
func (k *sectionReader) checkTemplate(key *Key, c *ChannelLines) {
	if c.Format.Kind != FormatTemplate {
		return
	}
	v, _ := k.r.doc.Find(k.s, key.Name)
	names := &output.Names{Number: k.number, Host: k.r.node, Fields: c.Fields}
	text, err := output.ExpandTemplate(v.Text, v.In(k.s.Name)+"."+key.Name, names)
	if errors.Is(err, output.ErrTemplate) {
		err = invalidWord(key.Name, v.Text)
	}
	if err != nil {
		k.unreadable(key.Name, v, err)
		return
	}
	c.Format.Template = text
}

// checkPattern refuses what is no regular expression.
func (k *sectionReader) checkPattern(key *Key, c *ChannelLines) {
	_, err := regexp.Compile(c.Multiline)
	if problem := (*syntax.Error)(nil); errors.As(err, &problem) {
		v, _ := k.r.doc.Find(k.s, key.Name)
		k.unreadable(key.Name, v, fmt.Errorf("%w: %s", invalidWord(key.Name, c.Multiline), problem.Code))
	}
}
