// Package ini parses configuration files into sections, keys and values with their places. It opens no file, and no section but
// [DEFAULT] has a meaning. Any goroutine may read a Document that is not being parsed.
//
// The dialect is that of Python's configparser with the options of the original. gopkg.in/ini.v1 differs: quotes, backticks and
// backslashes at the end of a line have a meaning, and comments, continued lines, repeated keys, order and errors follow other rules.
package ini

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// File is one file of the configuration.
type File struct {
	Path string // as messages show it
	Here string // its directory, absolute
	Mark bool   // it begins with a byte order mark
}

// Value is the text of one key, not yet expanded.
type Value struct {
	Text    string
	From    *File
	Line    int    // of the key, from 1
	Section string // from which a section without the key takes it; empty: its own
}

// In returns the section in whose place the value stands, for a section that has it.
func (v Value) In(section string) string {
	if v.Section != "" {
		return v.Section
	}
	return section
}

// Section has the keys of all sections of that name in all files.
type Section struct {
	Name   string
	First  *File // where it appeared first
	Line   int   // of its header there, from 1
	Values map[string]Value
}

// Document has the sections of all files, in the order of their first appearance.
type Document struct {
	Sections []*Section
	ByName   map[string]*Section
	Defaults map[string]Value // [DEFAULT], which applies to every section
	Partial  bool             // a file could not be read to its end, so what is missing may be in it
	Repeats  []*Repeat        // sections and keys that occur again
	Cut      map[Place]bool   // keys in whose values a comment began inside quotes
	Hint     string           // about a file that is probably not in UTF-8 though it could be; empty: there is none

	keys map[string]string // the names of keys that have been read
}

// Place is a line of a file.
type Place struct {
	From *File
	Line int
}

// Repeat is a section that occurs again, or a key that occurs again in it.
type Repeat struct {
	Section string
	Key     string   // empty: the section
	Before  Place    // of the section, its first occurrence
	Again   Place    // counts
	Keys    []string // of the section: the keys in which the two differ
}

// New returns a document without sections.
func New() *Document {
	return &Document{ByName: map[string]*Section{}, Defaults: map[string]Value{}, keys: map[string]string{}}
}

// key returns the name of a key, with memory that all sections share.
func (d *Document) key(name string) string {
	own, ok := d.keys[name]
	if !ok {
		own = strings.Clone(name)
		d.keys[own] = own
	}
	return own
}

// Find returns the value of a key in lower case, [DEFAULT] included.
func (d *Document) Find(s *Section, key string) (Value, bool) {
	if v, ok := s.Values[key]; ok {
		return v, true
	}
	v, ok := d.Defaults[key]
	return v, ok
}

// parser is the state between two lines of one file.
type parser struct {
	doc     *Document
	from    *File
	values  map[string]Value // of the current section, nil before the first header
	section string
	begin   int     // the line of its header
	repeat  *Repeat // of the section; nil: it has not occurred before
	cut     bool    // in the current value, a comment began inside quotes
	key     string  // whose value the next line may continue; empty: none
	lines   []string
	start   int // the line of key
	indent  int // of the line that began the current value
	bad     *Error
}

// Parse adds the text of a file to the document. The error is an *Error with file and line; sections and keys around a syntax error
// have been added.
func (d *Document) Parse(from *File, text string) error {
	if err := checkUTF8(text, from.Path); err != nil {
		d.Partial = true
		return err
	}
	text, from.Mark = strings.CutPrefix(text, "\ufeff")
	if isWide(text) {
		d.Hint = encodingHint(text, 0)
	}
	if strings.IndexByte(text, '\r') >= 0 {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	}
	p := parser{doc: d, from: from}
	for number := 1; text != ""; number++ {
		line := text
		if end := strings.IndexByte(text, '\n'); end >= 0 {
			line = text[:end+1]
		}
		text = text[len(line):]
		if err := p.line(line, number); err != nil {
			d.Partial = true
			return err
		}
	}
	p.flush()
	if p.bad != nil {
		return p.bad
	}
	return nil
}

// line parses a line, including its newline.
func (p *parser) line(line string, number int) error {
	cut := commentStart(line)
	text := line
	if cut != none {
		text = line[:cut]
	}
	text = pyrepr.TrimSpace(text)
	if text == "" {
		if cut == none && p.key != "" { // it belongs to the value, if that continues
			p.lines = append(p.lines, "")
		}
		return nil
	}
	indent := indentation(line)
	if p.key != "" && indent > p.indent {
		p.lines = append(p.lines, text)
		p.noteCut(cut)
		return nil
	}
	p.indent = indent
	if end := strings.LastIndexByte(text, ']'); text[0] == '[' && end >= 2 {
		p.header(text[1:end], number)
		return nil
	}
	if p.values == nil {
		return &Error{File: p.from.Path, Line: number, Syntax: true, Hint: p.doc.Hint, Text: fmt.Sprintf(
			"File contains no section headers.\nfile: %s, line: %d\n%s",
			pyrepr.Quote(p.from.Path), number, pyrepr.Quote(shown(line)))}
	}
	p.option(text, line, number)
	p.noteCut(cut)
	return nil
}

func (p *parser) header(name string, number int) {
	p.flush()
	p.section, p.begin, p.repeat = name, number, nil
	if s := p.doc.ByName[name]; s != nil {
		p.values = s.Values
		p.repeat = &Repeat{Section: name, Before: Place{s.First, s.Line}, Again: Place{p.from, number}}
		p.doc.Repeats = append(p.doc.Repeats, p.repeat)
		return
	}
	if name == "DEFAULT" {
		p.values = p.doc.Defaults
		return
	}
	name = strings.Clone(name) // as values
	s := &Section{Name: name, First: p.from, Line: number, Values: map[string]Value{}}
	p.doc.ByName[name] = s
	p.doc.Sections = append(p.doc.Sections, s)
	p.values = s.Values
}

func (p *parser) option(text, line string, number int) {
	delimiter := strings.IndexAny(text, "=:")
	if delimiter <= 0 {
		p.junk(line, number)
		if delimiter == 0 { // as in Python, "= x" ends the value before it and other junk does not
			p.flush()
		}
		return
	}
	p.flush()
	p.key = p.doc.key(strings.ToLower(pyrepr.TrimSpace(text[:delimiter])))
	p.lines = append(p.lines[:0], pyrepr.TrimSpace(text[delimiter+1:]))
	p.start = number
}

// junk adds a line that is neither header nor option to the error, which is returned at the end of the file.
func (p *parser) junk(line string, number int) {
	if p.bad == nil {
		p.bad = &Error{File: p.from.Path, Line: number, Section: p.section, Syntax: true, Hint: p.doc.Hint,
			Text: "Source contains parsing errors: " + pyrepr.Quote(p.from.Path)}
	}
	p.bad.Text += fmt.Sprintf("\n\t[line %2d]: %s", number, pyrepr.Quote(shown(line)))
}

// shown returns what messages show of a line that cannot be parsed: the line if it looks like a header, otherwise dots, because it
// may be a part of a password.
func shown(line string) string {
	if strings.HasPrefix(strings.TrimPrefix(pyrepr.TrimSpace(line), "\ufeff"), "[") {
		return line
	}
	return "..."
}

// flush stores the current value.
func (p *parser) flush() {
	if p.key == "" {
		return
	}
	text := strings.TrimRightFunc(strings.Join(p.lines, "\n"), pyrepr.IsSpace)
	v := Value{Text: strings.Clone(text), From: p.from, Line: p.start} // else a value that is kept would keep the text of the file
	if before, ok := p.values[p.key]; ok && before.Text != v.Text {
		p.repeated(before, v)
	}
	if p.cut {
		if p.doc.Cut == nil {
			p.doc.Cut = map[Place]bool{}
		}
		p.doc.Cut[Place{p.from, p.start}] = true
	}
	p.values[p.key] = v
	p.key, p.cut = "", false
}

// repeated notes that the key has another value already.
func (p *parser) repeated(before, v Value) {
	if p.repeat == nil || before.From == p.from && before.Line > p.begin { // within this section
		p.doc.Repeats = append(p.doc.Repeats, &Repeat{Section: p.section, Key: p.key,
			Before: Place{before.From, before.Line}, Again: Place{v.From, v.Line}})
		return
	}
	p.repeat.Keys = append(p.repeat.Keys, p.key)
}

// noteCut notes whether a comment, which began at an index of the line, was cut off inside quotes.
func (p *parser) noteCut(at int) {
	p.cut = p.cut || at != none && p.key != "" && insideQuotes(p.lines)
}

// insideQuotes reports whether a quote is open at the end of lines, by the rules of a shell.
func insideQuotes(lines []string) bool {
	var quote byte
	for _, line := range lines {
		for i := 0; i < len(line); i++ {
			switch c := line[i]; {
			case c == '\\' && quote != '\'':
				i++
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
			case c == quote:
				quote = 0
			}
		}
	}
	return quote != 0
}

const none = -1 // no index

// commentStart returns the index of the comment in a line, or none. A comment begins with ; or # at the start of the line or after a
// blank. The n-th ; and the n-th # are considered together, and the first n at which either of them begins a comment
// decides: in "x#y ;q #r" that is ";q", though in "x;y;z ;q #r" it is "#r".
func commentStart(line string) int {
	first := strings.IndexAny(line, ";#")
	if first == none {
		return none
	}
	if pyrepr.TrimSpace(line[:first]) == "" {
		return 0
	}
	next := [2]int{first, first}
	for start := none; next[0] != none || next[1] != none; {
		for i, prefix := range [2]byte{';', '#'} {
			if next[i] == none {
				continue
			}
			at := strings.IndexByte(line[next[i]:], prefix)
			if at == none {
				next[i] = none
				continue
			}
			at += next[i]
			next[i] = at + 1
			before, _ := utf8.DecodeLastRuneInString(line[:at])
			if pyrepr.IsSpace(before) && (start == none || at < start) {
				start = at
			}
		}
		if start != none {
			return start
		}
	}
	return none
}

// indentation returns the number of blanks at the start of a line, each counted as one.
func indentation(line string) int {
	n := 0
	for _, r := range line {
		if !pyrepr.IsSpace(r) {
			break
		}
		n++
	}
	return n
}
