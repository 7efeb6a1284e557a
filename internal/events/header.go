package events

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// Listeners split a header at its line feed, then at white space, then at colons. So a value must contain neither a line
// feed nor white space, or a client could add headers: they are escaped as in Python. Data after the headers is delimited by
// its length and stays as it is.

// headerName returns the name of a process, group or pool as the value of a header.
func headerName(text string) string {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f {
			return pyrepr.Escape(text, func(r rune) bool { return unicode.IsSpace(r) || pyrepr.EndsLine(r) })
		}
	}
	return text
}

// remoteType returns the type of a REMOTE_COMMUNICATION event as the value of a header. A type with blanks keeps them, unless
// what follows one would be another header: then blanks and colons are escaped from the first blank on.
func remoteType(text string) string {
	if !utf8.ValidString(text) {
		text = "Undecodable: " + pyrepr.Bytes([]byte(text))
	}
	text = pyrepr.Escape(text, pyrepr.EndsLine)
	blank := strings.IndexFunc(text, unicode.IsSpace)
	if blank < 0 || !strings.Contains(text[blank:], ":") {
		return text
	}
	return text[:blank] + pyrepr.Escape(text[blank:], func(r rune) bool { return unicode.IsSpace(r) || r == ':' })
}

// headerIdentifier returns the identifier of supervisord as the value of a header. It may contain blanks.
func headerIdentifier(text string) string { return pyrepr.Escape(text, pyrepr.EndsLine) }
