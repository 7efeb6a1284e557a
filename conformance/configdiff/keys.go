package main

import "strings"

// key is a key with good and bad values. DIR stands for the directory of the main file.
type key struct {
	name   string
	good   []string
	bad    []string
	wanted bool // required
}

func (g *generator) value(k key) string {
	text := pick(g, k.good...)
	if len(k.bad) > 0 && g.chance(g.bad) {
		text = pick(g, k.bad...)
	} else if g.chance(g.bad / 4) {
		text = pick(g, formats...)
	}
	if k.name == "programs" {
		text = g.members()
	}
	return strings.ReplaceAll(text, "DIR", g.dir)
}

// members returns a list for programs=.
func (g *generator) members() string {
	var list []string
	for _, name := range g.names {
		if g.chance(0.5) {
			list = append(list, name)
		}
	}
	if g.chance(g.bad) {
		list = append(list, pick(g, "nope", "", " ", "l", "a b"))
	}
	return strings.Join(list, pick(g, ",", ", ", " ,", ",\n  "))
}

// formats are texts with expansions, right and wrong, for any key.
var formats = []string{
	"%(here)s", "%(nope)s", "%(ENV_HOME)s", "%(ENV_NOPE)s", "%(program_name)s", "%(group_name)s", "%(process_num)d",
	"%(process_num)s", "%(numprocs)s", "%(host_node_name)s", "%", "%%", "%(", "%(here", "%(here)", "%(here)d",
	"%(here)q",
	"%d", "%s", "%x", "%5%", "%(process_num)05d", "%(process_num)x", "%(numprocs)+d", "%(here).2s",
	"%(program_name)10s|",
	"%(program_name)-5s|", "%(ENV_PCT)s", "%(ENV_lc)s", "%(ENV_LC)s", "%(process_num)c", "%(process_num).3f",
	"%(process_num)e", "%(process_num)g", "%(here)r", "%(ENV_EMPTY)s", "%(ENV_A)s", "%(ENV_K)s", "%(process_name)s",
	"%(process_num)#o", "%*d", "%(process_num)*d", "%(here)ls", "%(a(b)c)s", "%()s", "%(here)s%(here)s", "%\u00e9", "",
	"%(process_num) d", "%(process_num)-4d|", "%(process_num).4d", "%(process_num)i", "%(process_num)u", "%(here)a",
}

var (
	integers    = []string{"0", "1", "3", "10", " 7 ", "1_000", "007", "+5", "-1", "-10", "2147483647", "\u0663"}
	badIntegers = []string{"", "abc", "1.5", "1__0", "_1", "0x10", "1e3", "- 1", "1 2", "1,2", "''", "\"1\"", "1%%"}
	booleans    = []string{"true", "false", "yes", "no", "on", "off", "1", "0", "TRUE", "Off"}
	badBooleans = []string{"maybe", "", "2", "t", "y", "true false", "'true'", "TRUE;", "none"}
	sizes       = []string{"0", "1", "50MB", "1kb", "1 MB", "2Gb", "-1", "-5KB", "10_0KB", " 3mb "}
	badSizes    = []string{"", "abc", "1TB", "1.5MB", "KB", "MB5", "1B", "1 M B", "it's"}
	octals      = []string{"022", "0o22", "0", "777", "777777", "-1", " 027 ", "0_22"}
	badOctals   = []string{"", "9", "abc", "0x1", "08", "rwx"}
	users       = []string{"root", "0", "nobody", "65534", " 0"}
	badUsers    = []string{"nosuch", "", "99999", "-1", "root ", "0x0", "r oot"}
	owners      = []string{"root", "0", "root:root", "nobody:nogroup", "0:0", "65534:65534", "nobody"}
	badOwners   = []string{"", "nosuch", "root:", ":root", "root:nosuch", "root.root", "99999", "0:99999", "a:b:c"}
	paths       = []string{"DIR/logs/a.log", "DIR/logs/b.log", "x.log", "%(here)s/logs/c.log", "DIR/logs/é.log",
		"DIR/logs/../d.log", "DIR//logs//e", "~/f.log", "%(here)s/logs/%(ENV_lc)s", "DIR/logs/%%s"}
	badPaths    = []string{"/nonexistent/x.log", "DIR/nodir/x", "%(here)s/nodir/x", "~nosuch/x", "~nobody/x"}
	dirs        = []string{"DIR", "/tmp", "%(here)s", "/", "~", "DIR/logs", ".", "DIR/logs/"}
	badDirs     = []string{"", "/nonexistent", "DIR/sd.conf", "~nosuch", "nothere"}
	environment = []string{"A=1", `A="1",K=2`, `A="x y"`, "A='1'", `A="a,b",B='c=d',`, "A=/usr/bin:/bin", `A=""`, "",
		" A = x , B = y ", "A=x,\n  B=y", "A==x", "A=a#b", `A="a#b"`, "A=é", "A=日本", "A=x,A=y", "A=$HOME", `A="$HOME"`,
		`A="%(ENV_HOME)s/x"`, `A="%(here)s"`, "A=%(ENV_lc)s", `A="50%%"`, `K="%(host_node_name)s"`, "A=a b", "A=x;B=y",
		`A="a\"b"`, `A="a\\b"`, `A="\n"`, `A="x"y`, `A="a""b"`, `A=x"y"`, `A=a\,b`, `A=a\ b`, `"A"=b`, `A='"x"'`,
		`A="'x'"`, "PATH=/opt/bin", "SUPERVISOR_ENABLED=0", "A=a-b.c+d(e):f", `A="x ;y"`, `HOME="/h",A="%(ENV_HOME)s"`}
	badEnvironment = []string{"A", "A=", "=1", "A=1,B", "A=1,,B=2", "A=1 B=2", "A=a@b", "A=b=c", "A={x}",
		"A=http://x/y?z",
		`A="unterminated`, `A=it's`, `A=a\`, "A=%(nope)s", "%", `A='a\'b'`, "A=%(ENV_B)s"}
	programEnvironment = append([]string{`A="%(program_name)s"`, "N=%(process_num)d", `A="%(group_name)s"`,
		`A="%(process_num)02d"`, `A="%(numprocs)s"`}, environment...)
	logfiles = append([]string{"none", "NONE", "off", "auto", "AUTO", "Auto", "syslog", "SysLog", "/dev/null",
		"/dev/stdout",
		"DIR/logs/%(program_name)s.log", "DIR/logs/%(group_name)s_%(process_num)02d.log", "DIR/logs/%(ENV_A)s", "",
		"DIR/logs/%(host_node_name)s", "DIR/logs/100%%%%"}, paths...)
	levels  = []string{"info", "DEBUG", "warn", "error", "critical", "trace", "blather", "Info"}
	signals = []string{"TERM", "term", "SIGTERM", "15", "HUP", "sigusr1", "RTMIN", "34", "64", "RTMAX", "QUIT", "9",
		"IOT", "CLD",
		"POLL", "1", " INT ", "31", "STKFLT"}
	badSignals = []string{"", "FOO", "99", "-9", "0", "SIG_DFL", "_IGN", "SIG_BLOCK", "SIGSIGTERM", "T ERM",
		"33", "1.0",
		"SIG", "_UNBLOCK", "sig_setmask", "32"}
)

var daemonKeys = []key{
	{name: "logfile", good: append([]string{"syslog", "none", "auto"}, paths...), bad: badPaths},
	{name: "logfile_maxbytes", good: sizes, bad: badSizes},
	{name: "logfile_backups", good: integers, bad: badIntegers},
	{name: "loglevel", good: levels, bad: []string{"", "warning", "bogus", "10", "info "}},
	{name: "pidfile", good: paths, bad: badPaths},
	{name: "umask", good: octals, bad: badOctals},
	{name: "nodaemon", good: booleans, bad: badBooleans},
	{name: "silent", good: booleans, bad: badBooleans},
	{name: "minfds", good: integers, bad: badIntegers},
	{name: "minprocs", good: integers, bad: badIntegers},
	{name: "nocleanup", good: booleans, bad: badBooleans},
	{name: "childlogdir", good: dirs, bad: badDirs},
	{name: "user", good: users, bad: badUsers},
	{name: "directory", good: dirs, bad: badDirs},
	{name: "strip_ansi", good: booleans, bad: badBooleans},
	{name: "environment", good: environment, bad: badEnvironment},
	{name: "identifier", good: []string{"supervisor", "x", "a b", "", "é", "%(ENV_lc)s", "%(here)s"}},
	{name: "profile_options", good: []string{"cumulative", "x"}},
}

var programKeys = []key{
	{name: "command", wanted: true, good: []string{"/bin/cat", "cat", "bash -c 'a ; b'", "x %(process_num)02d",
		`a "b c" d\ e`,
		"%(here)s/run", "echo %(ENV_A)s", "echo %(ENV_HOME)s %%", "x -p %(program_name)s_%(group_name)s", `"unterminated`,
		"a\n  b\n  c", "cat #x", "%(host_node_name)s %(numprocs)d", "x=y:z", "a  b", "cat;x", "", "日本 é"}},
	{name: "process_name", good: []string{"%(program_name)s_%(process_num)02d", "%(program_name)s%(process_num)s",
		"%(group_name)s-%(process_num)d", "%(process_num)5d", "x%(process_num)s"},
		bad: []string{"%(program_name)s", "fixed", "a b", "a:b", "a/b", "", "%(nope)s", "%(process_num)",
			"%(here)s%(process_num)d",
			"%(ENV_A)s%(process_num)d", "%(host_node_name)s%(process_num)d", " x%(process_num)d ",
			"%(ENV_SP)s%(process_num)d"}},
	{name: "numprocs", good: []string{"1", "1", "1", "1", "1", "1", "2", "0", "-1", "3"}, bad: badIntegers},
	{name: "numprocs_start", good: []string{"0", "1", "5", "-2", "99"}, bad: badIntegers},
	{name: "directory", good: append([]string{"/nonexistent", "%(ENV_A)s", "/x/%(process_num)s", ""}, dirs...)},
	{name: "umask", good: octals, bad: badOctals},
	{name: "priority", good: integers, bad: badIntegers},
	{name: "autostart", good: booleans, bad: badBooleans},
	{name: "autorestart", good: append([]string{"unexpected", "Unexpected"}, booleans...), bad: badBooleans},
	{name: "startsecs", good: integers, bad: badIntegers},
	{name: "startretries", good: integers, bad: badIntegers},
	{name: "exitcodes", good: []string{"0", "0,2", " 0, 2 ", "", "255", "1_0", "+3"}, bad: []string{"256", "-1",
		"abc", "0,", ",", "0 1"}},
	{name: "stopsignal", good: signals, bad: badSignals},
	{name: "stopwaitsecs", good: integers, bad: badIntegers},
	{name: "stopasgroup", good: booleans, bad: badBooleans},
	{name: "killasgroup", good: []string{"true", "yes", "1"}, bad: append([]string{"false"}, badBooleans...)},
	{name: "user", good: users, bad: badUsers},
	{name: "redirect_stderr", good: []string{"false", "no", "off", "true"}, bad: badBooleans},
	{name: "stdout_logfile", good: logfiles, bad: append([]string{"DIR/logs/%(process_name)s"}, badPaths...)},
	{name: "stdout_logfile_maxbytes", good: sizes, bad: badSizes},
	{name: "stdout_logfile_backups", good: integers, bad: badIntegers},
	{name: "stdout_capture_maxbytes", good: sizes, bad: badSizes},
	{name: "stdout_events_enabled", good: booleans, bad: badBooleans},
	{name: "stdout_syslog", good: booleans, bad: badBooleans},
	{name: "stderr_logfile", good: logfiles, bad: badPaths},
	{name: "stderr_logfile_maxbytes", good: sizes, bad: badSizes},
	{name: "stderr_logfile_backups", good: integers, bad: badIntegers},
	{name: "stderr_capture_maxbytes", good: sizes, bad: badSizes},
	{name: "stderr_events_enabled", good: booleans, bad: badBooleans},
	{name: "stderr_syslog", good: booleans, bad: badBooleans},
	{name: "environment", good: programEnvironment, bad: badEnvironment},
	{name: "serverurl", good: []string{"AUTO", "auto", " Auto ", "http://localhost:9001", "unix:///tmp/x", "bogus",
		"%(here)s"}},
}

var listenerKeys = []key{
	{name: "events", wanted: true, good: []string{"TICK_5", "tick_60,TICK_5", "EVENT", "PROCESS_STATE , process_log",
		"TICK,TICK",
		"PROCESS_COMMUNICATION_STDERR", "REMOTE_COMMUNICATION", "SUPERVISOR_STATE_CHANGE_RUNNING", "PROCESS_GROUP_ADDED"},
		bad: []string{"", "FOO", "TICK,", ",", "TICK 5", "TICK_61", "PROCESS_STATE_", "EVENT;TICK"}},
	{name: "buffer_size", good: []string{"1", "10", "1000"}, bad: append([]string{"0", "-3"}, badIntegers...)},
	{name: "result_handler", good: []string{"supervisor.dispatchers:default_handler"}, bad: []string{"no.such:mod",
		"nope:x"}},
}

var fastCGIKeys = []key{
	{name: "socket", wanted: true, good: []string{"unix:///tmp/f.sock", "unix://%(here)s/f.sock", "tcp://localhost:9000",
		"tcp://LOCALHOST:9000", "unix:///tmp/%(program_name)s.sock", "tcp://10.0.0.1:65535", "unix:///tmp/../x"},
		bad: []string{"", "bogus", "http://x:9", "TCP://x:9", "tcp://localhost", "tcp://localhost:0", "tcp://h:99999",
			"unix://rel/x",
			"unix://", "tcp://a b:9", "tcp://:9", "tcp://h:9x", "tcp://h:-1", "tcp://[::1]:9", "unix:///x/%(process_num)s"}},
	{name: "socket_backlog", good: []string{"1", "128", "65535"}, bad: append([]string{"0", "70000", "-1"},
		badIntegers...)},
	{name: "socket_owner", good: owners, bad: badOwners},
	{name: "socket_mode", good: octals, bad: badOctals},
}

var groupKeys = []key{
	{name: "programs", wanted: true, good: []string{""}},
	{name: "priority", good: integers, bad: badIntegers},
}

var credentialKeys = []key{
	{name: "username", wanted: true, good: []string{"u", "", "é", "a:b", "%%"}},
	{name: "password", wanted: true, good: []string{"p", "", "{SHA}82ab876d1387bfafe46cc1c8a2ef074eae50cb1d", "a;b",
		"50%%", "#x"}},
}

var inetKeys = append([]key{
	{name: "port", wanted: true, good: []string{"9001", ":9001", "*:9001", "127.0.0.1:9001", "LocalHost:1", "h:65535",
		"::1:9"},
		bad: []string{"", "abc", "0", "70000", "-1", "127.0.0.1:", "h:abc", "h:0", "h:70000", "[::1]", "%(here)s",
			"9001 "}},
}, credentialKeys...)

var unixKeys = append([]key{
	{name: "file", wanted: true, good: []string{"DIR/s.sock", "%(here)s/s", "rel.sock", "~/s", "/nonexistent/s",
		"DIR/../s"},
		bad: []string{"", "%(nope)s", "%(program_name)s"}},
	{name: "chmod", good: octals, bad: badOctals},
	{name: "chown", good: owners, bad: badOwners},
}, credentialKeys...)

var interfaceKeys = []key{
	{name: "supervisor.rpcinterface_factory",
		wanted: true, good: []string{"supervisor.rpcinterface:make_main_rpcinterface"},
		bad: []string{"nope.nope:x", "nope:x"}},
	{name: "retries", good: []string{"1", "x y", "%(ENV_HOME)s", "%%"}, bad: []string{"%(here)s", "%"}},
}

var ctlKeys = []key{
	{name: "serverurl", good: []string{"unix:///tmp/x.sock", "http://localhost:9001"}},
	{name: "prompt", good: []string{"x", "%(nope)s"}},
}
