package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPluginGroup checks a plug-in with a program: its defaults, its keys, and subscriptions to its event types.
func TestPluginGroup(t *testing.T) {
	c := mustLoad(t, "[DEFAULT]\ncommon=all\n[supervisord]\nenvironment=A=1\n"+
		"[eventlistener:l]\ncommand=l\nevents=disk,DISK_FULL\n"+
		"[rpcinterface:disk]\ncommand=/bin/disk %%x\nenvironment=B=2,SUPERVISOR_OPTION_SET=mine\nevent_types=DISK, disk_full,DISK\n"+
		"events=TICK_5,DISK\nbuffer_size=3\ncallwaitsecs=2\ncall_limit=1\nresult_maxbytes=1KB\nmy.path=%(ENV_HOME)s/x\nset=no\n"+
		"[program:p]\ncommand=p\n")
	var names []string
	for _, g := range c.Groups {
		names = append(names, g.Name)
	}
	if d := cmp.Diff([]string{"disk", "l", "p"}, names); d != "" {
		t.Fatal(d)
	}
	g := c.Groups[0]
	want := &Plugin{CallWait: 2, CallLimit: 1, ResultMax: 1 << 10, EventTypes: []string{"DISK", "DISK_FULL"}}
	if d := cmp.Diff(want, g.Plugin); d != "" || g.Kind != PluginGroup || g.Priority != -2 || len(c.Interfaces) != 0 {
		t.Errorf("%+v %v\n%s", g, c.Interfaces, d)
	}
	if d := cmp.Diff(&Pool{BufferSize: 3, Events: []string{"TICK_5", "DISK"}, ResultHandler: DefaultHandler}, g.Pool); d != "" {
		t.Error(d)
	}
	p := g.Processes[0]
	if p.Run.Command != "/bin/disk %x" || p.Exit.Restart != RestartAlways || p.Out.Capture != 64<<10 || p.Err.Capture != 64<<10 {
		t.Errorf("%+v %+v", p, p.Program)
	}
	if d := cmp.Diff(map[string]string{"A": "1", "B": "2", "SUPERVISOR_NAMESPACE": "disk",
		"SUPERVISOR_OPTION_MY_PATH": "/root/x", "SUPERVISOR_OPTION_SET": "mine",
		"SUPERVISOR_OPTION_COMMON": "all"}, p.Run.Environment); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"DISK", "DISK_FULL"}, c.Groups[1].Pool.Events); d != "" {
		t.Error(d)
	}
	if p := c.Groups[2].Processes[0]; p.Run.Environment["SUPERVISOR_NAMESPACE"] != "" {
		t.Errorf("a program got %v", p.Run.Environment)
	}
}

// TestPluginURL checks a plug-in with a URL.
func TestPluginURL(t *testing.T) {
	c := mustLoad(t, "[supervisord]\n[rpcinterface:a]\nurl=unix:///run/a.sock\n"+
		"[rpcinterface:b]\nurl=http://u:p@host:1/x\nautorestart=true\nevent_types=X\n")
	for i, want := range []*Plugin{
		{URL: "unix:///run/a.sock", CallWait: 10, CallLimit: 8, ResultMax: 4 << 20},
		{URL: "http://u:p@host:1/x", CallWait: 10, CallLimit: 8, ResultMax: 4 << 20, EventTypes: []string{"X"}},
	} {
		g := c.Groups[i]
		if d := cmp.Diff(want, g.Plugin); d != "" || len(g.Processes) != 0 || g.Pool != nil {
			t.Errorf("%+v\n%s", g, d)
		}
	}
}

// TestPluginDiff checks that changes of the section of a plug-in are reported.
func TestPluginDiff(t *testing.T) {
	const head = "[supervisord]\n[rpcinterface:x]\n"
	base := "command=x\nevent_types=A\nevents=TICK\nkey=1\n"
	running := mustLoad(t, head+base).Groups
	if d := Compare(running, mustLoad(t, head+base).Groups); len(d.Changed) != 0 {
		t.Errorf("%+v", d)
	}
	for _, text := range []string{"url=unix:///x\n", strings.Replace(base, "key=1", "key=2", 1),
		strings.Replace(base, "=A", "=A,B", 1), strings.Replace(base, "TICK", "EVENT", 1), base + "callwaitsecs=3\n",
		base + "call_limit=3\n", base + "result_maxbytes=3\n", base + "startsecs=3\n"} {
		if d := Compare(running, mustLoad(t, head+text).Groups); len(d.Changed) != 1 {
			t.Errorf("%s: %+v", text, d)
		}
	}
}

func TestPluginErrors(t *testing.T) {
	for text, want := range map[string]string{
		"[rpcinterface:x]\ncommand=x\nurl=unix:///x":                             "[rpcinterface:x] section has both a command and a url",
		"[rpcinterface:x]\nurl=unix://x":                                         "url must be unix:///path or http://host:port",
		"[rpcinterface:x]\nurl=https://x":                                        "url must be unix:///path or http://host:port",
		"[rpcinterface:x]\ncommand=x\ncall_limit=0":                              "0 is not a positive number",
		"[rpcinterface:x]\ncommand=x\nevent_types=TICK_7":                        "Event type TICK_7 in [rpcinterface:x] event_types is not for plug-ins",
		"[rpcinterface:x]\ncommand=x\nevent_types=EVENT":                         "Event type EVENT in [rpcinterface:x] event_types is not for plug-ins",
		"[rpcinterface:x]\ncommand=x\nevent_types=A B":                           "Invalid event type A B in [rpcinterface:x] event_types",
		"[rpcinterface:x]\ncommand=x\nevents=NOPE":                               "Unknown event type NOPE in [rpcinterface:x] events",
		"[rpcinterface:a.b]\ncommand=x":                                          "[rpcinterface:a.b] is not a name for the methods of a plug-in",
		"[rpcinterface:system]\ncommand=x":                                       "[rpcinterface:system] cannot be a plug-in: the methods of this name are built in",
		"[rpcinterface:x]\ncommand=x\n[program:x]\ncommand=":                     "[program:x] has the same group name as [rpcinterface:x]",
		"[rpcinterface:x]\ncommand=x\n[eventlistener:l]\ncommand=l\nevents=DISK": "Unknown event type DISK in [eventlistener:l] events",
		"[rpcinterface:x]\nkey=x":                                                "section [rpcinterface:x] does not specify a supervisor.rpcinterface_factory",
		"[rpcinterface:x]\nsupervisor.rpcinterface_factory=no:x\ncommand=x":      "no:x cannot be resolved within [rpcinterface:x]: No module named 'no'",
	} {
		path := write(t, t.TempDir(), "sd.conf", "[supervisord]\n"+text+"\n")
		if _, err := loadFile(t, path); err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
}
