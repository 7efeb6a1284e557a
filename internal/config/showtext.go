package config

import (
	"strings"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/ini"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// empty is an expression that expands to nothing. It separates what would have another meaning in a file.
const empty = "%(here).0s"

// encodeValue returns the text for a file whose value is text. Blanks at the ends of lines, empty lines, and what would be a comment are
// guarded by an expression, if the key can expand it.
func encodeValue(text string, guarded bool) string {
	if !guarded || text == "" {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = encodeLine(line)
	}
	return strings.Join(lines, "\n")
}

func encodeLine(line string) string {
	if line == "" {
		return empty
	}
	var b strings.Builder
	before := ' '
	for i, r := range line {
		if i == 0 && pyrepr.IsSpace(r) || (r == ';' || r == '#') && pyrepr.IsSpace(before) {
			b.WriteString(empty)
		}
		_, size := utf8.DecodeRuneInString(line[i:])
		b.WriteString(line[i : i+size])
		before = r
	}
	if pyrepr.IsSpace(before) {
		b.WriteString(empty)
	}
	return b.String()
}

// decodeValue returns the value that a file with the text has.
func decodeValue(text string) string {
	doc := ini.New()
	err := doc.Parse(&ini.File{}, "[x]\nk = "+strings.ReplaceAll(text, "\n", "\n  ")+"\n")
	if s := doc.ByName["x"]; err == nil && s != nil && len(s.Values) == 1 {
		return s.Values["k"].Text
	}
	return "\x00" // no value
}
