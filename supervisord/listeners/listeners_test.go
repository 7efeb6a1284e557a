package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosupervisor/supervisor/supervisorctl/client"
)

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "10000": 10000, "1kb": 1 << 10, "200MB": 200 << 20, "3 Gb": 3 << 30} {
		if got, err := parseBytes(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for text, want := range map[string]time.Duration{"7": 7 * time.Second, "2m": 2 * time.Minute, "1H": time.Hour,
		"1d": 24 * time.Hour, "5s": 5 * time.Second} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "MB", "x", "-1", "1TB", "9999999999GB", "1.5MB"} {
		if n, err := parseBytes(bad); err == nil {
			t.Errorf("%s: %d", bad, n)
		}
	}
}

// TestNames checks by which names options select processes. covers: REP-G15
func TestNames(t *testing.T) {
	list := []string{"a", "g:b", "w:*"}
	for _, c := range []struct {
		group, name string
		want        bool
	}{{"a", "a", true}, {"x", "a", true}, {"g", "b", true}, {"b", "b", false}, {"g", "c", false},
		{"w", "x", true}, {"x", "w", false}, {"v", "x", false}} {
		if got := listed(list, c.group, c.name); got != c.want {
			t.Errorf("%s:%s: %t", c.group, c.name, got)
		}
	}
}

// TestSend checks what the command gets, and that no text can add a header.
func TestSend(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mail")
	m := mailer{to: "a@b\nBcc: x@y", command: "cat >" + file + "; echo said"}
	m.send("s\r\nX: y", "text\n")
	got, err := os.ReadFile(file)
	if want := "To: a@b Bcc: x@y\nSubject: s  X: y\n\ntext\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
	if err := pipe("exit 3", ""); err == nil {
		t.Error("no error from a command that fails")
	}
	(&mailer{command: "echo >>" + file}).send("without an address", "")
	if again, _ := os.ReadFile(file); string(again) != string(got) {
		t.Error("something was sent without an address")
	}
}

// TestChoose checks that a link's name or the first argument chooses the listener, and the name that messages begin with.
func TestChoose(t *testing.T) {
	for _, c := range []struct {
		argv               []string
		program, name, arg string
	}{
		{[]string{"/usr/bin/supervisor-memmon", "-h"}, "memmon", "/usr/bin/supervisor-memmon", "-h"},
		{[]string{"httpok", "crashmail"}, "httpok", "httpok", "crashmail"},
		{[]string{"bin/supervisor-listeners", "crashmail", "-a"}, "crashmail", "bin/supervisor-listeners crashmail", "-a"},
		{[]string{"x", "supervisor-fatalmailbatch", "-h"}, "fatalmailbatch", "x supervisor-fatalmailbatch", "-h"},
		{[]string{"supervisor-listeners"}, "", "", ""},
		{[]string{"supervisor-listeners", "-h", "memmon"}, "", "", ""},
	} {
		p, name, args := choose(c.argv)
		got := ""
		if p != nil {
			got = p.name
		}
		if got != c.program || name != c.name || strings.Join(args, " ") != c.arg {
			t.Errorf("%q: %s called %s with %q", c.argv, got, name, args)
		}
	}
}

// TestLimit checks that the lowest limit applies, of all names that select a process. covers: REP-G15
func TestLimit(t *testing.T) {
	m := memmon{programs: limits{"a": 50, "g:a": 40, "g:*": 30}, groups: limits{"h": 20}, any: 45}
	for _, c := range []struct {
		group, name string
		want        int64
	}{{"x", "a", 45}, {"g", "a", 30}, {"g", "b", 30}, {"h", "a", 20}, {"x", "b", 45}} {
		if got, ok := m.limit(client.ProcessInfo{Group: c.group, Name: c.name}); got != c.want || !ok {
			t.Errorf("%s:%s: %d, %t", c.group, c.name, got, ok)
		}
	}
	m.any = 0
	if got, ok := m.limit(client.ProcessInfo{Group: "x", Name: "b"}); ok {
		t.Errorf("no limit: %d", got)
	}
}
