package pyrepr

import "strings"

// Bytes returns repr(data), such as b'ok\xff\n'. It is in double quotes if data contains a single quote and no double
// quote.
func Bytes(data []byte) string {
	quote := byte('\'')
	if s := string(data); strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	const digits = "0123456789abcdef"
	b := make([]byte, 0, len(data)+3)
	b = append(b, 'b', quote)
	for _, c := range data {
		switch {
		case c == quote || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c < ' ' || c > '~':
			b = append(b, '\\', 'x', digits[c>>4], digits[c&15])
		default:
			b = append(b, c)
		}
	}
	return string(append(b, quote))
}
