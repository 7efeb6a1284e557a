package config

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// file is one file of the configuration.
type file struct {
	path string // as messages show it
	here string // its directory, absolute
}

// value is the text of one key, not yet expanded.
type value struct {
	text string
	from *file
	line int // of the key, from 1
}

// section is all that the files say under one name.
type section struct {
	name   string
	first  *file // where it appeared first
	line   int   // of its header there, from 1
	values map[string]value
}

// document is the merged text of all files: sections in the order of their first appearance.
type document struct {
	sections []*section
	byName   map[string]*section
	defaults map[string]value // [DEFAULT], seen in every section
	included bool             // there is an [include] section
}

func newDocument() *document {
	return &document{byName: map[string]*section{}, defaults: map[string]value{}}
}

// find returns the value of a key in lower case, [DEFAULT] included.
func (d *document) find(s *section, key string) (value, bool) {
	if v, ok := s.values[key]; ok {
		return v, true
	}
	v, ok := d.defaults[key]
	return v, ok
}

// parser is the state between two lines of one file.
type parser struct {
	doc     *document
	from    *file
	values  map[string]value // of the current section, nil before the first header
	section string
	key     string // whose value may go on in the next line; empty: none
	lines   []string
	start   int // the line of key
	indent  int // of the line that began the current value
	bad     *Error
}

// parse adds a file's text to the document. Its errors name the file and the line.
func (d *document) parse(from *file, text string) error {
	if err := checkUTF8(text, from.path); err != nil {
		return err
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
			return err
		}
	}
	p.flush()
	if p.bad != nil {
		return p.bad
	}
	return nil
}

// line takes the next line, its newline included.
func (p *parser) line(line string, number int) error {
	cut := commentStart(line)
	text := line
	if cut >= 0 {
		text = line[:cut]
	}
	text = pyrepr.TrimSpace(text)
	if text == "" {
		if cut < 0 && p.key != "" { // an empty line belongs to a value that goes on after it
			p.lines = append(p.lines, "")
		}
		return nil
	}
	indent := indentation(line)
	if p.key != "" && indent > p.indent {
		p.lines = append(p.lines, text)
		return nil
	}
	p.indent = indent
	if end := strings.LastIndexByte(text, ']'); text[0] == '[' && end >= 2 {
		p.header(text[1:end], number)
		return nil
	}
	if p.values == nil {
		return &Error{File: p.from.path, Line: number, Syntax: true, Value: line, Text: fmt.Sprintf(
			"File contains no section headers.\nfile: %s, line: %d\n%s",
			pyrepr.Quote(p.from.path), number, pyrepr.Quote(line))}
	}
	p.option(text, line, number)
	return nil
}

func (p *parser) header(name string, number int) {
	p.flush()
	p.section = name
	if s := p.doc.byName[name]; s != nil {
		p.values = s.values
		return
	}
	if name == "DEFAULT" {
		p.values = p.doc.defaults
		return
	}
	s := &section{name: name, first: p.from, line: number, values: map[string]value{}}
	p.doc.byName[name] = s
	p.doc.sections = append(p.doc.sections, s)
	p.values = s.values
}

func (p *parser) option(text, line string, number int) {
	delimiter := strings.IndexAny(text, "=:")
	if delimiter <= 0 {
		p.junk(line, number)
		if delimiter == 0 { // "= x" ends the value before it, other junk does not
			p.flush()
		}
		return
	}
	p.flush()
	p.key = strings.ToLower(pyrepr.TrimSpace(text[:delimiter]))
	p.lines = append(p.lines[:0], pyrepr.TrimSpace(text[delimiter+1:]))
	p.start = number
}

// junk notes a line that is neither header nor option; the whole file is read before its error is reported.
func (p *parser) junk(line string, number int) {
	if p.bad == nil {
		p.bad = &Error{File: p.from.path, Line: number, Section: p.section, Syntax: true, Value: line,
			Text: "Source contains parsing errors: " + pyrepr.Quote(p.from.path)}
	}
	p.bad.Text += fmt.Sprintf("\n\t[line %2d]: %s", number, pyrepr.Quote(line))
}

// flush stores the value that has ended.
func (p *parser) flush() {
	if p.key == "" {
		return
	}
	text := p.lines[0]
	if len(p.lines) > 1 {
		text = strings.TrimRightFunc(strings.Join(p.lines, "\n"), pyrepr.IsSpace)
	}
	p.values[p.key] = value{text: text, from: p.from, line: p.start}
	p.key = ""
}

// commentStart is where a line's comment begins, -1 without one. A comment begins with ; or # at the start or after a
// blank. The n-th ; and the n-th # are looked at together, and the first n at which either of them begins a comment
// decides: in "x#y ;q #r" that is ";q", though in "x;y;z ;q #r" it is "#r".
func commentStart(line string) int {
	if first := strings.IndexAny(line, ";#"); first < 0 {
		return -1
	} else if pyrepr.TrimSpace(line[:first]) == "" {
		return 0
	}
	next := [2]int{}
	for {
		start, found := -1, false
		for i, prefix := range [2]byte{';', '#'} {
			if next[i] < 0 {
				continue
			}
			at := strings.IndexByte(line[next[i]:], prefix)
			if at < 0 {
				next[i] = -1
				continue
			}
			found = true
			at += next[i]
			next[i] = at + 1
			if before, _ := utf8.DecodeLastRuneInString(line[:at]); pyrepr.IsSpace(before) && (start < 0 || at < start) {
				start = at
			}
		}
		if start >= 0 || !found {
			return start
		}
	}
}

// indentation is the number of blanks, whatever their width, before the first other character.
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
