// Package pyrepr formats and parses values as Python does, because the original's messages and log lines show them in that
// form. Its functions are pure; any goroutine may call them.
package pyrepr

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Quote returns repr(s): s in single quotes, or in double quotes if it contains a single quote and no double quote.
// Characters that cannot be printed are escaped; a byte that is not UTF-8 is \udcXX.
func Quote(s string) string {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte(quote)
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, `\udc%02x`, s[0])
			s = s[1:]
			continue
		}
		writeRune(&b, r, rune(quote))
		s = s[size:]
	}
	b.WriteByte(quote)
	return b.String()
}

func writeRune(b *strings.Builder, r, quote rune) {
	switch {
	case r == quote || r == '\\':
		b.WriteByte('\\')
		b.WriteRune(r)
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\r':
		b.WriteString(`\r`)
	case r == '\t':
		b.WriteString(`\t`)
	case unicode.IsPrint(r):
		b.WriteRune(r)
	case r <= 0xff:
		fmt.Fprintf(b, `\x%02x`, r)
	case r <= 0xffff:
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		fmt.Fprintf(b, `\U%08x`, r)
	}
}

// List returns repr(items), such as ['a', 'b'].
func List(items []string) string {
	quoted := make([]string, len(items))
	for i, item := range items {
		quoted[i] = Quote(item)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// IsSpace reports whether str.isspace is true for r: Unicode white space and the four ASCII separators.
func IsSpace(r rune) bool {
	return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f
}

// TrimSpace returns s without white space at both ends. Source: str.strip.
func TrimSpace(s string) string { return strings.TrimFunc(s, IsSpace) }
