package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// checked returns what Check reports about a main file and others, with DIR for their directory.
func checked(t *testing.T, files map[string]string) (errs, warnings []string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write(t, dir, name, strings.ReplaceAll(text, "DIR", dir))
	}
	o, err := ParseArgs("/usr/bin/supervisord", []string{"-c", filepath.Join(dir, "sd.conf"), "--check"})
	if err != nil || !o.Check {
		t.Fatalf("--check: %+v, %v", o, err)
	}
	report := Check(o, testEnviron)
	for _, err := range report.Errors {
		errs = append(errs, strings.ReplaceAll(err.Error(), dir, "DIR"))
	}
	for _, warning := range report.Warnings {
		warnings = append(warnings, strings.ReplaceAll(warning, dir, "DIR"))
	}
	return errs, warnings
}

const quietDaemon = "[supervisord]\nlogfile=DIR/main.log\npidfile=DIR/pid\n"

func TestCheckErrors(t *testing.T) {
	for _, c := range []struct {
		what  string
		files map[string]string
		want  []string
	}{
		{"every bad value, each once", map[string]string{"sd.conf": quietDaemon + "minfds=x\nloglevel=loud\n" +
			"[program:a]\ncommand=%(nope)s\nautostart=perhaps\nnumprocs=3\nprocess_name=%(process_num)s\n" +
			"[program:b b]\ncommand=b\n[program:c]\n[group:g]\nprograms=a,none,nil\n"},
			[]string{
				"DIR/sd.conf:4: [supervisord] minfds=x: " + integer + "'x'",
				"DIR/sd.conf:5: [supervisord] loglevel=loud: bad logging level name 'loud'",
				"DIR/sd.conf:8: [program:a] autostart=perhaps: not a valid boolean value: 'perhaps'",
				"DIR/sd.conf:7: [program:a] command: Format string for 'program:a.command' contains " +
					"names which cannot be expanded. Available names: " + process,
				"DIR/sd.conf:15: [group:g] programs=a,none,nil: [group:g] names unknown program or fcgi-program none",
				"DIR/sd.conf:15: [group:g] programs=a,none,nil: [group:g] names unknown program or fcgi-program nil",
				"DIR/sd.conf:11: [program:b b]: Invalid name: 'b b' because of character: ' '",
				"DIR/sd.conf:13: [program:c] command: program section program:c does not specify a command",
			}},
		{"no [supervisord], a bad include, the rest is read all the same", map[string]string{
			"sd.conf":  "[include]\nfiles=*.ini\n[inet_http_server]\nusername=u\n",
			"bad.ini":  "[program:p]\ncommand=x\njunk\nstartsecs=soon\n",
			"more.ini": "[eventlistener:l]\ncommand=l\nevents=TICK,TACK\nbuffer_size=0\n"},
			[]string{
				"DIR/bad.ini:3: [program:p]: Source contains parsing errors: 'DIR/bad.ini'\n\t[line  3]: '...'",
				"DIR/sd.conf: .ini file does not include supervisord section",
				"DIR/bad.ini:4: [program:p] startsecs=soon: " + integer + "'soon'",
				"DIR/more.ini:4: [eventlistener:l] buffer_size=0: [eventlistener:l] section sets invalid buffer_size (0)",
				"DIR/more.ini:3: [eventlistener:l] events=TICK,TACK: Unknown event type TACK in [eventlistener:l] events",
				"DIR/sd.conf:3: [inet_http_server] password: Section [inet_http_server] contains incomplete " +
					"authentication: If a username or a password is specified, both the username and password must be specified",
				"DIR/sd.conf:3: [inet_http_server] port: section [inet_http_server] has no port value",
			}},
		{"a member's socket is no error there, nor what no process reads", map[string]string{"sd.conf": quietDaemon +
			"[fcgi-program:f]\ncommand=f\n[group:g]\nprograms=f\n[program:z]\nnumprocs=0\n"}, nil},
		{"a key of [DEFAULT] where [supervisord] is missing", map[string]string{"sd.conf": "[DEFAULT]\nminfds=soon\n"}, []string{
			"DIR/sd.conf: .ini file does not include supervisord section",
			"DIR/sd.conf:2: [supervisord] minfds=soon: " + integer + "'soon'",
		}},
		{"no file", map[string]string{"other.conf": ""}, []string{"DIR/sd.conf: could not find config file DIR/sd.conf"}},
	} {
		errs, _ := checked(t, c.files)
		if diff := cmp.Diff(c.want, errs); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.what, diff)
		}
	}
}

func TestCheckWarnings(t *testing.T) {
	open := filepath.Join(t.TempDir(), "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777|os.ModeSticky); err != nil { // in spite of the umask
		t.Fatal(err)
	}
	const methods = "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=" + MainInterface + "\n"
	const better = "; better is one that only its owner can write"
	for _, c := range []struct {
		what, text string
		want       []string
	}{
		{"nothing", "[program:a]\ncommand=/bin/cat\nstdout_logfile=DIR/a\n[supervisorctl]\nserverurl=unix:///x\n", nil},
		{"unknown keys", "logfil=x\nnumprocs=3\n[program:a]\ncommand=/bin/cat\nstdout_logfiles=x\nnodaemon=true\nzzzzzz=1\n",
			[]string{
				"DIR/sd.conf:4: [supervisord] logfil has no effect, perhaps logfile is meant",
				"DIR/sd.conf:5: [supervisord] numprocs has no effect: it belongs in [eventlistener:x], [fcgi-program:x], " +
					"[program:x], [rpcinterface:x]",
				"DIR/sd.conf:8: [program:a] stdout_logfiles has no effect, perhaps stdout_logfile is meant",
				"DIR/sd.conf:9: [program:a] nodaemon has no effect: it belongs in [supervisord]",
				"DIR/sd.conf:10: [program:a] zzzzzz has no effect",
			}},
		{"unknown sections", "[programm:a]\ncommand=/bin/cat\n[Supervisorctl]\n[whatever at all]\n[DEFAULT]\nx=1\npriority=3\n",
			[]string{
				"DIR/sd.conf: [programm:a] is not a section and has no effect, perhaps program:a is meant",
				"DIR/sd.conf: [Supervisorctl] is not a section and has no effect, perhaps supervisorctl is meant",
				"DIR/sd.conf: [whatever at all] is not a section and has no effect",
				"DIR/sd.conf:9: [DEFAULT] x has no effect: no section knows it",
			}},
		{"one log for two", "[program:a]\ncommand=/bin/cat\nstdout_logfile=DIR/x\n[program:b]\ncommand=/bin/cat\n" +
			"stderr_logfile=%(here)s/./x\nstdout_logfile=/dev/stdout\n[program:c]\ncommand=/bin/cat\nstdout_logfile=/dev/stdout\n",
			[]string{"stdout_logfile of a:a and stderr_logfile of b:b write to the same log DIR/x"}},
		{"a log that three programs share is one warning", "[program:a]\ncommand=/bin/cat\nstdout_logfile=DIR/x\n[program:b]\ncommand=/bin/cat\n" +
			"stdout_logfile=DIR/x\n[program:c]\ncommand=/bin/cat\nstdout_logfile=DIR/x\n",
			[]string{"stdout_logfile of a:a and stdout_logfile of b:b write to the same log DIR/x"}},
		{"open directories", "[program:a]\ncommand=/bin/cat\nnumprocs=2\nprocess_name=%(process_num)s\n" +
			"stdout_logfile=" + open + "/%(process_num)s\n[supervisord]\npidfile=" + open + "/pid\n",
			[]string{
				"DIR/sd.conf:1: [supervisord] is also in line 9, whose pidfile counts",
				"DIR/sd.conf:10: [supervisord] pidfile: all users can create files in the directory of " + open + "/pid" + better,
				"DIR/sd.conf:8: [program:a] stdout_logfile: all users can create files in the directory of " + open + "/0" + better,
			}},
		{"a plug-in", "[rpcinterface:a]\ncommand=/bin/cat\nanything=goes\n[rpcinterface:b]\nurl=unix:///x\nautostart=1\nbufer_size=1\n",
			[]string{"DIR/sd.conf:9: [rpcinterface:b] autostart has no effect: it belongs in [eventlistener:x], " +
				"[fcgi-program:x], [program:x], [rpcinterface:x]",
				"DIR/sd.conf:10: [rpcinterface:b] bufer_size has no effect, perhaps buffer_size is meant"}},
		{"open server", methods + "[supervisorctl]\n[inet_http_server]\nport=127.0.0.1:9001\n[inet_http_server:b]\nport=9002\nusername=u\npassword=p\n",
			[]string{"[inet_http_server] has no username and password: everyone who can connect to port 9001 can run any " +
				"command as the user of supervisord"}},
		{"what Load warns of, and supervisorctl", "[include]\nfiles=*.none\n[supervisorctl]\nprompt=%(here)s\nport=1\n",
			[]string{
				`No file matches via include "DIR/*.none"`,
				"supervisorctl will refuse: DIR/sd.conf:7: [supervisorctl] prompt=%(here)s: Format string '%(here)s' for " +
					"'supervisorctl.prompt' contains names ('here') which cannot be expanded. Available names: ENV_HOME, ENV_lc",
				"DIR/sd.conf:8: [supervisorctl] port has no effect: it belongs in [inet_http_server]",
			}},
	} {
		errs, warnings := checked(t, map[string]string{"sd.conf": quietDaemon + c.text})
		if diff := cmp.Diff(c.want, warnings); diff != "" || errs != nil {
			t.Errorf("%s: %q (-want +got)\n%s", c.what, errs, diff)
		}
	}
}

// TestCheckAgreesWithLoad checks that Check reports an error if and only if Load does, and that the error of Load is among them.
func TestCheckAgreesWithLoad(t *testing.T) {
	for _, c := range catalogue {
		dir := t.TempDir()
		path := write(t, dir, "sd.conf", conf(dir, c.text))
		o, err := ParseArgs("/usr/bin/supervisord", []string{"-c", path})
		if err != nil {
			t.Fatal(err)
		}
		_, err = Load(o, testEnviron)
		errs := Check(o, testEnviron).Errors
		found := err == nil && len(errs) == 0
		for _, e := range errs {
			finding, ok := e.(*Finding)
			found = found || err != nil && ok && strings.HasPrefix(err.Error(), finding.Cause.Text)
		}
		if !found {
			t.Errorf("%s\nLoad: %v\nCheck: %v", c.text, err, errs)
		}
	}
}

// TestCheckCtl checks that an error in [supervisord] is not one of supervisorctl, which reads a key of that section.
func TestCheckCtl(t *testing.T) {
	errs, warnings := checked(t, map[string]string{"sd.conf": quietDaemon + "ignore_unknown_plugins=x\n[supervisorctl]\n"})
	if diff := cmp.Diff([]string{"DIR/sd.conf:4: [supervisord] ignore_unknown_plugins=x: not a valid boolean value: 'x'"}, errs); diff != "" ||
		warnings != nil {
		t.Errorf("%s, warnings %q", diff, warnings)
	}
}

func TestCheckOptionIsWhole(t *testing.T) {
	o, err := ParseArgs("/usr/bin/supervisord", []string{"-c", "x", "--ch", "/tmp"})
	if err != nil || o.Check {
		t.Errorf("--ch is no longer short for --childlogdir: %+v, %v", o, err)
	}
	if _, err := ParseArgs("/usr/bin/supervisord", []string{"--chec"}); err == nil {
		t.Error("--check can be shortened")
	}
}

func TestShortOfCheck(t *testing.T) {
	for args, want := range map[string]bool{
		"-t":               true,
		"-t -c x":          true,
		"-tc x":            true,
		"-c x -t --check":  true,
		"-n --check -c x":  true,
		"-nt -c x":         false,
		"-t -l /tmp/x":     false,
		"--strip_ansi":     false,
		"-t -h":            false,
		"--config x --str": false,
		"-c x":             false,
	} {
		o, err := ParseArgs("/usr/bin/supervisord", strings.Fields(args))
		if err != nil || o.Check != want {
			t.Errorf("%s: check is %v, %v", args, o.Check, err)
		}
	}
}
