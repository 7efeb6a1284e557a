package logs

import "github.com/gosupervisor/supervisor/internal/pyrepr"

// Messages contain text of clients, children and plug-ins, of which nothing may look like a line of the log: oneLine escapes
// what ends a line or drives a terminal, and appendLines marks lines of a program that begin with a date.

// oneLine returns b with control characters and other line ends escaped as in Python, except tabs; b[:from] stays as it is.
// Bytes that are not UTF-8 stay too. Without such characters, which is the usual case, that is b itself.
func oneLine(b []byte, from int) []byte {
	for i := from; i < len(b); i++ {
		if c := b[i]; c < ' ' && c != '\t' || c == 0x7f || c == 0xc2 || c == 0xe2 { // the last two begin U+0085, U+2028
			return append(b[:i], pyrepr.Escape(string(b[i:]), endsLine)...)
		}
	}
	return b
}

// endsLine reports whether a line of the log must not contain r.
func endsLine(r rune) bool { return pyrepr.EndsLine(r) && r != '\t' }

// appendLines appends lines of another text to a message. A line that begins with a date, as lines of the log do, gets a
// blank before it.
func appendLines(b, text []byte) []byte {
	done := 0
	for i := range text {
		if (i == 0 || text[i-1] < ' ') && isDated(text[i:]) {
			b = append(append(b, text[done:i]...), ' ')
			done = i
		}
	}
	return append(b, text[done:]...)
}

// isDated reports whether text begins with a date in the form of stampLayout, up to its seconds.
func isDated(text []byte) bool {
	const form = "dddd-dd-dd dd:dd:dd"
	if len(text) < len(form) {
		return false
	}
	for i, c := range []byte(form) {
		if isDigit := '0' <= text[i] && text[i] <= '9'; c == 'd' && !isDigit || c != 'd' && c != text[i] {
			return false
		}
	}
	return true
}
