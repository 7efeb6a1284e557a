package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDoubts checks the warnings about values that a start accepts. covers: REP-G5
func TestDoubts(t *testing.T) {
	const program = "[program:a]\ncommand=/bin/cat\n"
	const command, shell = "[program:a]\ncommand=", "write /bin/sh -c '...'"
	const missing = "5: [program:a] command: can't find command"
	for _, c := range []struct{ text, want string }{
		{program, ""},
		{command + "/bin/echo \"x\n", "5: [program:a] command: can't parse command: No closing quotation"},
		{command + "/bin/echo x\\\n", "5: [program:a] command: can't parse command: No escaped character"},
		{command + "/bin/sh -c 'while : ; do x; done'\n", "5: [program:a] command: can't parse command: No closing quotation: " + hintCut},
		{command + "/bin/sh -c 'while :; do x; done' ; it's endless\n", ""},
		{command + "\n", "5: [program:a] command: command is empty"},
		{command + "/bin/nosuch\n", missing},
		{command + "nosuch\n", missing + ": no directory of PATH has it"},
		{command + "cat x\nenvironment=PATH=\"DIR\"\n", missing + ": no directory of PATH has it"},
		{command + "DIR\n", "5: [program:a] command: command at is a directory"},
		{command + "DIR/sd.conf\n", "5: [program:a] command: command at is not executable"},
		{command + "FOO=1 /bin/cat\n", missing + ": a variable before the program is not set, because there is no shell: write it in environment=, or env before it"},
		{command + "~/x\n", missing + ": ~ is not expanded here"},
		{command + "$HOME/x\n", missing + ": variables of a shell are not replaced here: write %(ENV_NAME)s"},
		{command + "\"/bin/cat x\"\n", missing + ": quotes around all words make them one: leave them out"},
		{command + "\"/bin/cat\" x\n", ""},
		{command + "cd /tmp && x\n", missing + ": only a shell has it: " + shell + "\n" +
			"5: [program:a] command: \"&&\" is an argument, because there is no shell: " + shell},
		{command + "bin/x\n", missing + ": the path is relative to the directory of supervisord"},
		{command + "bin/x\ndirectory=/opt\n", missing + ": directory= is not searched, the path is relative to the directory of supervisord"},
		{command + "sd.conf\ndirectory=DIR\n", missing + ": directory= is not searched, only PATH"},
		{command + "/bin/sleep 100 &\n", "5: [program:a] command: \"&\" is an argument, because there is no shell: leave it out"},
		{command + "/bin/cat x | y\n", "5: [program:a] command: \"|\" is an argument, because there is no shell: " + shell},
		{command + "/bin/cat x '|' \"&\" \\;\n", ""},
		{command + "/bin/cat >/tmp/x 2>&1\n", "5: [program:a] command: a redirection is an argument, because there is no shell: " + shell},
		{command + "/bin/sh -c \"cat >/tmp/x 2>&1 && x &\"\n", ""},
		{command + "/bin/cat <name> -1> 2>1\n", ""},
		{command + "/bin/echo one \\\n  two\n", "5: [program:a] command: \"\\\" at the end of a line puts a line feed into the next argument: " +
			"leave it out, indented lines continue the value anyway"},
		{command + "/bin/sh -c 'one \\\n  two'\n", ""},
		{command + "/bin/echo one\n  two\n", ""},
		{program + "directory=/nonexistent\n", "6: [program:a] directory=/nonexistent: there is no such directory, so the program cannot start"},
		{program + "directory=/dev/null\n", "6: [program:a] directory=/dev/null: it is not a directory, so the program cannot start"},
		{program + "directory=~/nonexistent\n", "6: [program:a] directory=~/nonexistent: ~ is not expanded here"},
		{program + "directory=\"/tmp\"\n", "6: [program:a] directory=\"/tmp\": " + hintQuotes},
		{program + "directory=/tmp; x\n", "6: [program:a] directory=/tmp; x: " + hintSemicolon},
		{program + "directory=/tmp# x\n", "6: [program:a] directory=/tmp# x: " + hintHash},
		{program + "stdout_logfile=DIR/a.log; x\n", "6: [program:a] stdout_logfile=DIR/a.log; x: " + hintSemicolon},
		{program + "stdout_logfile=\"a.log\"\n", "6: [program:a] stdout_logfile=\"a.log\": " + hintQuotes},
		{program + "stdout_logfile=DIR/a#1.log\n", ""},
		{program + "stdout_logfile=DIR\n", "6: [program:a] stdout_logfile=DIR: it is a directory, so the program cannot start"},
		{program + "stdout_logfile=off\n", "6: [program:a] stdout_logfile=off: off means NONE: the output is not kept"},
		{program + "stderr_logfile=NONE\n", ""},
		{program + "stdout_logfile_format=json\nstdout_logfile_fields=a=b\nstdout_logfile_json_data=1\nstderr_logfile_linebuffered=1\n", ""},
		{program + "stdout_logfile=NONE\nstdout_logfile_marks=1\n",
			"7: [program:a] stdout_logfile_marks=1 has no effect: stdout_logfile is NONE"},
		{program + "redirect_stderr=1\nstderr_logfile_format=json\n",
			"7: [program:a] stderr_logfile_format=json has no effect: redirect_stderr is true"},
		{"[eventlistener:a]\ncommand=/bin/cat\nevents=TICK\nstdout_logfile_format=json\nstderr_logfile_format=json\n",
			"7: [eventlistener:a] stdout_logfile_format=json has no effect: its standard output is the protocol"},
		{program + "stdout_logfile_format=text\nstdout_logfile_json_data=1\n",
			"7: [program:a] stdout_logfile_json_data=1 has no effect: stdout_logfile_format is not json"},
		{program + "stdout_logfile_utc=1\nstderr_logfile_fields=a=b\n",
			"6: [program:a] stdout_logfile_utc=1 has no effect: stdout_logfile_format is not set\n" +
				"7: [program:a] stderr_logfile_fields=a=b has no effect: stderr_logfile_format is not json or a template"},
		{program + "depends_on=-b,c\n[program:b]\ncommand=/bin/cat\nautostart=false\n[program:c]\ncommand=/bin/cat\n", ""},
		{program + "depends_on=b\n[program:b]\ncommand=/bin/cat\nautostart=false\n",
			"6: [program:a] depends_on=b: b has autostart=false: the program waits until a request starts it"},
		{program + "depends_on=b:healthy\n[program:b]\ncommand=/bin/cat\nwatchdog=5\n", ""},
		{program + "depends_on=b:healthy\n[program:b]\ncommand=/bin/cat\n",
			"6: [program:a] depends_on=b:healthy: b has no health check: healthy means the same as ready"},
		{program + "[group:g]\nprograms=a\ndepends_on=b\n[program:b]\ncommand=/bin/cat\nautostart=false\n",
			"8: [group:g] depends_on=b: b has autostart=false: the program waits until a request starts it"},
		{"[eventlistener:a]\ncommand=/bin/cat\nevents=TICK,process_held\n", "6: [eventlistener:a] events=TICK,process_held: PROCESS_HELD is refused by " +
			"Supervisor 4.x; extra_events= says the same and is ignored there"},
		{program + "startretries=-1\n", "6: [program:a] startretries=-1: Supervisor 4.x gives up at the first failure, and has no way to try forever"},
		{program + "stopsignal=TERM:10,KILL\n",
			"6: [program:a] stopsignal=TERM:10,KILL is refused by Supervisor 4.x; stop_sequence= says the same and is ignored there"},
		{program + "stopsignal=TERN:10,KILL\n", ""}, // an error
		{program + "pre_start_hook=nosuch x\n", "6: [program:a] pre_start_hook: can't find command: no directory of PATH has it"},
		{program + "stop_command=-+DIR/sd.conf\n", "6: [program:a] stop_command: command at is not executable"},
		{program + "liveness_check_script=DIR\n", "6: [program:a] liveness_check_script: command at is a directory"},
		{program + "liveness_check_script=script://nosuch\nreadiness_check_script=/bin/true\nreadiness_check_failure_action=bin/x\n",
			"6: [program:a] liveness_check_script: can't find command: no directory of PATH has it\n" +
				"8: [program:a] readiness_check_failure_action: can't find command: the path is relative to the directory of supervisord"},
		{program + "liveness_check_script=http://localhost/ -H \"A: b; c\"\nliveness_check_failure_action=stop\n", ""},
		{program + "reload_command=/bin/kill -HUP 1 && x\n",
			"6: [program:a] reload_command: \"&&\" is an argument, because there is no shell: " + shell},
		{program + "post_stop_hook=\"/bin/sh\" -c 'a; b'\npre_stop_hook=/bin/sh -c 'a # b'\n", ""},
		{program + "ready=log:/^a; 5%%# $/\n", ""},
		{program + "liveness_check_period=5\nreadiness_check_failure_action=stop\nready_timeout=5\nwatchdog_signal=KILL\n",
			"6: [program:a] liveness_check_period=5: it has no effect without liveness_check_script\n" +
				"7: [program:a] readiness_check_failure_action: it has no effect without readiness_check_script\n" +
				"8: [program:a] ready_timeout=5: it has no effect without ready or notify_socket\n" +
				"9: [program:a] watchdog_signal=KILL: it has no effect without watchdog"},
		{program + "liveness_check_period=5\nliveness_check_script=tcp://x\n", ""}, // an error
		{program + "watchdog=5\nwatchdog_signal=KILL\nready_timeout=5\n", ""},
		{program + "numprocs=0\n", "6: [program:a] numprocs=0: the section has no process"},
		{program + "process_name=\n", "6: [program:a] process_name=: the process has no name"},
		{program + "process_name='x'\n", "6: [program:a] process_name='x': " + hintQuotes},
		{program + "environment=A=\"x;y\",B='z'\n", ""},
		{program + "numprocs=2\nprocess_name=%(process_num)s\ndirectory=/nonexistent/%(process_num)s\n",
			"8: [program:a] directory=/nonexistent/%(process_num)s: there is no such directory, so the program cannot start"},
		{program + "stopsignal=\"TERM\"\n", ""}, // an error, with the hint
		{program + "[supervisorctl]\nusername=\"u\"\npassword=%(ENV_HOME)s;b\nprompt=a;b\n", ""},
		{program + "[supervisorctl]\nserverurl=\"unix:///x\"\n", "7: [supervisorctl] serverurl: " + hintQuotes},
		{program + "[include]\nfiles=DIR/none.conf;x\n", "No file matches via include \"DIR/none.conf;x\"\n7: [include] files=DIR/none.conf;x: " + hintSemicolon},
		{program + "[DEFAULT]\nidentifier=\"x\"\n", "7: [DEFAULT] identifier: " + hintQuotes},
		{"[DEFAULT]\ndirectory=/nonexistent\n" + program, "5: [DEFAULT] directory: there is no such directory, so the program cannot start"},
		{"[eventlistener:l]\ncommand=/bin/cat\nevents=TICK_5\nresult_handler_exec=nosuch\n",
			"7: [eventlistener:l] result_handler_exec: can't find command: no directory of PATH has it"},
		{"[ctlplugin:c]\ncommand=nosuch\n", "5: [ctlplugin:c] command: can't find command: no directory of PATH has it"},
		{"[rpcinterface:p]\ncommand=nosuch\nsomething=\"x\"\n", "5: [rpcinterface:p] command: can't find command: no directory of PATH has it"},
	} {
		_, warnings := checked(t, map[string]string{"sd.conf": quietDaemon + c.text})
		if diff := cmp.Diff(c.want, strings.ReplaceAll(strings.Join(warnings, "\n"), "DIR/sd.conf:", "")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.text, diff)
		}
	}
}

// TestRepeatWarnings checks the warnings about sections and keys that occur again. covers: REP-G6
func TestRepeatWarnings(t *testing.T) {
	const include = quietDaemon + "[include]\nfiles=*.ini\n"
	for _, c := range []struct {
		what  string
		files map[string]string
		want  []string
	}{
		{"a backup of a file", map[string]string{"sd.conf": include, "a.ini": "[program:w]\ncommand=/bin/cat\nuser=0\n",
			"b.ini": "[program:w]\ncommand=/bin/cat x\nuser=0\nstartsecs=2\n"},
			[]string{"DIR/a.ini:1: [program:w] is also in DIR/b.ini, whose command counts"}},
		{"three, of which the last counts", map[string]string{"sd.conf": include, "a.ini": "[program:w]\ncommand=/bin/cat 1\n",
			"b.ini": "[program:w]\ncommand=/bin/cat 2\nuser=0\n", "c.ini": "[program:w]\ncommand=/bin/cat 3\nuser=1\nstartsecs=1\n"},
			[]string{"DIR/a.ini:1: [program:w] is also in DIR/c.ini, whose command and user count"}},
		{"a section in two files with different keys", map[string]string{"sd.conf": include + "[program:w]\nstartsecs=2\n",
			"a.ini": "[program:w]\ncommand=/bin/cat\n"}, nil},
		{"the same values", map[string]string{"sd.conf": include + "[program:w]\ncommand=/bin/cat\n", "a.ini": "[program:w]\ncommand=/bin/cat\n"}, nil},
		{"a section twice in a file", map[string]string{"sd.conf": quietDaemon + "[program:w]\ncommand=/bin/cat\n[program:w]\nstartsecs=2\n"},
			[]string{"DIR/sd.conf:4: [program:w] is also in line 6, the keys of both count"}},
		{"a key twice in a section", map[string]string{"sd.conf": quietDaemon + "[program:w]\ncommand=/bin/cat\nstartsecs=2\nstartsecs=3\n"},
			[]string{"DIR/sd.conf:6: [program:w] startsecs is also in line 7, which counts"}},
		{"a key of [DEFAULT]", map[string]string{"sd.conf": include + "[DEFAULT]\nstartsecs=2\n", "a.ini": "[DEFAULT]\nstartsecs=3\n"},
			[]string{"DIR/sd.conf:7: [DEFAULT] startsecs is also in DIR/a.ini, which counts"}},
		{"a file that is included twice", map[string]string{"sd.conf": quietDaemon + "[include]\nfiles=a.ini *.ini\n",
			"a.ini": "[program:w]\ncommand=/bin/cat\n"}, nil},
		{"a file that includes", map[string]string{"sd.conf": include, "a.ini": "[include]\nfiles=b.ini\n"},
			[]string{"DIR/a.ini:1: [include] has no effect: an included file includes no others"}},
	} {
		errs, warnings := checked(t, c.files)
		if diff := cmp.Diff(c.want, warnings); diff != "" || errs != nil {
			t.Errorf("%s: %q (-want +got)\n%s", c.what, errs, diff)
		}
	}
}

// TestUnreachable checks the warnings about files with which supervisorctl does not find the server. covers: REP-G7
func TestUnreachable(t *testing.T) {
	const methods = "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=" + MainInterface + "\n"
	const server = methods + "[unix_http_server]\nfile=DIR/s\n" // lines 4 to 7
	const inet = methods + "[inet_http_server]\nport=127.0.0.1:9001\nusername=u\npassword=p\n"
	const noSection = "DIR/sd.conf: there is no section [supervisorctl], so that supervisorctl refuses this file; add it, with serverurl="
	const elsewhere = "DIR/sd.conf:9: [supervisorctl] serverurl: no server of this file listens there; the server [unix_http_server] has " +
		"serverurl=unix://DIR/s"
	for _, c := range []struct{ text, want string }{
		{server + "[supervisorctl]\nserverurl=unix://DIR/s\n", ""},
		{server + "[supervisorctl]\nserverurl=unix://%(here)s/./s\n", ""},
		{server + "[supervisorctl]\nserverurl=unix://DIR/link/s\n", ""},
		{server + "[supervisorctl]\nserverurl=unix://DIR/other\n", elsewhere},
		{server + "[supervisorctl]\nserverurl=http://localhost:9001\n", elsewhere},
		{server + "[supervisorctl]\nserverurl=http://elsewhere.example:9001\n", ""},
		{server + "[supervisorctl]\n", "DIR/sd.conf:8: [supervisorctl] serverurl is missing: supervisorctl asks http://localhost:9001, where no server " +
			"of this file listens; add serverurl=unix://DIR/s"},
		{server, noSection + "unix://DIR/s"},
		{inet + "[supervisorctl]\n", ""},
		{inet + "[supervisorctl]\nserverurl=http://127.0.0.1:9001/\n", ""},
		{inet, noSection + "http://127.0.0.1:9001"},
		{server + "[inet_http_server]\nport=9001\nusername=u\npassword=p\n[supervisorctl]\n", ""},
		{"[unix_http_server]\nfile=DIR/s\n[supervisorctl]\nserverurl=unix://DIR/s\n", "DIR/sd.conf: there is no section [rpcinterface:supervisor], so that " +
			"supervisorctl cannot do anything; add it, with supervisor.rpcinterface_factory=" + MainInterface},
		{"[program:a]\ncommand=/bin/cat\n", ""},
	} {
		dir := t.TempDir()
		if err := os.Symlink(".", filepath.Join(dir, "link")); err != nil {
			t.Fatal(err)
		}
		path := write(t, dir, "sd.conf", strings.ReplaceAll(quietDaemon+c.text, "DIR", dir))
		if err := os.Chmod(path, 0o600); err != nil { // it has a password
			t.Fatal(err)
		}
		o, err := ParseArgs("supervisord", []string{"-c", path})
		if err != nil {
			t.Fatal(err)
		}
		report := Check(o, testEnviron)
		if diff := cmp.Diff(c.want, strings.ReplaceAll(strings.Join(report.Warnings, "\n"), dir, "DIR")); diff != "" || report.Errors != nil {
			t.Errorf("%s: %q (-want +got)\n%s", c.text, report.Errors, diff)
		}
	}
}
