package ctl

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

var screenCases = []struct{ name, in, want string }{
	{"text", "a line\n\ttab\rreturn\bback", "a line\n\ttab\rreturn\bback"},
	{"UTF-8", "käse, 日本, 🎉, \u00a0", "käse, 日本, 🎉, \u00a0"},
	{"colors", "\x1b[31mred\x1b[0m \x1b[1;38;5;200mx\x1b[38:2::1:2:3my\x1b[m", "\x1b[31mred\x1b[0m \x1b[1;38;5;200mx\x1b[38:2::1:2:3my\x1b[m"},
	{"title", "\x1b]0;owned\x07x", "^[]0;owned^Gx"},
	{"clipboard", "\x1b]52;c;cm0=\x1b\\x", "^[]52;c;cm0=^[\\x"},
	{"device control", "\x1bP$q\"p\x1b\\", "^[P$q\"p^[\\"},
	{"clear", "\x1b[2J\x1b[H\x1bc", "^[[2J^[[H^[c"},
	{"keys, which end as colors", "\x1b[>4;2m", "^[[>4;2m"},
	{"report", "\x1b[6n\x1b[c", "^[[6n^[[c"},
	{"alternate screen", "\x1b[?1049h", "^[[?1049h"},
	{"twice", "\x1b\x1b[2J", "^[^[[2J"},
	{"a color in a string", "\x1b]0;\x1b[31mx\x07", "^[]0;\x1b[31mx^G"},
	{"C1", "\u009b2J\u0090x\u009d0;y\u009c", `\x9b2J\x90x\x9d0;y\x9c`},
	{"C1 of 8 bits", "\x9b2J\x85", `\x9b2J\x85`},
	{"C1 after the begin of a character", "\xe0\x9b2J", "\xe0" + `\x9b2J`},
	{"Latin-1", "k\xe4se", "k\xe4se"},
	{"other control characters", "\x00\x05\x07\x0b\x0c\x0e\x0f\x7f", "^@^E^G^K^L^N^O^?"},
	{"no end", "\x1b[" + strings.Repeat("1", 500) + "m", "^[[" + strings.Repeat("1", 500) + "m"},
	{"cut at the end", "x\x1b", "x^["},
	{"cut in a color", "x\x1b[3", "x^[[3"},
	{"cut in a character", "x\xe6\x97", "x\xe6" + `\x97`},
}

// TestScreen cuts each text at every place and in bytes.
// covers: SEC-24b
// differs: DIFF-208 the original passes everything to the terminal
func TestScreen(t *testing.T) {
	terminal := &Controller{options: Options{OutTerminal: true}}
	for _, c := range screenCases {
		if got := terminal.visible(c.in, false); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		for cut := range len(c.in) + 1 {
			var out bytes.Buffer
			s := terminal.screen(&out, false)
			s.Write([]byte(c.in[:cut]))
			s.Write([]byte(c.in[cut:]))
			if len(s.held) >= maxColor {
				t.Errorf("%s: %d bytes held", c.name, len(s.held))
			}
			s.flush()
			if out.String() != c.want {
				t.Errorf("%s, cut at %d: %q, want %q", c.name, cut, out.String(), c.want)
			}
		}
		var out bytes.Buffer
		s := terminal.screen(&out, false)
		for i := range len(c.in) {
			s.Write([]byte{c.in[i]})
		}
		s.flush()
		if out.String() != c.want {
			t.Errorf("%s, in bytes: %q, want %q", c.name, out.String(), c.want)
		}
	}
}

// TestScreenRaw checks that --raw, and an output that is no terminal, change nothing.
func TestScreenRaw(t *testing.T) {
	for _, c := range screenCases {
		for _, raw := range []bool{true, false} {
			controller := &Controller{options: Options{OutTerminal: raw}}
			var out bytes.Buffer
			s := controller.screen(&out, raw)
			s.Write([]byte(c.in))
			s.flush()
			if out.String() != c.in || controller.visible(c.in, raw) != c.in {
				t.Errorf("%s: %q", c.name, out.String())
			}
		}
	}
}

// FuzzScreen checks that no control sequence other than a color reaches a terminal, however the text is cut.
func FuzzScreen(f *testing.F) {
	for _, c := range screenCases {
		f.Add([]byte(c.in), uint(3))
	}
	f.Fuzz(func(t *testing.T, in []byte, cut uint) {
		var out bytes.Buffer
		s := &screen{to: &out}
		at := cut % uint(len(in)+1)
		s.Write(in[:at])
		s.Write(in[at:])
		s.flush()
		whole, rest := visible(in, true)
		if len(rest) > 0 || !bytes.Equal(whole, out.Bytes()) {
			t.Fatalf("%q, cut at %d: %q, in one piece %q", in, at, out.Bytes(), whole)
		}
		for data := out.Bytes(); len(data) > 0; {
			length, safe := unit(data)
			if length == 0 && data[0] >= 0xa0 { // the begin of a character at the end
				return
			}
			if !safe {
				t.Fatalf("%q: %q", in, data)
			}
			data = data[length:]
		}
	})
}

// TestCommandsOnTerminal shows a log that drives a terminal with each command that follows one.
// covers: SEC-24b
func TestCommandsOnTerminal(t *testing.T) {
	member := func(e *xmlrpc.Encoder, name, value string) {
		e.Member(name)
		e.String(value)
	}
	info := func(e *xmlrpc.Encoder) {
		e.BeginStruct()
		member(e, "name", "p")
		member(e, "group", "p")
		member(e, "stdout_logfile", "/log")
		e.Member("state")
		e.Int(20)
		e.EndStruct()
	}
	f := startFake(t, map[string]answer{
		"getProcessInfo": func(e *xmlrpc.Encoder) (int, string) {
			info(e)
			return 0, ""
		},
		"getAllProcessInfo": func(e *xmlrpc.Encoder) (int, string) {
			e.BeginArray()
			info(e)
			e.EndArray()
			return 0, ""
		},
	})
	const log = "\x1b[31mä\x1b[0m\x1b]0;owned\x07\n"
	rpc := f.Config.Handler
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			rpc.ServeHTTP(w, r)
		case strings.HasSuffix(r.URL.Path, "/stderr"):
			http.NotFound(w, r)
		default:
			for i := range len(log) { // in pieces
				io.WriteString(w, log[i:i+1])
				w.(http.Flusher).Flush()
			}
		}
	})
	for _, command := range []string{"tail %s -f p", "maintail %s -f", "logs -f %s p", "fg %s p"} {
		for _, c := range []struct {
			terminal bool
			raw      string
			want     string
		}{
			{true, "", "\x1b[31mä\x1b[0m^[]0;owned^G\n"},
			{true, "--raw", log},
			{false, "", log},
		} {
			var out, stderr bytes.Buffer
			words := strings.Fields(fmt.Sprintf(command, c.raw))
			New(Options{ServerURL: f.URL, OutTerminal: c.terminal, In: strings.NewReader(""), Out: &out, Err: &stderr}).Run(words)
			if !strings.Contains(out.String(), c.want) || stderr.Len() > 0 {
				t.Errorf("%q, terminal %t: %q, %s", words, c.terminal, out.String(), stderr.String())
			}
		}
	}
}
