package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFind shows which file a command is, and the error for one that cannot be run.
func TestFind(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"run": 0o700, "read": 0o444, "write": 0o666} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // independent of the umask
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, c := range []struct {
		command, path string
		reason        CommandReason
		text          string
	}{
		{"run a 'b c'", at("run"), 0, ""},
		{at("run"), at("run"), 0, ""},
		{"read", at("read"), NotExecutable, "command at '" + at("read") + "' is not executable"},
		{"write", at("write"), NotExecutable, "command at '" + at("write") + "' is not executable"},
		{dir, dir, NotExecutable, "command at '" + dir + "' is a directory"},
		{"absent", "absent", NotFound, "can't find command 'absent'"},
		{at("absent"), at("absent"), NotFound, "can't find command '" + at("absent") + "'"},
		{"", "", NotExecutable, "command is empty"},
		{"run 'x", "", NotExecutable, "can't parse command: No closing quotation"},
	} {
		run := &Run{Command: c.command, Environment: map[string]string{"PATH": dir}}
		path, args, err := run.Find()
		if c.text == "" {
			if err != nil || path != c.path || len(args) == 0 {
				t.Errorf("%s: %s %q, %v", c.command, path, args, err)
			}
			continue
		}
		refusal, ok := err.(*CommandError)
		if !ok || refusal.Reason != c.reason || refusal.Text != c.text || strings.Contains(refusal.Redacted(), "absent") {
			t.Errorf("%s: %#v", c.command, err)
		}
	}
}
