package config

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/ini"
)

// TestFindings checks message and place of each error. The section begins in line 4 of the file.
func TestFindings(t *testing.T) {
	const (
		daemon  = "ENV_HOME, ENV_lc, here"
		section = "ENV_HOME, ENV_lc, group_name, here, host_node_name, program_name"
		process = "ENV_HOME, ENV_lc, group_name, here, host_node_name, numprocs, process_num, program_name"
		names   = " which cannot be expanded. Available names: "
	)
	for _, c := range []struct{ text, want string }{
		{"[program:p]\ncommand=c\nnumprocs=2\n",
			"4: [program:p] process_name: %(process_num) must be present within process_name when numprocs > 1"},
		{"[program:p]\ncommand=c\nnumprocs=2\nprocess_name=x\n",
			"7: [program:p] process_name=x: %(process_num) must be present within process_name when numprocs > 1"},
		{"[program:p]\ncommand=c\nprocess_name= a b\n",
			"6: [program:p] process_name=a b: Invalid name: 'a b' because of character: ' '"},
		{"[program:p]\ncommand=c\nprocess_name=%(nope)s\n",
			"6: [program:p] process_name=%(nope)s: Format string '%(nope)s' for 'process_name' contains names ('nope')" + names + process},
		{"[program:p]\ncommand=c\nstopasgroup=1\nkillasgroup=0\n",
			"7: [program:p] killasgroup=0: Cannot set stopasgroup=true and killasgroup=false"},
		{"[program:p]\n",
			"4: [program:p] command: program section program:p does not specify a command"},
		{"[program:p]\ncommand=c\nuser=nosuchuser\n",
			"6: [program:p] user=nosuchuser: Invalid user name nosuchuser"},
		{"[program:p]\ncommand=c\numask=9\n",
			"6: [program:p] umask=9: 9 can not be converted to an octal type"},
		{"[program:p]\ncommand=c\nenvironment=A\n",
			"6: [program:p] environment: Unexpected end of key/value pairs"},
		{"[program:p]\ncommand=c\nenvironment=%(process_num)q\n",
			"6: [program:p] environment: Format string for 'environment' is badly formatted: a percent sign that begins no name is written %%"},
		{"[program:p]\ncommand=c\nstdout_logfile=/nonexistent/x\n",
			"6: [program:p] stdout_logfile=/nonexistent/x: The directory named as part of the path /nonexistent/x does not exist"},
		{"[program:p]\ncommand=c\nstderr_logfile=/tmp/%(nope)s\n",
			"6: [program:p] stderr_logfile=/tmp/%(nope)s: Format string '/tmp/%(nope)s' for 'program:p.stderr_logfile' contains names ('nope')" + names + process},
		{"[program:p]\ncommand=c\nstderr_logfile=/tmp/%%(nope)s\n",
			"6: [program:p] stderr_logfile=/tmp/%%(nope)s: Format string '/tmp/%(nope)s' for 'stderr_logfile' contains names ('nope')" + names + process},
		{"[program:p]\ncommand=c\nstderr_logfile=/tmp/%(process_name)s\nstderr_logfile_maxbytes=%(process_name)s\n",
			"7: [program:p] stderr_logfile_maxbytes=%(process_name)s: Format string '%(process_name)s' for 'program:p.stderr_logfile_maxbytes' contains names ('process_name')" + names + process},
		{"[program:p]\ncommand=c\nstdout_logfile_backups=%(process_name)s\n",
			"6: [program:p] stdout_logfile_backups=%(process_name)s: Format string '%(process_name)s' for 'program:p.stdout_logfile_backups' contains names ('process_name')" + names + process},
		{"[program:p]\ncommand=c\nstdout_capture_maxbytes=%(process_num)s\n",
			"6: [program:p] stdout_capture_maxbytes=%(process_num)s: Format string '%(process_num)s' for 'program:p.stdout_capture_maxbytes' contains names ('process_num')" + names + section},
		{"[program:p]\ncommand=c\npriority=%(program_name)s\n",
			"6: [program:p] priority=%(program_name)s: Format string '%(program_name)s' for 'program:p.priority' contains names ('program_name') which cannot be expanded. Available names: ENV_HOME, ENV_lc, here\n6: [program:p] priority=%(program_name)s: invalid literal for int() with base 10: 'p'"},
		{"[program:p]\ncommand=c\nstopsignal=NOPE\n",
			"6: [program:p] stopsignal=NOPE: value 'NOPE' is not a valid signal name"},
		{"[program:p]\ncommand=c\nstopsignal=0\n",
			"6: [program:p] stopsignal=0: value '0' is not a valid signal number"},
		{"[program:p]\ncommand=c\nexitcodes=256\n",
			"6: [program:p] exitcodes=256: not a valid list of exit codes: '256'"},
		{"[program:p]\ncommand=c\nexitcodes=-1\n",
			"6: [program:p] exitcodes=-1: not a valid list of exit codes: '-1'"},
		{"[eventlistener:l]\ncommand=c\nevents=TICK\nbuffer_size=0\n",
			"7: [eventlistener:l] buffer_size=0: [eventlistener:l] section sets invalid buffer_size (0)"},
		{"[eventlistener:l]\ncommand=c\n",
			"4: [eventlistener:l] events: [eventlistener:l] section requires an \"events\" line"},
		{"[eventlistener:l]\ncommand=c\nevents=TICK,nope\n",
			"6: [eventlistener:l] events=TICK,nope: Unknown event type NOPE in [eventlistener:l] events"},
		{"[eventlistener:l]\ncommand=c\nevents=TICK\nredirect_stderr=true\n",
			"7: [eventlistener:l] redirect_stderr=true: [eventlistener:l] section sets redirect_stderr=true but this is not allowed because it will interfere with the eventlistener protocol"},
		{"[eventlistener:l]\ncommand=c\nevents=TICK\nresult_handler=a.b:c\n",
			"7: [eventlistener:l] result_handler=a.b:c: a.b:c cannot be resolved within [eventlistener:l]: No module named 'a'"},
		{"[eventlistener:l]\ncommand=c\nevents=TICK\nresult_handler=supervisor.x:c\n",
			"7: [eventlistener:l] result_handler=supervisor.x:c: supervisor.x:c cannot be resolved within [eventlistener:l]: No module named 'supervisor.x'"},
		{"[eventlistener:l]\ncommand=c\nevents=TICK\nresult_handler_timeout=0\n",
			"7: [eventlistener:l] result_handler_timeout=0: result_handler_timeout must be at least 1, not 0"},
		{"[eventlistener:l]\ncommand=c\nevents=TICK\npayload_length=bits\n",
			"7: [eventlistener:l] payload_length=bits: payload_length must be characters or bytes, not bits"},
		{"[eventlistener:l]\ncommand=c\nevents=TICK\nprocess_name=l_result_handler\nresult_handler_exec=j\n",
			"8: [eventlistener:l] result_handler_exec: [eventlistener:l] has a process named l_result_handler, which is the name of its result handler"},
		{"[eventlistener:l]\ncommand=c\nevents=TICK\nresult_handler_exec=%(process_num)d\n",
			"7: [eventlistener:l] result_handler_exec: Format string for 'eventlistener:l.result_handler_exec' contains names ('process_num')" + names + section},
		{"[fcgi-program:f]\ncommand=c\nsocket=unix:///f\nsocket_backlog=0\n",
			"7: [fcgi-program:f] socket_backlog=0: Invalid socket_backlog value 0"},
		{"[fcgi-program:f]\ncommand=c\nsocket=unix:///f\nsocket_backlog=65536\n",
			"7: [fcgi-program:f] socket_backlog=65536: Invalid socket_backlog value 65536"},
		{"[fcgi-program:f]\ncommand=c\nsocket=unix:///f\nsocket_owner=no:no\n",
			"7: [fcgi-program:f] socket_owner=no:no: Invalid socket_owner value no:no"},
		{"[fcgi-program:f]\ncommand=c\nsocket=unix:///f\nsocket_mode=9\n",
			"7: [fcgi-program:f] socket_mode=9: Invalid socket_mode value 9"},
		{"[fcgi-program:f]\ncommand=c\n",
			"4: [fcgi-program:f] socket: [fcgi-program:f] section requires a \"socket\" line"},
		{"[fcgi-program:f]\ncommand=c\nsocket=unix://f\n",
			"6: [fcgi-program:f] socket=unix://f: Unix socket path f is not an absolute path in [fcgi-program:f] socket"},
		{"[fcgi-program:f]\ncommand=c\nsocket=tcp://h:1\nsocket_owner=0\n",
			"6: [fcgi-program:f] socket=tcp://h:1: socket_owner and socket_mode params should only be used with a Unix domain socket in [fcgi-program:f] socket"},
		{"[fcgi-program:f]\ncommand=c\nsocket=tcp://h:1\nsocket_mode=0700\n",
			"6: [fcgi-program:f] socket=tcp://h:1: socket_owner and socket_mode params should only be used with a Unix domain socket in [fcgi-program:f] socket"},
		{"[fcgi-program:f]\ncommand=c\nsocket=tcp://h\n",
			"6: [fcgi-program:f] socket=tcp://h: Bad socket format tcp://h in [fcgi-program:f] socket"},
		{"[fcgi-program:f]\ncommand=c\nsocket=tcp://h:0\n",
			"6: [fcgi-program:f] socket=tcp://h:0: 0 is below lower bound (1) in [fcgi-program:f] socket"},
		{"[fcgi-program:f]\ncommand=c\nsocket=unix:///%(group_name)s\n",
			"6: [fcgi-program:f] socket=unix:///%(group_name)s: Format string 'unix:///%(group_name)s' for 'fcgi-program:f.socket' contains names ('group_name') which cannot be expanded. Available names: ENV_HOME, ENV_lc, here, program_name"},
		{"[fcgi-program:f g]\ncommand=c\nsocket=unix:///f\n",
			"4: [fcgi-program:f g]: Invalid name: 'f g' because of character: ' '"},
		{"[inet_http_server]\nport=1\nusername=u\n",
			"4: [inet_http_server] password: Section [inet_http_server] contains incomplete authentication: If a username or a password is specified, both the username and password must be specified"},
		{"[inet_http_server]\nport=1\npassword=p\n",
			"4: [inet_http_server] username: Section [inet_http_server] contains incomplete authentication: If a username or a password is specified, both the username and password must be specified"},
		{"[inet_http_server]\n",
			"4: [inet_http_server] port: section [inet_http_server] has no port value"},
		{"[inet_http_server]\nport=0\n",
			"5: [inet_http_server] port=0: not a valid port number: '0' "},
		{"[inet_http_server]\nport=h:65536\n",
			"5: [inet_http_server] port=h:65536: 65536 is above upper bound (65535)"},
		{"[inet_http_server]\nport=h:\n",
			"5: [inet_http_server] port=h:: no port number specified in ''"},
		{"[unix_http_server]\n",
			"4: [unix_http_server] file: section [unix_http_server] has no file value"},
		{"[unix_http_server]\nfile= %(nope)s\n",
			"5: [unix_http_server] file=%(nope)s: Format string '%(nope)s' for 'unix_http_server.file' contains names ('nope') which cannot be expanded. Available names: ENV_HOME, ENV_lc, here"},
		{"[unix_http_server]\nfile=/x\nchown=no\n",
			"6: [unix_http_server] chown=no: Invalid sockchown value no"},
		{"[unix_http_server]\nfile=/x\nchmod=8\n",
			"6: [unix_http_server] chmod=8: Invalid chmod value 8"},
		{"[unix_http_server]\nfile=/x\nusername=%(here)s\npassword=p\n",
			"6: [unix_http_server] username=%(here)s: Format string '%(here)s' for 'unix_http_server.username' contains names ('here') which cannot be expanded. Available names: ENV_HOME, ENV_lc"},
		{"[rpcinterface:x]\n",
			"4: [rpcinterface:x] supervisor.rpcinterface_factory: section [rpcinterface:x] does not specify a supervisor.rpcinterface_factory"},
		{"[rpcinterface:x]\nsupervisor.rpcinterface_factory=no.such:f\n",
			"5: [rpcinterface:x] supervisor.rpcinterface_factory=no.such:f: no.such:f cannot be resolved within [rpcinterface:x]: No module named 'no'"},
		{"[rpcinterface:system]\ncommand=c\n",
			"4: [rpcinterface:system]: [rpcinterface:system] cannot be a plug-in: the methods of this name are built in"},
		{"[rpcinterface:supervisor]\ncommand=c\n",
			"4: [rpcinterface:supervisor]: [rpcinterface:supervisor] cannot be a plug-in: the methods of this name are built in"},
		{"[rpcinterface:a b]\ncommand=c\n",
			"4: [rpcinterface:a b]: [rpcinterface:a b] is not a name for the methods of a plug-in"},
		{"[rpcinterface:x]\ncommand=c\nurl=unix:///x\n",
			"6: [rpcinterface:x] url: [rpcinterface:x] section has both a command and a url"},
		{"[rpcinterface:x]\nurl=ftp://x\n",
			"5: [rpcinterface:x] url: url must be unix:///path or http://host:port"},
		{"[rpcinterface:x]\nurl=unix:///x\ncallwaitsecs=0\n",
			"6: [rpcinterface:x] callwaitsecs=0: 0 is not a positive number"},
		{"[rpcinterface:x]\nurl=unix:///x\nevent_types=1X\n",
			"6: [rpcinterface:x] event_types=1X: Invalid event type 1X in [rpcinterface:x] event_types"},
		{"[rpcinterface:x]\nurl=unix:///x\nevent_types=tick_9\n",
			"6: [rpcinterface:x] event_types=tick_9: Event type TICK_9 in [rpcinterface:x] event_types is not for plug-ins"},
		{"[rpcinterface:x]\nurl=unix:///x\nevents=NOPE\n",
			"6: [rpcinterface:x] events=NOPE: Unknown event type NOPE in [rpcinterface:x] events"},
		{"[rpcinterface:x]\nurl=unix:///x\npriority=x\n",
			"6: [rpcinterface:x] priority=x: invalid literal for int() with base 10: 'x'"},
		{"[rpcinterface:x]\ncommand=c\nother=%(nope)s\n",
			"6: [rpcinterface:x] other: Format string for 'rpcinterface:x.other' contains names" + names + daemon},
		{"[group:g]\nprograms=a\n",
			"5: [group:g] programs=a: [group:g] names unknown program or fcgi-program a"},
		{"[program:a]\ncommand=c\n[fcgi-program:a]\ncommand=c\nsocket=unix:///f\n[group:g]\nprograms=a\n",
			"10: [group:g] programs=a: [group:g] name a is ambiguous (exists as program and fcgi-program)"},
		{"[group:a b]\n",
			"4: [group:a b]: Invalid name: 'a b' because of character: ' '"},
		{"[group:g]\npriority=x\n",
			"5: [group:g] priority=x: invalid literal for int() with base 10: 'x'"},
		{"[program:g]\ncommand=c\n[rpcinterface:g]\ncommand=c\n",
			"4: [program:g]: [program:g] has the same group name as [rpcinterface:g]"},
		{"[include]\n",
			" [include] files: .ini file has [include] section, but no files setting"},
		{"[include]\nfiles=%(nope)s\n",
			"5: [include] files=%(nope)s: Format string '%(nope)s' for 'include.files' contains names ('nope') which cannot be expanded. Available names: ENV_HOME, ENV_lc, here, host_node_name"},
		{"[supervisord]\nuser=nosuchuser\n",
			"5: [supervisord] user=nosuchuser: Invalid user name nosuchuser"},
		{"[supervisord]\norphans=Stop\n",
			"5: [supervisord] orphans=Stop: invalid 'orphans' value 'Stop'"},
		{"[supervisord]\numask=8\n",
			"5: [supervisord] umask=8: 8 can not be converted to an octal type"},
		{"[supervisord]\nchildlogdir=/nonexistent\n",
			"5: [supervisord] childlogdir=/nonexistent: /nonexistent is not an existing directory"},
	} {
		errs, _ := checked(t, map[string]string{"sd.conf": "[supervisord]\nlogfile=DIR/l\npidfile=DIR/p\n" + c.text})
		got := strings.ReplaceAll(strings.Join(errs, "\n"), "DIR/sd.conf:", "")
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q: %s", c.text, diff)
		}
	}
}

// TestHints checks what an error says about quotes and comments in a value, as --check and as a start show it. covers: REP-G5
func TestHints(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"ready=log:/100% done/", hintPercent},
		{"ready=log:/100%/", hintPercent},
		{"stdout_logfile=\"/tmp/a.log\"", hintQuotes},
		{"user='root'", hintQuotes},
		{"autostart=\"true\"", hintQuotes},
		{"user=root; who", hintSemicolon},
		{"startsecs=3;x", hintSemicolon},
		{"startsecs=3#x", hintHash},
		{"startsecs=3s", ""},
		{"environment=A=\"x ;y\"", hintCut},
		{"environment=A=\"x", ""},
		{"environment=\"A\"", ""},
	} {
		dir := t.TempDir()
		_, err := loadFile(t, write(t, dir, "sd.conf", "[supervisord]\n[program:a]\ncommand=a\n"+c.line+"\n"))
		if err == nil {
			t.Errorf("%s: no error", c.line)
			continue
		}
		finding := &Finding{err.(*ini.Error)}
		for _, text := range []string{Explain(err), finding.Error()} {
			if has := strings.HasSuffix(text, ": "+c.want); c.want != "" && !has || c.want == "" && finding.Cause.Hint != "" {
				t.Errorf("%s: %s, want %q", c.line, text, c.want)
			}
		}
		if !strings.Contains(Explain(err), "sd.conf:4: [program:a] ") {
			t.Errorf("%s: no place: %s", c.line, Explain(err))
		}
	}
}

// TestOneErrorEach gives each key of each kind of sections two bad values, and checks that there is one error and no warning about
// its section. covers: REP-G13
func TestOneErrorEach(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	tried := 0
	for _, kind := range sectionKinds {
		for _, k := range rowsOf(kind.in) {
			if kind.in == InDefault && k.Name == "socket" { // all programs of the file that can have it do
				continue
			}
			section := sectionOf(kind.in, k)
			for _, value := range []string{"%(nope)s", "%(here)_"} {
				path := write(t, dir, "sd.conf", oneOfEach+"["+section+"]\n"+k.Name+"="+value+"\n")
				o, err := ParseArgs("supervisord", []string{"-c", path})
				if err != nil {
					t.Fatal(err)
				}
				report := Check(o, testEnviron)
				if kind.in&(InCtl|InCtlPlugin|InNotify) != 0 {
					continue // its errors are warnings
				}
				tried++
				if len(report.Errors) != 1 {
					t.Errorf("[%s] %s=%s: %q", section, k.Name, value, report.Errors)
				}
				for _, text := range report.Warnings {
					if strings.Contains(text, "port 0 ") || strings.Contains(text, "more than once") {
						t.Errorf("[%s] %s=%s: %s", section, k.Name, value, text)
					}
				}
			}
		}
	}
	if tried < 300 {
		t.Errorf("only %d values", tried)
	}
}

// TestNotations counts the further lines of a file that the original refuses, each once.
func TestNotations(t *testing.T) {
	c, one, other := newCheck(), &ini.File{Path: "a.conf"}, &ini.File{Path: "b.conf"}
	const text = " is refused by Supervisor 4.x; keep what needs it in an included file of its own"
	for _, step := range []struct {
		file *ini.File
		line int
		want []string
	}{
		{one, 3, []string{"a.conf:3: [s] 1" + text}},
		{one, 3, []string{"a.conf:3: [s] 1" + text}},
		{one, 5, []string{"a.conf:3: [s] 1" + text + "; and 1 more"}},
		{other, 3, []string{"a.conf:3: [s] 1" + text + "; and 1 more", "b.conf:3: [s] 4" + text}},
		{one, 7, []string{"a.conf:3: [s] 1" + text + "; and 2 more", "b.conf:3: [s] 4" + text}},
	} {
		c.refuses("s", strconv.Itoa(len(c.refused)*3+1), ini.Value{From: step.file, Line: step.line})
		if d := cmp.Diff(step.want, c.notations()); d != "" {
			t.Errorf("line %d of %s (-want +got):\n%s", step.line, step.file.Path, d)
		}
	}
}
