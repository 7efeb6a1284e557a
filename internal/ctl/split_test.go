package ctl

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSplit checks which semicolons separate commands.
// covers: REP-F17
func TestSplit(t *testing.T) {
	c := New(Options{ServerURL: "unix:///no/such/socket", Out: new(strings.Builder), Err: new(strings.Builder)})
	for line, want := range map[string][]string{
		"start sp;ace":        {"start sp;ace"},
		"start sp;ace;status": {"start sp;ace", "status"},
		"pid;pid":             {"pid", "pid"},
		"pid; help pid":       {"pid", " help pid"},
		"pid;exit":            {"pid", "exit"},
		"pid;?pid":            {"pid", "?pid"},
		"pid;":                {"pid", ""},
		"pid; ":               {"pid", " "},
		"pid ; nope":          {"pid ", " nope"},
		"start a; nope":       {"start a; nope"},
		"start a;pid_2":       {"start a;pid_2"},
		"start a;pid-2":       {"start a;pid-2"},
		"pid;;pid":            {"pid", "", "pid"},
		"; pid":               {"", " pid"},
		"status 'a;pid'":      {"status 'a;pid'"},
	} {
		if diff := cmp.Diff(want, c.split(line)); diff != "" {
			t.Errorf("%q: -want +got\n%s", line, diff)
		}
	}
}

// FuzzCommandLine splits lines into commands and words, and completes them. Nothing is lost or added, and no part can be
// split again.
func FuzzCommandLine(f *testing.F) {
	for _, line := range []string{"", "status", "start a; stop b", `signal "a;b" c;d`, "?start", "a'b;c", `";";`, "tail -5 x;;", "é;x",
		"stop 'web:*' \"a", "\x00;\xff", ";;;", "help\t;", "  pid  ;  version  "} {
		f.Add(line)
	}
	c := New(Options{ServerURL: "unix:///no/such/socket", Out: new(strings.Builder), Err: new(strings.Builder)})
	f.Fuzz(func(t *testing.T, line string) {
		parts := c.split(line)
		if strings.Join(parts, ";") != line {
			t.Fatalf("%q: split into %q", line, parts)
		}
		for _, part := range parts {
			if again := c.split(part); len(again) != 1 {
				t.Errorf("%q can be split again: %q", part, again)
			}
			word, arg, ok := parse(strings.TrimSpace(part))
			if ok != (word != "") || strings.ContainsAny(word, " ;\"'") || strings.TrimSpace(arg) != arg {
				t.Errorf("%q: %q, %q, %v", part, word, arg, ok)
			}
		}
		head, words := c.complete(line)
		if !strings.HasPrefix(line, head) {
			t.Errorf("%q: completion keeps %q", line, head)
		}
		for _, word := range words {
			if !strings.HasPrefix(head+word, line) {
				t.Errorf("%q cannot become %q", line, head+word)
			}
		}
	})
}
