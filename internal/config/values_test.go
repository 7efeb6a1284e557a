package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/ini"
)

func texts(c *Config, level api.Level) []string {
	var list []string
	for _, m := range c.Messages {
		if m.Level == level {
			list = append(list, m.Text)
		}
	}
	return list
}

func TestInclude(t *testing.T) {
	dir := t.TempDir()
	main := write(t, dir, "sd.conf", "[supervisord]\nidentifier=main\n[include]\n"+
		"files = inc/*.conf nope*.ini\n  x/[!a]?/b.conf\n"+
		"[program:m]\ncommand=%(here)s/m %%(here)s\nautostart=true\n[rpcinterface:r]\n"+
		"supervisor.rpcinterface_factory="+MainInterface+"\nk=%(here)s\n")
	write(t, dir, "inc/b.conf", "[program:b]\ncommand=%(here)s/b\n[supervisord]\nidentifier=b\n")
	write(t, dir, "inc/a.conf", "[program:m]\nautostart=false\ndirectory=%(here)s\n[include]\nfiles=never.conf\n")
	write(t, dir, "inc/.hidden.conf", "junk")
	write(t, dir, "x/b1/b.conf", "[program:x]\ncommand=x\n")
	write(t, dir, "x/a1/b.conf", "junk")
	if err := os.Symlink("nowhere", filepath.Join(dir, "inc/c.conf")); err != nil {
		t.Fatal(err)
	}
	c, err := loadFile(t, main)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range c.Groups {
		p := g.Processes[0]
		got = append(got, fmt.Sprint(g.Name, " ", p.Run.Command, " ", p.Run.Directory, " ", p.Start.Auto))
	}
	inc := filepath.Join(dir, "inc")
	want := []string{"b " + inc + "/b  true",
		"m " + dir + "/m %(here)s " + inc + " false", "x x  true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if c.Supervisord.Identifier != "b" || c.Interfaces[0].Options["k"] != dir {
		t.Errorf("merged: %s, %v", c.Supervisord.Identifier, c.Interfaces)
	}
	wantWarn := []string{`Could not read extra file "` + inc + `/c.conf" during parsing: no such file or directory`,
		`No file matches via include "` + dir + `/nope*.ini"`,
		dir + "/sd.conf:6: [program:m] is also in " + inc + "/a.conf, whose autostart counts",
		inc + "/a.conf:4: [include] has no effect: an included file includes no others",
		dir + "/sd.conf:1: [supervisord] is also in " + inc + "/b.conf, whose identifier counts"}
	wantInfo := []string{`Included extra file "` + inc + `/a.conf" during parsing`,
		`Included extra file "` + inc + `/b.conf" during parsing`,
		`Included extra file "` + dir + `/x/b1/b.conf" during parsing`}
	if diff := cmp.Diff(append(wantWarn, wantInfo...), append(texts(c, api.Warn), texts(c, api.Info)...)); diff != "" {
		t.Error(diff)
	}
	write(t, dir, "inc/a.conf", "[program:z]\n")
	wantErr := "program section program:z does not specify a command in section 'program:z' (file: '" + inc + "/a.conf')"
	if _, err := loadFile(t, main); err == nil || err.Error() != wantErr {
		t.Errorf("got: %v\nwant: %s", err, wantErr)
	}
	write(t, dir, "inc/a.conf", "foo=bar")
	var e *ini.Error
	if _, err := loadFile(t, main); !errors.As(err, &e) || e.File != inc+"/a.conf" || e.Line != 1 {
		t.Errorf("parse error in an included file: %v", err)
	}
}

// TestEnvironmentMerge checks that environment of a program overrides that of [supervisord], and that both can be expanded.
func TestEnvironmentMerge(t *testing.T) {
	c := mustLoad(t, "[supervisord]\nenvironment=A=\"sup\",B=\"50%%\"\n[program:a]\n"+
		"environment=A=\"a\",C=\"%(ENV_B)s\"\n"+
		"command=%(ENV_A)s %(ENV_C)s\n[program:b]\ncommand=%(ENV_A)s\n[program:c]\ncommand=c\n")
	var got []string
	for _, g := range c.Groups {
		got = append(got, fmt.Sprint(g.Processes[0].Run.Command, " ", g.Processes[0].Run.Environment))
	}
	want := []string{"a 50% map[A:a B:50% C:50%]", "sup map[A:sup B:50%]", "c map[A:sup B:50%]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !same(c.Groups[1].Processes[0].Run.Environment, c.Groups[2].Processes[0].Run.Environment) {
		t.Error("equal environments are not shared")
	}
}

func same(a, b map[string]string) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

func TestNumprocs(t *testing.T) {
	c := mustLoad(t, "[supervisord]\n[program:w]\ncommand=x %(process_num)s/%(numprocs)s %(group_name)s\nnumprocs=3\n"+
		"numprocs_start=9\nprocess_name=%(program_name)s_%(process_num)02d\nenvironment=A=1\n"+
		"stdout_logfile=/tmp/%(process_name)s.log\n")
	var got []string
	for _, p := range c.Groups[0].Processes {
		got = append(got, p.ProcessName+" "+p.Run.Command+" "+p.Out.Log.Path)
	}
	want := []string{"w_09 x 9/3 w /tmp/w_09.log", "w_10 x 10/3 w /tmp/w_10.log", "w_11 x 11/3 w /tmp/w_11.log"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	p := c.Groups[0].Processes
	plain := mustLoad(t, "[supervisord]\n[program:w]\ncommand=x%(ENV_lc)s\nnumprocs=2\nprocess_name=%(process_num)d\n"+
		"directory=/%(ENV_lc)s\nstdout_logfile=/tmp/%(ENV_lc)s\nstderr_logfile=/tmp/e%(ENV_lc)s\nenvironment=A=%(process_num)d\n")
	a, b := plain.Groups[0].Processes[0], plain.Groups[0].Processes[1]
	for _, texts := range [][2]string{{a.Run.Command, b.Run.Command}, {a.Run.Directory, b.Run.Directory},
		{a.Out.Log.Path, b.Out.Log.Path}, {a.Err.Log.Path, b.Err.Log.Path}} {
		if texts[0] != texts[1] || unsafe.StringData(texts[0]) != unsafe.StringData(texts[1]) {
			t.Errorf("%q and %q are not shared", texts[0], texts[1])
		}
	}
	if a.Run.Environment["A"] != "0" || b.Run.Environment["A"] != "1" {
		t.Errorf("environments: %v, %v", a.Run.Environment, b.Run.Environment)
	}
	if p[0].Program != p[2].Program || !same(p[0].Run.Environment, p[2].Run.Environment) {
		t.Error("processes do not share what they have in common")
	}
}

func TestGroups(t *testing.T) {
	c := mustLoad(t, "[supervisord]\n[program:a]\ncommand=a\npriority=5\n[program:b]\n"+
		"command=%(group_name)s\npriority=3\n"+
		"[program:c]\ncommand=c\nprocess_name=b\npriority=3\n[group:g]\nprograms=a, b,c,a\n[group:d]\n"+
		"[program:d]\ncommand=d\n"+
		"[eventlistener:l]\ncommand=l\nevents=TICK_5,tick_5,EVENT\npayload_length=bytes\n"+
		"[fcgi-program:f]\ncommand=f\nsocket=tcp://LOCAL:9\n[fcgi-program:h]\ncommand=h\nsocket=bad\n"+
		"[group:i]\nprograms=h\n")
	var got []string
	for _, g := range c.Groups {
		line := fmt.Sprintf("%s %d %d:", g.Name, g.Kind, g.Priority)
		for _, p := range g.Processes {
			line += fmt.Sprintf(" %s(%s,%d)", p.ProcessName, p.Run.Command, p.Priority)
		}
		got = append(got, line)
	}
	want := []string{"l 2 -1: l(l,999)", "d 1 999:", "f 3 999: f(f,999)", "g 1 999: b(c,3) a(a,5)", "i 1 999: h(h,999)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantWarn := []string{"[fcgi-program:h] gets no socket: Bad socket format bad in [fcgi-program:h] socket",
		"process name b occurs more than once in group g, only the one of [program:c] counts",
		"[program:d] has the same group name as [group:d] and is ignored"}
	gotWarn := texts(c, api.Warn)
	if len(gotWarn) != len(wantWarn) {
		t.Errorf("warnings: %q", gotWarn)
	}
	for _, w := range wantWarn {
		if !strings.Contains(strings.Join(gotWarn, "\n"), w) {
			t.Errorf("no warning %q in %q", w, gotWarn)
		}
	}
	pool := &Pool{BufferSize: 10, Events: []string{"TICK_5", "EVENT"}, ResultHandler: DefaultHandler, PayloadBytes: true,
		HandlerTimeout: 5}
	if diff := cmp.Diff(pool, c.Groups[0].Pool); diff != "" {
		t.Error(diff)
	}
	socket := &Socket{URL: "tcp://local:9", Host: "local", Port: 9, UID: -1, GID: -1}
	if diff := cmp.Diff(socket, c.Groups[2].Processes[0].Socket); diff != "" {
		t.Error(diff)
	}
}

func TestLogs(t *testing.T) {
	c := mustLoad(t, "[supervisord]\n[program:a]\ncommand=a\nstdout_logfile=NONE\nstderr_logfile=/tmp/e\n"+
		"redirect_stderr=true\n"+
		"[program:b]\ncommand=b\nstdout_logfile=syslog\nstderr_logfile=Auto\nstderr_logfile_maxbytes=0\n"+
		"[program:c]\ncommand=c\nstdout_logfile=\nstderr_logfile=/tmp/100%%%%\nstderr_logfile_maxbytes=-3\n"+
		"stdout_syslog=true\n")
	var got []Log
	for _, g := range c.Groups {
		got = append(got, g.Processes[0].Out.Log, g.Processes[0].Err.Log)
	}
	const size = 50 << 20
	want := []Log{{MaxBytes: size, Backups: 10}, {MaxBytes: size, Backups: 10},
		{MaxBytes: size, Backups: 10, Syslog: true}, {Kind: LogAuto, Backups: 10},
		{MaxBytes: size, Backups: 10, Syslog: true}, {Kind: LogFile, Path: "/tmp/100%", Backups: 10}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantWarn := []string{
		"For [program:a], redirect_stderr=true but stderr_logfile has also been set to a filename, " +
			"the filename has been ignored",
		"For [program:b], stdout_logfile=syslog but this is deprecated and will be removed.  " +
			"Use stdout_syslog=true to enable syslog instead.",
		"For [program:b], AUTO logging used for stderr_logfile without rollover, " +
			"set maxbytes > 0 to avoid filling up filesystem unintentionally"}
	if diff := cmp.Diff(wantWarn, texts(c, api.Warn)); diff != "" {
		t.Error(diff)
	}
}

func TestServers(t *testing.T) {
	c := mustLoad(t, "[supervisord]\n[unix_http_server]\nfile=/tmp/../tmp/s\nchown=0:0\nchmod=0770\n"+
		"[inet_http_server:b]\nport=*:9\n"+
		"username=u\npassword=p\n[inet_http_server]\nport=LocalHost:8\n")
	want := []Server{
		{Section: "inet_http_server:b", Port: 9, Username: "u", Password: "p", UID: -1, GID: -1},
		{Section: "inet_http_server", Host: "localhost", Port: 8, UID: -1, GID: -1},
		{Section: "unix_http_server", Unix: true, File: "/tmp/s", Mode: 0o770},
	}
	if diff := cmp.Diff(want, c.Servers); diff != "" {
		t.Error(diff)
	}
	var urls []string
	for _, s := range c.Servers {
		urls = append(urls, s.URL())
	}
	if diff := cmp.Diff([]string{"http://localhost:9", "http://localhost:8", "unix:///tmp/s"}, urls); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownPlugins(t *testing.T) {
	c := mustLoad(t, "[supervisord]\nignore_unknown_plugins=true\n[rpcinterface:x]\n"+
		"supervisor.rpcinterface_factory=no:x\n"+
		"[eventlistener:l]\ncommand=l\nevents=TICK\nresult_handler=no:y\n")
	if len(c.Interfaces) != 0 || c.Groups[0].Pool.ResultHandler != DefaultHandler || len(texts(c, api.Warn)) != 2 {
		t.Errorf("%+v %+v %q", c.Interfaces, c.Groups[0].Pool, texts(c, api.Warn))
	}
}

// TestSample checks that the sample is valid, also without the semicolons in front of keys and sections.
func TestSample(t *testing.T) {
	c := mustLoad(t, Sample(true))
	if len(c.Groups) != 0 || len(c.Servers) != 1 || len(c.Interfaces) != 1 {
		t.Errorf("%+v", c)
	}
	doc := ini.New()
	var all []string
	for line := range strings.SplitSeq(Sample(true), "\n") {
		if strings.HasPrefix(line, ";") && !strings.HasPrefix(line, "; ") && line != ";" {
			line = line[1:]
		}
		all = append(all, line)
	}
	if err := doc.Parse(&ini.File{Path: "sample"}, strings.Join(all, "\n")); err != nil {
		t.Fatal(err)
	}
	if got, want := len(doc.ByName["program:theprogramname"].Values), len(ownKeys(InProgram)); got != want {
		t.Errorf("%d keys of a program, want %d", got, want)
	}
	for _, line := range []string{
		";autorestart=unexpected        ; when to restart if exited after running (def: unexpected)",
		";startsecs=1                   ; # of secs prog must stay up to be running (def. 1)",
	} {
		if !strings.Contains(Sample(true), "\n"+line+"\n") {
			t.Errorf("no line %q", line)
		}
	}
}

// TestSamplePlaces checks that no file of the sample is where all users can write, or where its user cannot.
func TestSamplePlaces(t *testing.T) {
	places := func(root bool) (list []string) {
		doc := uncommented(t, Sample(root))
		for _, s := range doc.Sections {
			for _, key := range byLine(s.Values) {
				if path := strings.TrimPrefix(s.Values[key].Text, "unix://"); slices.Contains(
					[]string{"file", "logfile", "pidfile", "childlogdir", "socket"}, key) && !strings.Contains(path, "//") && path != "AUTO" {
					list = append(list, path)
				}
			}
		}
		return list
	}
	const run, log, here = "/var/run/", "/var/log", "%(here)s/"
	for root, want := range map[bool][]string{
		true:  {run + "supervisor.sock", log + "/supervisord.log", run + "supervisord.pid", log, run + "fcgi.sock"},
		false: {here + "supervisor.sock", here + "supervisord.log", here + "supervisord.pid", "%(here)s", here + "fcgi.sock"},
	} {
		got := slices.DeleteFunc(places(root), func(path string) bool { return path == "" })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("root: %v (-want +got)\n%s", root, diff)
		}
	}
}

// TestRedirectedEmptyLog checks that an empty path counts as one that is ignored, as in the original.
func TestRedirectedEmptyLog(t *testing.T) {
	for text, want := range map[string]int{"": 1, "%(ENV_none)s": 1, "NONE": 0, "AUTO": 0, "x": 1} {
		dir := t.TempDir()
		path := write(t, dir, "sd.conf",
			"[supervisord]\n[program:x]\ncommand=x\nredirect_stderr=true\nstderr_logfile="+text+"\n")
		o, err := ParseArgs("/usr/bin/supervisord", []string{"-c", path})
		if err != nil {
			t.Fatal(err)
		}
		c, err := Load(o, []string{"none="})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(texts(c, api.Warn)); got != want || c.Groups[0].Processes[0].Err.Log.Kind != LogNone {
			t.Errorf("%q: %d warnings, want %d", text, got, want)
		}
	}
}

// TestPluginKeyOrder checks that the keys of a plug-in are read in their order, then those of [DEFAULT]: the first error is reported.
func TestPluginKeyOrder(t *testing.T) {
	path := write(t, t.TempDir(), "sd.conf", "[DEFAULT]\na=%(none)s\n[supervisord]\n[rpcinterface:x]\n"+
		"supervisor.rpcinterface_factory="+MainInterface+"\nz=%(first)s\nb=%(second)s\n")
	_, err := loadFile(t, path)
	if err == nil || !strings.Contains(err.Error(), "'rpcinterface:x.z'") {
		t.Errorf("the first bad key is z, got %v", err)
	}
}

// TestSocketOwner checks that the owner of a socket is socket_owner, or else the user of the program.
func TestSocketOwner(t *testing.T) {
	other := strconv.Itoa(os.Getuid() + 1)
	const section = "[supervisord]\n[fcgi-program:f]\ncommand=x\nsocket=unix:///tmp/f\n"
	for text, want := range map[string][2]int{
		"": {-1, -1},
		"user=" + other + "\nsocket_owner=" + other + "\n": {os.Getuid() + 1, -2},
		"user=" + other + "\nsocket_owner=0:7\n":           {0, 7},
		"socket_owner=3:4\n":                               {3, 4},
		"user=" + other + "\n":                             {os.Getuid() + 1, -2},
		"user=" + strconv.Itoa(os.Getuid()) + "\n":         {-1, -1},
	} {
		s := mustLoad(t, section+text).Groups[0].Processes[0].Socket
		if s.UID != want[0] || s.GID != want[1] && want[1] != -2 {
			t.Errorf("%q: %d:%d, not %v", text, s.UID, s.GID, want)
		}
	}
}

// parses checks what a parser makes of texts: the value as fmt prints it, or the message of the error.
func parses[T any](t *testing.T, parse func(string) (T, error), want map[string]string) {
	t.Helper()
	for text, want := range want {
		v, err := parse(text)
		got := fmt.Sprintf("%v", v)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestParsers(t *testing.T) {
	const noInteger = "error: invalid literal for int() with base 10: "
	parses(t, parseInteger, map[string]string{"7": "7", " -1 ": "-1", "1_0": "10", "x": noInteger + "'x'", "": noInteger + "''"})
	parses(t, parseBytes, map[string]string{"7": "7", "2kb": "2048", "2KB": "2048", "3Mb": "3145728", "1gB": "1073741824", "-5": "0",
		"-5KB": "0", "1 MB": "1048576", "9999999999999999999": "4611686018427387904", "5000000000GB": "4611686018427387904",
		"4294967296GB": "4611686018427387904", "4294967295GB": "4611686017353646080", "4611686018427387904": "4611686018427387904",
		"4611686018427387903": "4611686018427387903", "1TB": noInteger + "'1tb'", "kb": noInteger + "''", "1.5MB": noInteger + "'1.5'"})
	parses(t, parseBoolean, map[string]string{"yes": "true", "true": "true", "on": "true", "1": "true", "YES": "true", "no": "false",
		"false": "false", "off": "false", "0": "false", "Off": "false", "": "error: not a valid boolean value: ''",
		"Maybe": "error: not a valid boolean value: 'Maybe'", "2": "error: not a valid boolean value: '2'"})
	parses(t, parseUmask, map[string]string{"022": "18", "0o22": "18", "777777": "511", "-1": "511",
		"8": "error: 8 can not be converted to an octal type"})
	parses(t, parseMode, map[string]string{"0700": "-rwx------", "7777": "-rwxrwxrwx", "x": "error: x can not be converted to an octal type"})
	parses(t, parseServerURL, map[string]string{"auto": "", " AUTO ": "", "http://x": "http://x", " x ": " x ", "autos": "autos"})
	parses(t, parseLevel, map[string]string{"Info": "info", "blather": "blather", "x": "error: bad logging level name 'x'"})
	parses(t, parseRestart, map[string]string{"unexpected": "unexpected", "Unexpected": "unexpected", "ON": "true", "0": "false",
		"Maybe": "error: invalid 'autorestart' value 'maybe'"})
	parses(t, parseExitCodes, map[string]string{"": "[]", "0": "[0]", "0, 2,255": "[0 2 255]", "0,": "error: not a valid list of exit codes: '0,'",
		"256": "error: not a valid list of exit codes: '256'", "-1": "error: not a valid list of exit codes: '-1'"})
	parses(t, parseSignal, map[string]string{"TERM": syscall.SIGTERM.String(), "9": syscall.SIGKILL.String(),
		"0": "error: value '0' is not a valid signal number", "X": "error: value 'X' is not a valid signal name"})
	parses(t, parseList, map[string]string{"": "[]", " a , b": "[a b]", "a,,b": "[a  b]", ",": "[ ]"})
	parses(t, parseName, map[string]string{" a ": "a", "": "", "a b": "error: Invalid name: 'a b' because of character: ' '",
		"a:b": "error: Invalid name: 'a:b' because of character: ':'", "a/b": "error: Invalid name: 'a/b' because of character: '/'"})
	parses(t, parsePort, map[string]string{"1": "1", "65535": "65535", "0": "error: 0 is below lower bound (1)",
		"65536": "error: 65536 is above upper bound (65535)", "x": noInteger + "'x'"})
	parses(t, parseInetAddress, map[string]string{"9001": "{ 9001}", ":9001": "{ 9001}", "*:1": "{ 1}", "Host:1": "{host 1}", "::1:9": "{::1 9}",
		"x": "error: not a valid port number: 'x' ", "h:": "error: no port number specified in ''", "h:0": "error: 0 is below lower bound (1)"})
	parses(t, parsePluginURL, map[string]string{"unix:///x": "unix:///x", "http://h": "http://h", "http://h:1/x": "http://h:1/x",
		"unix://h/x": "error: url must be unix:///path or http://host:port",
		"unix:x":     "error: url must be unix:///path or http://host:port",
		"http:///x":  "error: url must be unix:///path or http://host:port",
		"https://h":  "error: url must be unix:///path or http://host:port",
		"http://h:x": "error: url must be unix:///path or http://host:port"})
	parses(t, parsePositive, map[string]string{"1": "1", "0": "error: 0 is not a positive number", "x": noInteger + "'x'"})
	parses(t, parseHandlerTimeout, map[string]string{"1": "1", " 0 ": "error: result_handler_timeout must be at least 1, not 0", "x": noInteger + "'x'"})
	parses(t, choice("no", "yes").parse, map[string]string{"no": "false", "NO": "false", "Yes": "true", "true": "error: unknown word"})
}

// TestPaths checks the functions for paths.
func TestPaths(t *testing.T) {
	t.Setenv("HOME", "/home/me/")
	for in, want := range map[string]string{"~": "/home/me", "~/x": "/home/me/x", "x~": "x~", "": "", "~root": "/root", "~root/x": "/root/x",
		"~nosuchuser/x": "~nosuchuser/x", "/~": "/~"} {
		if got := thisHost.expandUser(in); got != want {
			t.Errorf("thisHost.expandUser(%q) = %q, want %q", in, got, want)
		}
	}
	t.Setenv("HOME", "/")
	if a, b := thisHost.expandUser("~"), thisHost.expandUser("~/x"); a != "/" || b != "/x" {
		t.Errorf("with HOME=/: %q, %q", a, b)
	}
	for in, want := range map[string]string{"": "", "x": "", "/": "/", "/x": "/", "//x": "//", "a/x": "a", "a//x": "a", "/a/x": "/a", "a/": "a"} {
		if got := dirname(in); got != want {
			t.Errorf("dirname(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[[2]string]string{{"d", "x"}: "d/x", {"d/", "x"}: "d/x", {"", "x"}: "x", {"d", "/x"}: "/x", {"d", ""}: "d/"} {
		if got := join(in[0], in[1]); got != want {
			t.Errorf("join(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestNearest checks which name is suggested.
func TestNearest(t *testing.T) {
	for _, c := range []struct{ name, candidates, want string }{
		{"autostrat", "autorestart autostart startsecs", "autostart"}, {"stdout", "user stderr", "stderr"}, {"abc", "abd abe", "abd"},
		{"abc", "abe abd", "abe"}, {"abc", "abc", "abc"}, {"a", "b", "b"}, {"a", "bc", ""}, {"abc", "xyc", "xyc"}, {"abc", "xyz", ""},
		{"abcdef", "xyzdef", "xyzdef"}, {"abcdef", "wxyzef", ""}, {"user", "", ""},
	} {
		if got := nearest(c.name, strings.Fields(c.candidates)); got != c.want {
			t.Errorf("%s of %s: %q, want %q", c.name, c.candidates, got, c.want)
		}
	}
	for pair, want := range map[string]int{" ": 0, "a ": 1, " abc": 3, "abc abc": 0, "abc abd": 1, "abc bc": 1, "abc xabc": 1, "kitten sitting": 3} {
		a, b, _ := strings.Cut(pair, " ")
		if got := distance(a, b); got != want {
			t.Errorf("distance(%q, %q) = %d, want %d", a, b, got, want)
		}
	}
}

// TestTempDir checks that the first usable directory is taken, in the order of the original.
func TestTempDir(t *testing.T) {
	env := map[string]string{"TMPDIR": "/1", "TEMP": "/2", "TMP": "/3"}
	order := []string{"/1", "/2", "/3", "/tmp", "/var/tmp", "/usr/tmp", absolute("."), "/tmp"}
	for i, want := range order {
		tried := 0
		got := tempDir(env, func(string) bool { tried++; return tried > i })
		if got != want {
			t.Errorf("when %d of them take no files: %s, not %s", i, got, want)
		}
	}
	if got := tempDir(nil, func(string) bool { return true }); got != "/tmp" {
		t.Errorf("without environment: %s", got)
	}
	dir := t.TempDir()
	if !takesFiles(dir) || takesFiles(dir+"/absent") || takesFiles(write(t, dir, "file", "")) {
		t.Error("a directory takes files, and nothing else does")
	}
}
