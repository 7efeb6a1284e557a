package sdnotify

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func text(s string) *string { return &s }

// TestParse has the messages of sd_notify(3), together and alone, and what is none.
func TestParse(t *testing.T) {
	for message, want := range map[string]Message{
		"READY=1":                               {State: Ready},
		"READY=1\n":                             {State: Ready},
		"READY=1\nRELOADING=1":                  {State: Reloading},
		"RELOADING=1\nMONOTONIC_USEC=5":         {State: Reloading},
		"STOPPING=1\nSTATUS=bye":                {State: Stopping, Status: text("bye")},
		"STATUS=":                               {Status: text("")},
		"STATUS=a=b c":                          {Status: text("a=b c")},
		"WATCHDOG=1":                            {Watchdog: Alive},
		"WATCHDOG=trigger\nWATCHDOG=1":          {Watchdog: Trigger},
		"WATCHDOG=2":                            {Unknown: "WATCHDOG"},
		"WATCHDOG_USEC=1500000":                 {Interval: 1500 * time.Millisecond},
		"WATCHDOG_USEC=0":                       {Unknown: "WATCHDOG_USEC"},
		"EXTEND_TIMEOUT_USEC=99999999999999999": {Extend: (1<<63 - 1) / time.Microsecond * time.Microsecond},
		"EXTEND_TIMEOUT_USEC=-1":                {Unknown: "EXTEND_TIMEOUT_USEC"},
		"MAINPID=4711":                          {MainPID: 4711},
		"MAINPID=0":                             {Unknown: "MAINPID"},
		"MAINPID=99999999999":                   {Unknown: "MAINPID"},
		"BARRIER=1":                             {Barrier: true},
		"READY=0":                               {Unknown: "READY"},
		"FDSTORE=1\nFDNAME=x":                   {Unknown: "FDSTORE"},
		"":                                      {},
		"\x00\xff":                              {Unknown: "\ufffd\ufffd"},
	} {
		if diff := cmp.Diff(want, parse([]byte(message))); diff != "" {
			t.Errorf("%q: %s", message, diff)
		}
	}
}

// A status has at most 256 bytes, whole characters, and none that a terminal or XML could not have.
func TestStatus(t *testing.T) {
	for in, want := range map[string]string{
		"a\x1b[31mb\x7f\u0085":            "a\ufffd[31mb\ufffd\ufffd",
		"\xff\xfe\uffff":                  "\ufffd\ufffd\ufffd",
		strings.Repeat("x", 300):          strings.Repeat("x", 256),
		strings.Repeat("é", 300):          strings.Repeat("é", 128),
		"\x01" + strings.Repeat("x", 299): "\ufffd" + strings.Repeat("x", 253),
		strings.Repeat("x", 255) + "éx":   strings.Repeat("x", 255),
	} {
		if got := *parse([]byte("STATUS=" + in)).Status; got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// FuzzParse shows that any datagram gives values within their bounds.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"READY=1\nSTATUS=ok", "WATCHDOG=1", "MAINPID=1\nEXTEND_TIMEOUT_USEC=18446744073709551615", "BARRIER=1", "\xffSTATUS=\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := parse(data)
		texts := []string{m.Unknown}
		if m.Status != nil {
			texts = append(texts, *m.Status)
		}
		for _, text := range texts {
			if len(text) > maxStatus || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
				t.Errorf("%q gives %q", data, text)
			}
			var b strings.Builder
			if err := xml.EscapeText(&b, []byte(text)); err != nil || strings.Count(b.String(), "\ufffd") != strings.Count(text, "\ufffd") {
				t.Errorf("%q: XML cannot have %q", data, text)
			}
		}
		if m.MainPID < 0 || m.Interval < 0 || m.Extend < 0 || m.FD != 0 || m.Refused != 0 {
			t.Errorf("%q gives %+v", data, m)
		}
		if again := parse([]byte(strings.TrimSuffix(string(data), "\n") + "\n")); !cmp.Equal(m, again) {
			t.Errorf("%q: %s", data, cmp.Diff(m, again))
		}
	})
}
