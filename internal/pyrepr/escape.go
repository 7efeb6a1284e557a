package pyrepr

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// EndsLine reports whether r ends a line or drives a terminal: it is a control character, tabs included, or a line separator.
func EndsLine(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// Escape returns s with the characters that unsafe reports in the notation of Python, such as \n, \x20 and \u2028. All else
// stays as it is: backslashes, and bytes that are not UTF-8. If there are no such characters, that is s itself.
func Escape(s string, unsafe func(rune) bool) string {
	first := strings.IndexFunc(s, unsafe)
	if first < 0 {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:first])
	for s = s[first:]; len(s) > 0; {
		r, size := utf8.DecodeRuneInString(s)
		if unsafe(r) {
			b.WriteString(escaped(r))
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

func escaped(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r <= 0xff:
		return fmt.Sprintf(`\x%02x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}
