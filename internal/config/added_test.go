package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNewProcesses checks that a program that is in no file is read as if it were in the main file.
func TestNewProcesses(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "sd.conf", "[supervisord]\nenvironment=A=1\n")
	c, err := loadFile(t, path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.NewProcesses("g", "web", []Option{{"COMMAND", "%(here)s/%(program_name)s %(ENV_A)s %(group_name)s"},
		{"numprocs", "2"}, {"process_name", "%(process_num)d"}, {"priority", "5"}, {"environment", "B=2"}})
	if err != nil || len(got) != 2 {
		t.Fatalf("%v, %v", got, err)
	}
	p := got[1]
	if p.ProcessName != "1" || p.Run.Command != dir+"/web 1 g" || p.Priority != 5 || p.Section != "program:web" {
		t.Errorf("%+v %+v", p, p.Program)
	}
	if d := cmp.Diff(map[string]string{"A": "1", "B": "2"}, p.Run.Environment); d != "" {
		t.Error(d)
	}
	const where = " in section 'program:web' (file: '"
	for text, want := range map[string]string{
		"":          "program section program:web does not specify a command",
		"numprocs":  "invalid literal for int() with base 10: 'no'",
		"autostart": "not a valid boolean value: 'no such'",
	} {
		options := []Option{{"command", "x"}, {text, "no"}}
		switch text {
		case "":
			options = nil
		case "autostart":
			options[1].Text = "no such"
		}
		if _, err := c.NewProcesses("g", "web", options); err == nil || err.Error() != want+where+path+"')" {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := c.NewProcesses("g", "a:b", []Option{{"command", "x"}}); err == nil {
		t.Error("an invalid name is accepted")
	}
	_, err = c.NewProcesses("g", "web", []Option{{"command", "x"}, {"umask", "9"}})
	if want := "9 can not be converted to an octal type" + where + path + "')"; err == nil || Explain(err) != want {
		t.Errorf("got %q, want %q", Explain(err), want)
	}
}
