package config

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseCtlArgs(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-v"}, "option -v not recognized"},
		{[]string{"-s", "bogus"}, "invalid value for -s 'bogus': value 'bogus' is not a URL"},
		{[]string{"-s", "http://"}, "invalid value for -s 'http://': value 'http://' is not a URL"},
		{[]string{"-s", "/x"}, "invalid value for -s '/x': value '/x' is not a URL"},
		{[]string{"-s", "9a:x"}, "invalid value for -s '9a:x': value '9a:x' is not a URL"},
		{[]string{"-s", "bogus:x"}, ""},
		{[]string{"-s", "unix:///x"}, ""},
		{[]string{"-i", "-i"}, "conflicting command line option '-i'"},
		{[]string{"status", "-Z"}, ""},
		{[]string{"--hist=x"}, ""},
		{[]string{"-s", "a"}, "invalid value for -s 'a': value 'a' is not a URL"},
		{[]string{"-s", ":x"}, "invalid value for -s ':x': value ':x' is not a URL"},
		{[]string{"-s", "a:"}, "invalid value for -s 'a:': value 'a:' is not a URL"},
		{[]string{"-s", "a:?x"}, "invalid value for -s 'a:?x': value 'a:?x' is not a URL"},
		{[]string{"-s", "a://#x"}, "invalid value for -s 'a://#x': value 'a://#x' is not a URL"},
		{[]string{"-s", "a://x#y"}, ""},
		{[]string{"-s", "aZzA0189+-.:x"}, ""},
		{[]string{"-s", "+a:x"}, "invalid value for -s '+a:x': value '+a:x' is not a URL"},
		{[]string{"-s", "a_:x"}, "invalid value for -s 'a_:x': value 'a_:x' is not a URL"},
		{[]string{"-s", "a[:x"}, "invalid value for -s 'a[:x': value 'a[:x' is not a URL"},
		{[]string{"-s", "a{:x"}, "invalid value for -s 'a{:x': value 'a{:x' is not a URL"},
		{[]string{"-s", "a`:x"}, "invalid value for -s 'a`:x': value 'a`:x' is not a URL"},
		{[]string{"-s", "a@:x"}, "invalid value for -s 'a@:x': value 'a@:x' is not a URL"},
		{[]string{"-i", "--interactive"}, "conflicting command line option '--interactive'"},
		{[]string{"-c", "x", "--configuration=y"}, "conflicting command line option '--configuration'"},
		{[]string{"--history_file=a", "--history_file=b"}, "conflicting command line option '--history_file'"},
		{[]string{"-p"}, "option -p requires argument"},
	} {
		_, err := ParseCtlArgs("/usr/bin/supervisorctl", c.args)
		if err == nil && c.want == "" {
			continue
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%q\n got: %v\nwant: %s", c.args, err, c.want)
		}
	}
	for _, args := range [][]string{{"-h"}, {"--help"}, {"-?"}, {"-i", "--help", "-i"}} {
		if o, err := ParseCtlArgs("x", args); err != nil || !o.Help {
			t.Errorf("%q: %+v, %v", args, o, err)
		}
	}
	if o, err := ParseCtlArgs("/x", []string{"status"}); err != nil || o.Help || o.Argv0 != "/x" || o.ConfigFile != "" {
		t.Errorf("status: %+v, %v", o, err)
	}
}

func loadCtl(t *testing.T, args ...string) (*Ctl, error) {
	t.Helper()
	o, err := ParseCtlArgs("/nonexistent/bin/supervisorctl", args)
	if err != nil {
		t.Fatal(err)
	}
	return LoadCtl(o)
}

func TestLoadCtl(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("CTL_TEST", "env")
	dir := t.TempDir()
	path := write(t, dir, "sd.conf", "[include]\n[program:x]\nnumprocs=bad\n[supervisorctl]\n"+
		"serverurl=unix://%(here)s/../s\nusername=%(ENV_CTL_TEST)s\npassword=100%%\nprompt=p\nhistory_file=%(here)s/h\n"+
		"[ctlplugin:w]\nsupervisor.ctl_factory="+Wildcards+"\nkey=v\n"+
		"[ctlplugin:deploy]\ncommand=/bin/deploy %%x\n")
	got, err := loadCtl(t, "-c", path)
	if err != nil {
		t.Fatal(err)
	}
	want := &Ctl{ServerURL: "unix://" + dirname(dir) + "/s", Username: "env", Password: "100%", Prompt: "p",
		HistoryFile: dir + "/h", TrustedUIDs: []int{os.Getuid()}, Interactive: true, Args: []string{},
		Plugins: []Interface{{Name: "w", Factory: Wildcards, Options: map[string]string{"key": "v"}, Keys: []string{"key"}},
			{Name: "deploy", Options: map[string]string{"command": "/bin/deploy %x"}, Keys: []string{"command"}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got, err = loadCtl(t, "-c", path, "-s", "http://h:1", "-u", "", "-p", "q", "--history-file", "rel", "status", "-x")
	if err != nil {
		t.Fatal(err)
	}
	want.ServerURL, want.Username, want.Password, want.HistoryFile = "http://h:1", "", "q", absolute("rel")
	want.Interactive, want.Args = false, []string{"status", "-x"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	long, err := loadCtl(t, "--configuration", path, "--serverurl=http://h:1", "--username", "", "--password=q", "--history_file", "rel",
		"status", "-x")
	if diff := cmp.Diff(want, long); diff != "" || err != nil {
		t.Error(diff, err)
	}
	short, err := loadCtl(t, "-c", path, "-s", "http://h:1", "-u", "", "-p", "q", "-r", "rel", "status", "-x")
	if diff := cmp.Diff(want, short); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, err = loadCtl(t, "-c", path, "--interactive", "shutdown"); err != nil || !got.Interactive {
		t.Errorf("--interactive with a command: %+v, %v", got, err)
	}
	if got, err = loadCtl(t, "-c", "", "status"); err != nil || !cmp.Equal(got, &Ctl{ServerURL: "http://localhost:9001", Prompt: "supervisor",
		Args: []string{"status"}}) {
		t.Errorf("without a file: %+v, %v", got, err)
	}
	unknown := "[supervisorctl]\n[ctlplugin:x]\nsupervisor.ctl_factory=no.such:x\n[supervisord]\nminfds=x\n"
	if _, err := loadCtl(t, "-c", write(t, dir, "unknown.conf", unknown)); err == nil {
		t.Error("an unknown factory is accepted")
	}
	if got, err = loadCtl(t, "-c", write(t, dir, "unknown.conf", unknown+"ignore_unknown_plugins=true\n")); err != nil || got.Plugins != nil {
		t.Errorf("ignore_unknown_plugins: %+v, %v", got, err)
	}
	if got, err = loadCtl(t, "-c", path, "-i", "shutdown"); err != nil || !got.Interactive {
		t.Errorf("-i with a command: %+v, %v", got, err)
	}
	for text, message := range map[string]string{
		"[supervisord]": ".ini file does not include supervisorctl section",
		"x":             "File contains no section headers.\nfile: 'PATH', line: 1\n'...'",
		"[supervisorctl]\nprompt=%(here)s": "Format string '%(here)s' for 'supervisorctl.prompt' contains names " +
			"('here') which cannot be expanded.",
		"[supervisorctl]\n[ctlplugin:x]": "section [ctlplugin:x] does not specify a supervisor.ctl_factory",
	} {
		path := write(t, dir, "bad.conf", text)
		_, err := loadCtl(t, "-c", path)
		if err == nil || !hasPrefixWithPath(err.Error(), message, path) {
			t.Errorf("%q\n got: %v\nwant: %s", text, err, message)
		}
	}
	if _, err := loadCtl(t, "-c", "nope"); err == nil || err.Error() != "could not find config file nope" {
		t.Errorf("missing file: %v", err)
	}
}
