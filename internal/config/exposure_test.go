package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// exposedIn returns the warnings of Exposed about sd.conf, with DIR for its directory. Modify changes files before.
func exposedIn(t *testing.T, text string, root bool, modify func(path func(name string) string)) []string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // all users can reach what is below
		t.Fatal(err)
	}
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"app", "bin", "log"} {
		if err := os.Mkdir(path(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"app/run", "bin/run", "inc.ini"} {
		write(t, dir, name, "")
		if err := os.Chmod(path(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(write(t, dir, "sd.conf", strings.ReplaceAll(quietDaemon+text, "DIR", dir)), 0o644); err != nil {
		t.Fatal(err)
	}
	modify(path)
	o, err := ParseArgs("/usr/bin/supervisord", []string{"-c", path("sd.conf")})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Load(o, testEnviron)
	if err != nil {
		t.Fatal(err)
	}
	warnings := c.Exposed(o, testEnviron, root)
	for i := range warnings {
		warnings[i] = strings.ReplaceAll(warnings[i], dir, "DIR")
	}
	return warnings
}

// TestExposed checks the warnings about files that other users can change. covers: SEC-22
func TestExposed(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: files of another user")
	}
	const uid = 65534 // every host has it
	belongs := ": it belongs to user " + userName(uid) + " (chown root "
	appOwns := func(path func(string) string) {
		for _, name := range []string{"app", "app/run"} {
			if err := os.Chown(path(name), uid, uid); err != nil {
				t.Fatal(err)
			}
		}
	}
	mode := func(name string, mode os.FileMode) func(func(string) string) {
		return func(path func(string) string) {
			if err := os.Chmod(path(name), mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	nothing := func(func(string) string) {}
	const command = ": users other than root can change this command, which runs as root without user=: "
	const configuration = ": users other than root can change the configuration of a supervisord that is started as root: "
	const file = ": other users can replace files in this directory: "
	for _, c := range []struct {
		what, text string
		modify     func(path func(string) string)
		want       []string
	}{
		{"nothing", "[program:a]\ncommand=DIR/bin/run\nstdout_logfile=DIR/log/a\n", nothing, nil},
		{"the file", "", mode("sd.conf", 0o664|0o002), []string{"DIR/sd.conf" + configuration + "DIR/sd.conf: all users can write it (chmod o-w DIR/sd.conf)"}},
		{"an included file", "[include]\nfiles=*.ini\n", mode("inc.ini", 0o646),
			[]string{"DIR/inc.ini" + configuration + "DIR/inc.ini: all users can write it (chmod o-w DIR/inc.ini)"}},
		{"the directory of both, and of other files", "[include]\nfiles=*.ini\n[unix_http_server]\nfile=DIR/s\n", mode("", 0o757), []string{
			"DIR/sd.conf" + configuration + "DIR: all users can write it (chmod o-w DIR); and 1 more",
			"DIR/sd.conf:2: [supervisord] logfile" + file + "DIR: all users can write it (chmod o-w DIR); and 2 more",
		}},
		{"commands of root", "[program:a]\ncommand=DIR/app/run\nnumprocs=3\nprocess_name=%(process_num)s\n[program:b]\ncommand=/bin/sh -e DIR/app/run\n" +
			"[eventlistener:c]\ncommand=DIR/app/run\nevents=TICK\n[program:d]\ncommand=run\nenvironment=PATH=\"DIR/log:DIR/app:DIR/bin\"\n",
			appOwns, []string{"DIR/sd.conf:11: [eventlistener:c] command" + command + "DIR/app" + belongs + "DIR/app); and 3 more"}},
		{"a directory of PATH before the command", "[program:a]\ncommand=run\nenvironment=PATH=\"DIR/log:DIR/bin\"\n", mode("log", 0o777),
			[]string{"DIR/sd.conf:5: [program:a] command" + command + "DIR/log: all users can write it (chmod o-w DIR/log)"}},
		{"files of variables for root", "envfiles=-DIR/app/s.env\n[program:a]\ncommand=/bin/true\nenvfiles=-DIR/app/a.env\n" +
			"[program:b]\ncommand=/bin/true\nuser=65534\nenvfiles=-DIR/app/b.env\n", appOwns,
			[]string{"DIR/sd.conf:4: [supervisord] envfiles: users other than root can change variables of a command that runs as root " +
				"without user=: DIR/app" + belongs + "DIR/app); and 1 more"}},
		{"hooks and checks of root", "[program:a]\ncommand=/bin/true\npre_start_hook=DIR/app/run\nliveness_check_script=DIR/app/run\n", appOwns,
			[]string{"DIR/sd.conf:6: [program:a] pre_start_hook" + command + "DIR/app" + belongs + "DIR/app); and 1 more"}},
		{"hooks of a user", "[program:a]\ncommand=DIR/app/run\nuser=65534\npre_start_hook=DIR/app/run\nenvfiles=-DIR/app/a.env\n", appOwns, nil},
		{"a hook with + of a user", "[program:a]\ncommand=DIR/app/run\nuser=65534\npre_start_hook=+DIR/app/run\nenvfiles=-DIR/app/a.env\n" +
			"stop_command=-+/bin/sh run\ndirectory=DIR/app\npost_stop_hook=DIR/app/run\n", appOwns, []string{
			"DIR/sd.conf:7: [program:a] pre_start_hook: users other than root can change this command, which runs as root because of the +: DIR/app" +
				belongs + "DIR/app); and 1 more",
			"DIR/sd.conf:8: [program:a] envfiles: users other than root can change variables of a command that runs as root because of the +: DIR/app" +
				belongs + "DIR/app)"}},
		{"commands and logs of the user", "[program:a]\ncommand=DIR/app/run\nuser=65534\nstdout_logfile=DIR/app/log\n" +
			"[fcgi-program:f]\nsocket=unix://DIR/app/sock\ncommand=DIR/app/run\nuser=65534\n", appOwns, nil},
		{"a command behind a wrapper, and one of supervisorctl", "[program:a]\ncommand=/usr/bin/env -i A=b /usr/bin/python3 -u app/run\ndirectory=DIR\n" +
			"[program:b]\ncommand=/usr/bin/pidproxy DIR/pid DIR/app/run x\n[ctlplugin:c]\ncommand=DIR/app/run\n", appOwns,
			[]string{"DIR/sd.conf:5: [program:a] command" + command + "DIR/app" + belongs + "DIR/app); and 2 more"}},
		{"arguments that are not executed", "[program:a]\ncommand=/usr/bin/pidproxy DIR/app/run cat DIR/app/run\n[program:b]\ncommand=/usr/bin/env\n", appOwns, nil},
		{"code instead of a script", "[program:a]\ncommand=/bin/sh -c DIR/app/run\n", appOwns, nil},
		{"logs of root and of another user", "[program:a]\ncommand=/bin/true\nstderr_logfile=DIR/app/log\n[program:b]\ncommand=/bin/true\n" +
			"user=1\nstdout_logfile=DIR/app/x\n", appOwns,
			[]string{"DIR/sd.conf:6: [program:a] stderr_logfile" + file + "DIR/app" + belongs + "DIR/app); and 1 more"}},
		{"a daemon that does not stay root", "user=65534\n[program:a]\ncommand=DIR/app/run\n", appOwns, nil},
		{"passwords, once for each file", "[unix_http_server]\nfile=DIR/s\nusername=u\npassword=p\n[supervisorctl]\npassword=p\n", nothing,
			[]string{"DIR/sd.conf:7: [unix_http_server] password: all users can read the password: chmod o-r DIR/sd.conf"}},
		{"a password of supervisorctl", "[supervisorctl]\npassword=p\n", nothing,
			[]string{"DIR/sd.conf:5: [supervisorctl] password: all users can read the password: chmod o-r DIR/sd.conf"}},
		{"a password that is not in the file", "[supervisorctl]\npassword=%(ENV_HOME)s\n", nothing, nil},
		{"a password in a file for root", "[supervisorctl]\npassword=p\n", mode("sd.conf", 0o640), nil},
		{"a password in a directory for root", "[supervisorctl]\npassword=p\n", mode("", 0o750), nil},
	} {
		if diff := cmp.Diff(c.want, exposedIn(t, c.text, true, c.modify)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.what, diff)
		}
	}
	if got := exposedIn(t, "[program:a]\ncommand=DIR/app/run\n", false, mode("sd.conf", 0o666)); got != nil {
		t.Errorf("not started as root: %q", got)
	}
}
