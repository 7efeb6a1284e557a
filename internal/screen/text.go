package screen

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/gosupervisor/supervisor/internal/api"
)

// What a terminal is sent for styles (SGR).
const (
	reset   = "\x1b[m"
	bold    = "\x1b[1m"
	faint   = "\x1b[2m"
	reverse = "\x1b[7m"
	red     = "\x1b[31m"
	green   = "\x1b[32m"
	yellow  = "\x1b[33m"
)

// colors are those of states. Each state is also a word.
var colors = map[api.State]string{
	api.Running: green, api.Starting: yellow, api.Stopping: yellow, api.Backoff: yellow, api.Fatal: red, api.Unknown: red,
}

// clean returns a line of a log as a terminal may get it: text, colors and blanks. Of a line that returns to its beginning, the last
// text is shown.
func clean(raw []byte) string {
	if len(raw) > maxLine {
		raw = raw[:maxLine]
	}
	raw = []byte(strings.TrimRight(string(raw), "\r"))
	if i := strings.LastIndexByte(string(raw), '\r'); i >= 0 {
		raw = raw[i+1:]
	}
	var b strings.Builder
	styled, column := false, 0
	var state byte
	for text := string(raw); len(text) > 0; {
		sequence, width, n, next := ansi.DecodeSequence(text, state, nil)
		state = next
		text = text[n:]
		switch {
		case sequence == "\t":
			blanks := 8 - column%8
			b.WriteString(strings.Repeat(" ", blanks))
			column += blanks
		case isColor(sequence):
			b.WriteString(sequence)
			styled = true
		case width > 0:
			b.WriteString(strings.ToValidUTF8(sequence, "\uFFFD"))
			column += width
		case len(sequence) == 1 && sequence[0] >= 0xa0: // a byte that is no UTF-8
			b.WriteString("\uFFFD")
			column++
		}
	}
	if styled {
		b.WriteString(reset)
	}
	return b.String()
}

// isColor reports whether a sequence sets only styles.
func isColor(sequence string) bool {
	return strings.HasPrefix(sequence, "\x1b[") && strings.HasSuffix(sequence, "m") &&
		strings.Trim(sequence[2:len(sequence)-1], "0123456789;:") == ""
}

// plain returns text of the supervisord, a name or a description, without what a terminal would act on.
func plain(text string) string { return ansi.Strip(clean([]byte(text))) }

// cut returns a text of at most width cells.
func cut(text string, width int) string {
	if ansi.StringWidth(text) <= width {
		return text
	}
	cut := ansi.Truncate(text, width, "")
	if strings.Contains(cut, "\x1b[") {
		cut += reset
	}
	return cut
}

// pad returns a text of exactly width cells.
func pad(text string, width int, right bool) string {
	text = cut(text, width)
	blanks := strings.Repeat(" ", max(width-ansi.StringWidth(text), 0))
	if right {
		return blanks + text
	}
	return text + blanks
}

// ascii replaces all characters that are not in ASCII.
func ascii(text string) string {
	return strings.Map(func(r rune) rune {
		if r > 0x7e {
			return '?'
		}
		return r
	}, text)
}

// bytesText returns a number of bytes with a unit of 1024.
func bytesText(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	value := float64(n)
	for _, unit := range []string{"KB", "MB"} {
		if value /= 1024; value < 999.95 {
			return fmt.Sprintf("%.1f %s", value, unit)
		}
	}
	return fmt.Sprintf("%.1f GB", value/1024)
}
