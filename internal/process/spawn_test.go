package process

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/child"
	"github.com/gosupervisor/supervisor/internal/config"
)

// TestCommand shows which file a command is, and the error for one that cannot be run.
func TestCommand(t *testing.T) {
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
		p := &Process{Config: &config.Process{Run: config.Run{Command: c.command, Environment: map[string]string{"PATH": dir}}}}
		path, args, err := p.Command()
		if c.text == "" {
			if err != nil || path != c.path || len(args) == 0 {
				t.Errorf("%s: %s %q, %v", c.command, path, args, err)
			}
			continue
		}
		refusal, ok := err.(*CommandError)
		if !ok || refusal.Reason != c.reason || refusal.Text != c.text {
			t.Errorf("%s: %#v", c.command, err)
		}
	}
}

// TestSteps shows which keys of a program become steps of its start, in the order in which they are done.
func TestSteps(t *testing.T) {
	user := &child.User{UID: 1, GID: 2}
	for _, c := range []struct {
		user      *child.User
		directory string
		umask     int
		limits    config.Limits
		want      []child.Step
	}{
		{nil, "", -1, nil, nil},
		{user, "", -1, nil, []child.Step{user}},
		{nil, "/x", -1, nil, []child.Step{child.Directory("/x")}},
		{nil, "", 0, nil, []child.Step{child.Umask(0)}},
		{user, "/x", 0o27, nil, []child.Step{user, child.Directory("/x"), child.Umask(0o27)}},
		{user, "", 0, config.Limits{child.Directory("/y")}, []child.Step{user, child.Directory("/y"), child.Umask(0)}},
	} {
		p := &Process{Config: &config.Process{Run: config.Run{Directory: c.directory, Umask: c.umask}, Limits: c.limits}, user: c.user}
		steps := p.steps()
		if d := cmp.Diff(c.want, steps); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	}
}
