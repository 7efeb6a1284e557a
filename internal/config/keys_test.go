package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gosupervisor/supervisor/internal/account"
	"github.com/gosupervisor/supervisor/internal/api"
)

// oneOfEach has a section of each kind with few keys.
const oneOfEach = `[include]
files=none.conf
[unix_http_server]
file=/tmp/s
username=a
password=b
[inet_http_server]
port=9001
username=a
password=b
tls_cert=/a.pem
tls_key=/a.key
[supervisord]
[supervisorctl]
tls_cert=/a.pem
tls_key=/a.key
[program:a]
command=a
process_name=%(process_num)d
[program:b]
command=b
sockets=t,u
[socket:s]
listen=unix:///tmp/s2
[socket:t]
listen=tcp://h:2
[socket:u]
listen=unix:///tmp/u
[http_user:x]
[notify:x]
type=webhook
url=http://h/
command=c
smtp=h:25
from=a@b
to=a@b
[group:g]
programs=a
[eventlistener:l]
command=l
process_name=%(process_num)d
events=TICK_5
[fcgi-program:f]
command=f
process_name=%(process_num)d
socket=unix:///tmp/f
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[rpcinterface:p]
command=p
autorestart=false
process_name=%(process_num)d
[rpcinterface:q]
url=unix:///q
events=TICK_5
[ctlplugin:c]
command=c
`

// changedSections are the sections of oneOfEach in which a test changes the keys of a kind.
var changedSections = map[Sections]string{InUnixServer: "unix_http_server", InInetServer: "inet_http_server",
	InSupervisord: "supervisord", InCtl: "supervisorctl", InInclude: "include", InProgram: "program:a", InGroup: "group:g",
	InListener: "eventlistener:l", InFastCGI: "fcgi-program:f", InInterface: "rpcinterface:p", InCtlPlugin: "ctlplugin:c", InDefault: "program-default", InSocket: "socket:t", InUser: "http_user:x",
	InNotify: "notify:x"}

// sectionOf returns the section in which a key of a kind is changed.
func sectionOf(in Sections, k *Key) string {
	switch {
	case in == InInterface && k.Name == "supervisor.rpcinterface_factory":
		return "rpcinterface:supervisor"
	case in == InInterface && k.Sections == in:
		return "rpcinterface:q"
	case in == InSocket && (k.Name == "mode" || k.Name == "owner"):
		return "socket:u"
	}
	return changedSections[in]
}

// rowsOf returns the keys of a kind of sections. Its own keys replace those of programs with the same names.
func rowsOf(in Sections) (list []*Key) {
	for _, r := range allKeys() {
		k := r.key()
		if k.Sections&in == 0 {
			continue
		}
		if i := slices.IndexFunc(list, func(known *Key) bool { return known.Name == k.Name }); i >= 0 && k.Sections == in {
			list[i] = k
		} else if i < 0 {
			list = append(list, k)
		}
	}
	return list
}

// covers: L9-l
// TestUpdateNotices changes each key of each section in the file, and checks that Compare reports what the row says of update.
func TestUpdateNotices(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, dir, "other.conf", "[program:included]\ncommand=i\n")
	var notifications []Notification
	read := func(text string) (*Config, *Ctl, error) {
		path := write(t, dir, "sd.conf", text)
		c, err := loadFile(t, path)
		if err != nil {
			return nil, nil, err
		}
		ctl, err := loadCtl(t, "-c", path)
		notified := LoadNotifications("supervisor-notify", path, testEnviron)
		notifications = notified.List
		return c, ctl, errors.Join(append(notified.Errors, err)...)
	}
	before, ctlBefore, err := read(oneOfEach)
	if err != nil {
		t.Fatal(err)
	}
	notifiedBefore := notifications
	tried := 0
	for _, kind := range sectionKinds {
		for _, k := range rowsOf(kind.in) {
			if k.Other == "" && k.Sections == InListener && k.Name == "redirect_stderr" { // it has only one valid value
				continue
			}
			if kind.in == InDefault && (k.Name == "numprocs" || k.Name == "socket") { // not all programs can have it, or all have it
				continue
			}
			section := sectionOf(kind.in, k)
			c, ctl, err := read(oneOfEach + "[" + section + "]\n" + k.Name + "=" + k.Other + "\n")
			if err != nil || k.Other == "" {
				t.Errorf("[%s] %s=%s: %v", section, k.Name, k.Other, err)
				continue
			}
			tried++
			diff := Compare(before.Groups, c.Groups)
			if noticed := !cmp.Equal(diff, Diff{}); noticed != k.Update.concernsGroups() {
				t.Errorf("[%s] %s=%s: noticed: %t, %+v", section, k.Name, k.Other, noticed, diff)
			}
			checkEffect(t, section, k, before.Groups, c.Groups)
			if k.Update.concernsGroups() || k.Name == "ignore_unknown_plugins" {
				continue
			}
			unexported := cmpopts.IgnoreUnexported(Config{}, Supervisord{})
			if cmp.Equal(before, c, unexported) && cmp.Equal(ctlBefore, ctl) && cmp.Equal(notifiedBefore, notifications) {
				t.Errorf("[%s] %s=%s changes nothing", section, k.Name, k.Other)
			}
		}
	}
	if tried < 180 {
		t.Errorf("only %d keys", tried)
	}
}

// checkEffect checks that Changes reports a changed key as its row says, and that what a process keeps is what it was started with.
func checkEffect(t *testing.T, section string, k *Key, before, after []*Group) {
	t.Helper()
	name := k.Name
	if k.Sections == InSocket { // that of the programs that use it
		name = "sockets"
	}
	found := map[Update]bool{members: len(after) > len(before)}
	for _, g := range before {
		i := slices.IndexFunc(after, func(read *Group) bool { return read.Name == g.Name })
		if i < 0 {
			found[members] = true
			continue
		}
		c := g.Changes(after[i])
		found[members] = found[members] || len(c.Added)+len(c.Removed) > 0
		found[inPlace] = found[inPlace] || slices.Contains(c.InPlace, name)
		found[replaces] = found[replaces] || slices.Contains(c.Replaces, name)
		for _, p := range c.Stay {
			now, later := p.Keys()
			found[inPlace] = found[inPlace] || slices.Contains(now, name)
			found[restarts] = found[restarts] || slices.Contains(later, name)
			kept := p.Kept()
			takenNow, takenLater := Pair{p.Configured, kept}.Keys()
			leftNow, leftLater := Pair{kept, p.Read}.Keys()
			if !slices.Equal(takenNow, now) || takenLater != nil || leftNow != nil || !slices.Equal(leftLater, later) {
				t.Errorf("[%s] %s: kept takes %v %v, and leaves %v %v", section, k.Name, takenNow, takenLater, leftNow, leftLater)
			}
		}
	}
	if k.Name == watchdogKey || IsCgroupLimit(k.Name) { // more often than before, and the first one
		found[inPlace] = found[restarts]
	}
	if k.Update.concernsGroups() && !found[k.Update] {
		t.Errorf("[%s] %s is not reported as %s: %v", section, k.Name, k.Update, found)
	}
}

// TestDefaults checks the values of sections with only the required keys.
func TestDefaults(t *testing.T) {
	text := "[supervisord]\n[unix_http_server]\nfile=/s\n[inet_http_server]\nport=1\n[program:a]\ncommand=c\n" +
		"[eventlistener:l]\ncommand=c\nevents=TICK\n[fcgi-program:f]\ncommand=c\nsocket=unix:///f\n[rpcinterface:p]\ncommand=c\n" +
		"event_types=X\n[rpcinterface:q]\nurl=http://h/\n[group:g]\n"
	c := mustLoad(t, text)
	dir := c.Supervisord.ChildLogDir
	if dir != tempDir(environment(testEnviron), takesFiles) {
		t.Errorf("childlogdir: %s", dir)
	}
	wantDaemon := Supervisord{Logfile: absolute("supervisord.log"), LogfileMaxBytes: 52428800, LogfileBackups: 10, Audit: AuditLog{MaxBytes: 52428800, Backups: 10}, Loglevel: api.Info,
		Pidfile: absolute("supervisord.pid"), Umask: -1, MinFDs: 1024, MinProcs: 200, ChildLogDir: dir,
		Environment: map[string]string{}, Identifier: "supervisor", Cgroup: "auto", Metrics: true, MetricsResources: "process", Shipping: Shipping{Facility: 1, OutPriority: 6, ErrPriority: 6}}
	if d := cmp.Diff(wantDaemon, c.Supervisord); d != "" {
		t.Error(d)
	}
	log := Channel{Log: Log{Kind: LogAuto, MaxBytes: 52428800, Backups: 10}}
	process := func(section, name string) *Process {
		return &Process{Program: &Program{Section: section + ":" + name, Name: name, Priority: 999, Start: Start{Auto: true, Secs: 1},
			Backoff: Backoff{Retries: 3}, Exit: Exit{Restart: RestartUnexpected, Codes: []int{0}},
			Stop: Stop{Signal: syscall.SIGTERM, WaitSecs: 10}},
			ProcessName: name, Run: Run{Command: "c", Environment: map[string]string{}, Umask: -1}, Out: log, Err: log}
	}
	plugin := process("rpcinterface", "p")
	plugin.Exit.Restart, plugin.Out.Capture, plugin.Err.Capture = RestartAlways, 65536, 65536
	plugin.Run.Environment = map[string]string{"SUPERVISOR_NAMESPACE": "p"}
	fcgi := process("fcgi-program", "f")
	fcgi.Socket = &Socket{URL: "unix:///f", Unix: true, Path: "/f", Mode: 0o700, UID: -1, GID: -1}
	want := []*Group{
		{Name: "p", Kind: PluginGroup, Priority: -2, Processes: []*Process{plugin},
			Plugin: &Plugin{CallWait: 10, CallLimit: 8, ResultMax: 4194304, EventTypes: []string{"X"}}},
		{Name: "q", Kind: PluginGroup, Priority: -2, Plugin: &Plugin{URL: "http://h/", CallWait: 10, CallLimit: 8, ResultMax: 4194304}},
		{Name: "l", Kind: ListenerGroup, Priority: -1, Processes: []*Process{process("eventlistener", "l")},
			Pool: &Pool{BufferSize: 10, Events: []string{"TICK"}, ResultHandler: DefaultHandler, HandlerTimeout: 5}},
		{Name: "a", Kind: ProgramGroup, Priority: 999, Processes: []*Process{process("program", "a")}},
		{Name: "f", Kind: FastCGIGroup, Priority: 999, Processes: []*Process{fcgi}},
		{Name: "g", Kind: NamedGroup, Priority: 999},
	}
	if d := cmp.Diff(want, c.Groups, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
	wantServers := []Server{{Section: "inet_http_server", Port: 1, UID: -1, GID: -1},
		{Section: "unix_http_server", Unix: true, File: "/s", Mode: 0o700, UID: -1, GID: -1}}
	if d := cmp.Diff(wantServers, c.Servers); d != "" {
		t.Error(d)
	}
	path := write(t, t.TempDir(), "sd.conf", "[supervisorctl]\n")
	ctl, err := loadCtl(t, "-c", path)
	if d := cmp.Diff(&Ctl{ServerURL: "http://localhost:9001", Prompt: "supervisor", TrustedUIDs: []int{os.Getuid()}, Interactive: true, Args: []string{}}, ctl,
		cmpopts.EquateEmpty()); d != "" || err != nil {
		t.Error(d, err)
	}
}

// TestFields checks that each key is stored in its own field.
func TestFields(t *testing.T) {
	const program = `command=cmd
process_name=name
numprocs=1
numprocs_start=1
priority=11
autostart=false
autorestart=true
startsecs=12
startretries=13
exitcodes=14,15
stopsignal=HUP
stopwaitsecs=16
killasgroup=true
user=0
directory=/dir
umask=017
environment=A=env
serverurl=http://url:1
stdout_logfile=/tmp/out
stdout_logfile_maxbytes=18
stdout_logfile_backups=19
stdout_capture_maxbytes=20
stdout_events_enabled=true
stderr_logfile=/tmp/err
stderr_logfile_maxbytes=21
stderr_logfile_backups=22
stderr_capture_maxbytes=23
stderr_syslog=true
`
	c := mustLoad(t, "[supervisord]\nlogfile=/tmp/log\nlogfile_maxbytes=1\nlogfile_backups=2\nloglevel=error\npidfile=/tmp/pid\n"+
		"umask=03\nnodaemon=true\nminfds=4\nminprocs=5\nnocleanup=true\nchildlogdir=/tmp\nuser=0\ndirectory=/\n"+
		"environment=S=sup\nidentifier=id\nshutdown_timeout=6\norphans=kill\ncgroup=required\nmetrics=false\nmetrics_resources=Tree\n"+
		"[unix_http_server]\nfile=/file\nchmod=0750\nchown=0:0\nusername=name\npassword=pass\n"+
		"[inet_http_server]\nport=Host:7\nusername=name2\npassword=pass2\n"+
		"[program:p]\n"+program+
		"[eventlistener:l]\ncommand=c\nevents=tick_5,EVENT\nbuffer_size=8\nresult_handler="+StdoutHandler+
		"\nresult_handler_timeout=9\npayload_length=bytes\npriority=10\n"+
		"[fcgi-program:f]\ncommand=c\nsocket=unix:///sock\nsocket_owner=0:0\nsocket_mode=0707\nsocket_backlog=25\npriority=24\n"+
		"[rpcinterface:r]\nurl=http://r:1\ncallwaitsecs=26\ncall_limit=27\nresult_maxbytes=28\nevent_types=one,Two\n"+
		"events=TICK_60\nbuffer_size=29\npriority=30\n[group:g]\nprograms=\npriority=31\n")
	root, err := account.New().Lookup("0")
	if err != nil {
		t.Fatal(err)
	}
	wantDaemon := Supervisord{Logfile: "/tmp/log", LogfileMaxBytes: 1, LogfileBackups: 2, Audit: AuditLog{MaxBytes: 52428800, Backups: 10}, Loglevel: api.Error, Pidfile: "/tmp/pid",
		Umask: 3, NoDaemon: true, MinFDs: 4, MinProcs: 5, NoCleanup: true, ChildLogDir: "/tmp", User: root, Directory: "/",
		Environment: map[string]string{"S": "sup"}, Identifier: "id", ShutdownTimeout: 6, KillOrphans: true, Cgroup: "required", MetricsResources: "tree",
		Shipping: Shipping{Facility: 1, OutPriority: 6, ErrPriority: 6}}
	if d := cmp.Diff(wantDaemon, c.Supervisord); d != "" {
		t.Error(d)
	}
	wantServers := []Server{
		{Section: "inet_http_server", Host: "host", Port: 7, Username: "name2", Password: "pass2", UID: -1, GID: -1},
		{Section: "unix_http_server", Unix: true, File: "/file", Mode: 0o750, Username: "name", Password: "pass"}}
	if d := cmp.Diff(wantServers, c.Servers); d != "" {
		t.Error(d)
	}
	groups := map[string]*Group{}
	for _, g := range c.Groups {
		groups[g.Name] = g
	}
	p := &Process{Program: &Program{Section: "program:p", Name: "p", Priority: 11, Start: Start{Secs: 12}, Backoff: Backoff{Retries: 13},
		Exit: Exit{Restart: RestartAlways, Codes: []int{14, 15}}, Stop: Stop{Signal: syscall.SIGHUP, WaitSecs: 16, KillAsGroup: true}},
		ProcessName: "name", Run: Run{Command: "cmd", Directory: "/dir", Environment: map[string]string{"S": "sup", "A": "env"},
			User: root, Umask: 0o17, ServerURL: "http://url:1"},
		Out: Channel{Log: Log{Path: "/tmp/out", MaxBytes: 18, Backups: 19, Kind: LogFile}, Capture: 20, Events: true},
		Err: Channel{Log: Log{Path: "/tmp/err", MaxBytes: 21, Backups: 22, Kind: LogFile, Syslog: true}, Capture: 23}}
	if d := cmp.Diff(&Group{Name: "p", Priority: 11, Processes: []*Process{p}}, groups["p"]); d != "" {
		t.Error(d)
	}
	pool := &Pool{BufferSize: 8, Events: []string{"TICK_5", "EVENT"}, ResultHandler: StdoutHandler, HandlerTimeout: 9, PayloadBytes: true}
	if d := cmp.Diff(pool, groups["l"].Pool); d != "" || groups["l"].Priority != 10 {
		t.Error(d, groups["l"].Priority)
	}
	socket := &Socket{URL: "unix:///sock", Unix: true, Path: "/sock", Mode: 0o707, Backlog: 25}
	if d := cmp.Diff(socket, groups["f"].Processes[0].Socket); d != "" || groups["f"].Priority != 24 {
		t.Error(d, groups["f"].Priority)
	}
	want := &Group{Name: "r", Kind: PluginGroup, Priority: 30, Pool: &Pool{BufferSize: 29, Events: []string{"TICK_60"}, ResultHandler: DefaultHandler},
		Plugin: &Plugin{URL: "http://r:1", CallWait: 26, CallLimit: 27, ResultMax: 28, EventTypes: []string{"ONE", "TWO"}}}
	if d := cmp.Diff(want, groups["r"]); d != "" || groups["g"].Priority != 31 {
		t.Error(d, groups["g"].Priority)
	}

	// Booleans are set one at a time, because two that are swapped could be equal above.
	flags := func(text string) (daemon Supervisord, p Process) {
		c := mustLoad(t, "[supervisord]\n[program:p]\ncommand=c\n"+text)
		return c.Supervisord, *c.Groups[0].Processes[0]
	}
	plainDaemon, plain := flags("")
	for key, field := range map[string]func(*Supervisord) *bool{
		"nodaemon": func(s *Supervisord) *bool { return &s.NoDaemon }, "silent": func(s *Supervisord) *bool { return &s.Silent },
		"nocleanup":  func(s *Supervisord) *bool { return &s.NoCleanup },
		"strip_ansi": func(s *Supervisord) *bool { return &s.StripANSI },
		"subreaper":  func(s *Supervisord) *bool { return &s.Subreaper },
	} {
		got, _ := flags("[supervisord]\n" + key + "=true")
		want := plainDaemon
		*field(&want) = true
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", key, d)
		}
	}
	for key, field := range map[string]func(*Process) *bool{
		"killasgroup":           func(p *Process) *bool { return &p.Stop.KillAsGroup },
		"stdout_events_enabled": func(p *Process) *bool { return &p.Out.Events },
		"stderr_events_enabled": func(p *Process) *bool { return &p.Err.Events },
		"stdout_syslog":         func(p *Process) *bool { return &p.Out.Log.Syslog },
		"stderr_syslog":         func(p *Process) *bool { return &p.Err.Log.Syslog },
	} {
		_, got := flags(key + "=true")
		want, program := plain, *plain.Program
		want.Program = &program
		*field(&want) = true
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", key, d)
		}
	}
	if _, got := flags("stopasgroup=true"); !got.Stop.AsGroup || !got.Stop.KillAsGroup || got.RedirectErr {
		t.Errorf("stopasgroup: %+v", got.Stop)
	}
	if _, got := flags("redirect_stderr=true"); !got.RedirectErr || got.Err.Log.Kind != LogNone || got.Out.Log.Kind != LogAuto {
		t.Errorf("redirect_stderr: %+v", got)
	}
	ctl, err := loadCtl(t, "-c", write(t, t.TempDir(), "sd.conf", "[supervisorctl]\nserverurl=unix:///a/../b\nusername=u\npassword=p\n"+
		"prompt=q\nhistory_file=/h/../i\n"), "status")
	wantCtl := &Ctl{ServerURL: "unix:///b", Username: "u", Password: "p", Prompt: "q", HistoryFile: "/i", TrustedUIDs: []int{os.Getuid()}, Args: []string{"status"}}
	if d := cmp.Diff(wantCtl, ctl); d != "" || err != nil {
		t.Error(d, err)
	}
}

// recorder collects what clients see as "member=value". It implements Members.
type recorder []string

func (r *recorder) Member(k *Key) bool {
	if k.Member != "" {
		*r = append(*r, k.Member)
	}
	return k.Member != ""
}
func (r *recorder) add(v any)       { (*r)[len(*r)-1] += fmt.Sprintf("=%#v", v) }
func (r *recorder) Int(n int)       { r.add(n) }
func (r *recorder) Bool(b bool)     { r.add(b) }
func (r *recorder) String(s string) { r.add(s) }
func (r *recorder) Ints(n []int)    { r.add(n) }
func (r *recorder) None()           { (*r)[len(*r)-1] += "=none" }

func TestMembers(t *testing.T) {
	for text, want := range map[string]string{
		"": `process_prio=999 autostart=true autorestart="unexpected" startsecs=1 startretries=3 stopsignal=15 stopwaitsecs=10
			killasgroup=false exitcodes=[]int{0} redirect_stderr=false stdout_capture_maxbytes=0 stdout_events_enabled=false
			stderr_capture_maxbytes=0 stderr_events_enabled=false serverurl=none uid=none directory=none stdout_logfile="auto"
			stdout_logfile_backups=10 stdout_logfile_maxbytes=52428800 stdout_syslog=false stderr_logfile="auto"
			stderr_logfile_backups=10 stderr_logfile_maxbytes=52428800 stderr_syslog=false command="c"`,
		"user=0\ndirectory=/d\nserverurl=u\nstdout_logfile=NONE\nstderr_logfile=/tmp/e\nautorestart=false\nexitcodes=\ncommand=\n": `
			process_prio=999 autostart=true autorestart=false startsecs=1 startretries=3 stopsignal=15 stopwaitsecs=10
			killasgroup=false exitcodes=[]int(nil) redirect_stderr=false stdout_capture_maxbytes=0 stdout_events_enabled=false
			stderr_capture_maxbytes=0 stderr_events_enabled=false serverurl="u" uid=0 directory="/d" stdout_logfile=none
			stdout_logfile_backups=10 stdout_logfile_maxbytes=52428800 stdout_syslog=false stderr_logfile="/tmp/e"
			stderr_logfile_backups=10 stderr_logfile_maxbytes=52428800 stderr_syslog=false command=""`,
		"autorestart=true\n": `process_prio=999 autostart=true autorestart=true`,
	} {
		var got recorder
		mustLoad(t, "[supervisord]\n[program:p]\ncommand=c\n"+text).Groups[0].Processes[0].Encode(&got)
		if !strings.HasPrefix(strings.Join(got, " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("%q: %s", text, got)
		}
	}
}

// TestNewKey checks that a row is sufficient for a new key to be read, compared, documented, put into the sample and seen by clients.
func TestNewKey(t *testing.T) {
	rows := table(Key{Sections: InPrograms, Scope: inProgram, Update: restarts, Since: Ours},
		&processKey[int]{Key: Key{Name: "test_key", Topic: startTopic, Member: "test_key", Other: "7", Help: "for `this` test"},
			Type: intType, Absent: 5, Field: func(p *Process) *int { return &p.Backoff.Retries }})
	oldCommon, oldAll := commonKeys, processKeys
	defer func() { commonKeys, processKeys = oldCommon, oldAll }()
	commonKeys, processKeys = slices.Concat(commonKeys, rows), slices.Concat(processKeys, rows)

	load := func(text string) *Group { return mustLoad(t, "[supervisord]\n[program:p]\ncommand=c\n"+text).Groups[0] }
	plain, changed := load(""), load("test_key= 6 \n")
	if diff := Compare([]*Group{plain}, []*Group{changed}); len(diff.Changed) != 1 {
		t.Errorf("reread: %+v", diff)
	}
	_, err := loadFile(t, write(t, t.TempDir(), "sd.conf", "[supervisord]\n[program:p]\ncommand=c\ntest_key=x\n"))
	if want := "invalid literal for int() with base 10: 'x' in section 'program:p'"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got: %v", err)
	}
	for g, want := range map[*Group]string{plain: `command="c"`, changed: `command="c" test_key="6"`} {
		var members recorder
		g.Processes[0].Encode(&members)
		if got := strings.Join(members, " "); !strings.HasSuffix(got, want) {
			t.Errorf("members: %s, want %s", got, want)
		}
	}
	if got, want := reference(InProgram), "| `test_key` | integer | `5` | restart | ours | for `this` test |\n"; !strings.Contains(got, want) {
		t.Errorf("reference: %s", got)
	}
	shown := withKey(Sample(true), "program:", rows[0].(described))
	want := "\n;test_key=5                    ; for this test (default: 5)\n\n; Programs that are told"
	if !strings.Contains(shown, want) {
		t.Errorf("sample: %s", shown)
	}
}

// TestKindOf checks which names are those of sections.
func TestKindOf(t *testing.T) {
	for name, want := range map[string]Sections{
		"unix_http_server": InUnixServer, "unix_http_server:a": InUnixServer, "unix_http_serverx": InUnixServer, "unix_http_serve": 0,
		"inet_http_server": InInetServer, "inet_http_server_2": InInetServer, "supervisord": InSupervisord, "supervisordx": 0,
		"supervisorctl": InCtl, "supervisorctl:x": 0, "include": InInclude, "includes": 0, "include:x": 0, "program:x": InProgram,
		"program:": InProgram, "program": 0, "Program:x": 0, "group:x": InGroup, "eventlistener:x": InListener, "fcgi-program:x": InFastCGI,
		"rpcinterface:x": InInterface, "ctlplugin:x": InCtlPlugin, "": 0, " program:x": 0,
	} {
		if got := kindOf(name); got != want {
			t.Errorf("%q: %d, want %d", name, got, want)
		}
	}
}

// TestValueTexts checks the texts of values for the reference.
func TestValueTexts(t *testing.T) {
	for want, got := range map[string]string{
		"1KB": sizeText(1024), "3MB": sizeText(3 << 20), "4GB": sizeText(4 << 30), "1025": sizeText(1025), "0": sizeText(0),
		"2047KB": sizeText(2047 << 10), "022": octalText(0o22), "0700": octalText(fs.FileMode(0o700)), "000": octalText(0),
		"0,2": exitCodesText(t, "0,2"), "": listText(nil), "a,b": listText([]string{"a", "b"}), "warn": orphansText(false),
		"kill": orphansText(true), "TERM": signalType.show(syscall.SIGTERM), "unexpected": restartType.show(RestartUnexpected),
		"false": restartType.show(RestartNever), "true": restartType.show(RestartAlways), "info": levelType.show(api.Info),
		"/x": fileText(Log{Kind: LogFile, Path: "/x"}), "auto": fileText(Log{Kind: LogAuto}),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := fileText(Log{}); got != "" {
		t.Errorf("no log: %q", got)
	}
}

func exitCodesText(t *testing.T, s string) string {
	codes, err := parseExitCodes(s)
	if err != nil {
		t.Fatal(err)
	}
	return codesText(codes)
}

func orphansText(kill bool) string { return choice("warn", "kill").show(kill) }

// TestEncode checks the values of keys that clients do not see.
func TestEncode(t *testing.T) {
	c := mustLoad(t, "[supervisord]\nchildlogdir=/\numask=03\nloglevel=warn\nidentifier=\nsilent=true\ndirectory=/tmp\nsubreaper=true\n"+
		"logfile=/tmp/l\npidfile=/tmp/p\nuser=0\nlogfile_maxbytes=2KB\n[program:a]\ncommand=a\n[program:b]\ncommand=b\numask=027\nstopasgroup=true\n"+
		"[program:c]\ncommand=c\numask=0\n")
	daemon := goldenMembers{object: object{}}
	c.Supervisord.Encode(&daemon)
	want := object{"childlogdir": "/", "umask": 3, "loglevel": 30, "identifier": "", "silent": true, "directory": "/tmp", "logfile": "/tmp/l",
		"pidfile": "/tmp/p", "user": nil, "logfile_maxbytes": 2048, "logfile_backups": 10, "minfds": 1024, "minprocs": 200, "nodaemon": false,
		"nocleanup": false, "strip_ansi": false, "environment": "map[]"}
	if diff := cmp.Diff(want, daemon.object); diff != "" {
		t.Error(diff)
	}
	for i, want := range []object{{"umask": nil, "stopasgroup": false, "process_name": "a"}, {"umask": 0o27, "stopasgroup": true, "process_name": "b"},
		{"umask": 0}} {
		p := goldenMembers{object: object{}}
		c.Groups[i].Processes[0].Encode(&p)
		for key, value := range want {
			if p.object[key] != value {
				t.Errorf("%s: %v, want %v", key, p.object[key], value)
			}
		}
	}
}
