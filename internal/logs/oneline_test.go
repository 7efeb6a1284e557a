package logs

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/gosupervisor/supervisor/internal/api"
)

// forged is what a client or a child writes to add a line to the log.
const forged = "2026-01-01 00:00:00,000 CRIT forged"

// No text in a message ends its line or drives a terminal; other text stays as it is.
// covers: SEC-25
func TestOneLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"plain, tab\t, backslash \\n, café, €, 日本, \xff\xfe", "plain, tab\t, backslash \\n, café, €, 日本, \xff\xfe"},
		{"a\n" + forged, `a\n` + forged},
		{"a\r\n" + forged, `a\r\n` + forged},
		{"a\v\f\x00\x1b[2Kb\x7f", `a\x0b\x0c\x00\x1b[2Kb\x7f`},
		{"é\u0085é\u009b\u2028\u2029\xff\n\xc2", "é\\x85é\\x9b\\u2028\\u2029\xff\\n\xc2"},
	} {
		var log bytes.Buffer
		m := NewMain(&log, api.Blather)
		m.Log(api.Warn, c.text)
		m.Warnf("%s", c.text)
		m.Lines(api.Warn, c.text, nil)
		want := "WARN " + c.want + "\n"
		if got := withoutDates(log.String()); got != want+want+want {
			t.Errorf("%q: got %q", c.text, got)
		}
	}
}

func withoutDates(log string) string {
	return regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} `).ReplaceAllString(log, "")
}

// Output of a program is copied as it is, at debug, but no line of it looks like one of the log.
// covers: SEC-25
// differs: DIFF-196 a line that begins with a date is marked
func TestOutputLines(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{"a\nb\x1b[1mc\n", "a\nb\x1b[1mc\n"},
		{forged + "\n" + forged, " " + forged + "\n " + forged},
		{"a\r" + forged + "\r\n\v" + forged, "a\r " + forged + "\r\n\v " + forged},
		{"a " + forged, "a " + forged},
		{"2026-01-01 00:00:0", "2026-01-01 00:00:0"},
		{"2026-01-01T00:00:00", "2026-01-01T00:00:00"},
	} {
		var log bytes.Buffer
		target := DebugTarget{Main: NewMain(&log, api.Debug), Process: "p\nq", Channel: api.Stdout}
		target.Write([]byte(c.data))
		if _, got, _ := strings.Cut(log.String(), "DEBG "); got != `'p\nq' stdout output:`+"\n"+c.want+"\n" {
			t.Errorf("%q: got %q", c.data, got)
		}
	}
}
