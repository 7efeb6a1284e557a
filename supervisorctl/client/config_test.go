package client

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/config"
	"github.com/gosupervisor/supervisor/internal/xmlrpc"
)

// Each member is stored in the field of its name, and others in Keys.
func TestConfigInfo(t *testing.T) {
	text := func(name string) xmlrpc.Member {
		return xmlrpc.Member{Name: name, Value: xmlrpc.Value{Kind: xmlrpc.String, Text: name + "!"}}
	}
	number := func(name string, n int64) xmlrpc.Member {
		return xmlrpc.Member{Name: name, Value: xmlrpc.Value{Kind: xmlrpc.Int, Number: n}}
	}
	flag := func(name string, n int64) xmlrpc.Member {
		return xmlrpc.Member{Name: name, Value: xmlrpc.Value{Kind: xmlrpc.Bool, Number: n}}
	}
	codes := xmlrpc.Member{Name: "exitcodes", Value: xmlrpc.Value{Kind: xmlrpc.Array,
		Items: []xmlrpc.Value{{Kind: xmlrpc.Int, Number: 30}, {Kind: xmlrpc.Int, Number: 31}}}}
	members := []xmlrpc.Member{text("name"), text("group"), text("command"), text("directory"), text("serverurl"),
		number("uid", 1), number("group_prio", 2), number("process_prio", 3), flag("inuse", 1), flag("autostart", 1),
		flag("autorestart", 1), number("startsecs", 4), number("startretries", 5), codes, number("stopsignal", 6),
		number("stopwaitsecs", 7), flag("killasgroup", 1), flag("redirect_stderr", 1), text("stdout_logfile"),
		number("stdout_logfile_maxbytes", 8), number("stdout_logfile_backups", 9), number("stdout_capture_maxbytes", 10),
		flag("stdout_events_enabled", 1), flag("stdout_syslog", 1), text("stderr_logfile"),
		number("stderr_logfile_maxbytes", 11), number("stderr_logfile_backups", 12), number("stderr_capture_maxbytes", 13),
		flag("stderr_events_enabled", 1), flag("stderr_syslog", 1)}
	want := ConfigInfo{Name: "name!", Group: "group!", Command: "command!", Directory: "directory!", ServerURL: "serverurl!",
		UID: int64(1), GroupPriority: 2, ProcessPriority: 3, InUse: true, AutoStart: true, AutoRestart: true, StartSecs: 4,
		StartRetries: 5, ExitCodes: []int{30, 31}, StopSignal: 6, StopWaitSecs: 7, KillAsGroup: true, RedirectStderr: true,
		StdoutLogfile: "stdout_logfile!", StdoutLogfileMaxBytes: 8, StdoutLogfileBackups: 9, StdoutCaptureMaxBytes: 10,
		StdoutEventsEnabled: true, StdoutSyslog: true, StderrLogfile: "stderr_logfile!", StderrLogfileMaxBytes: 11,
		StderrLogfileBackups: 12, StderrCaptureMaxBytes: 13, StderrEventsEnabled: true, StderrSyslog: true}
	if diff := cmp.Diff(want, configInfo(xmlrpc.Value{Members: members})); diff != "" {
		t.Error(diff)
	}
	for i, m := range members {
		if m.Value.Kind != xmlrpc.Bool {
			continue
		}
		off := slices.Clone(members)
		off[i].Value.Number = 0
		if cmp.Equal(want, configInfo(xmlrpc.Value{Members: off})) {
			t.Errorf("%s is not decoded", m.Name)
		}
	}
	other := []xmlrpc.Member{text("uid"), text("autorestart"), text("nice"), number("other", 5)}
	want = ConfigInfo{UID: "uid!", AutoRestart: "autorestart!", Keys: map[string]string{"nice": "nice!", "other": "5"}}
	if diff := cmp.Diff(want, configInfo(xmlrpc.Value{Members: other})); diff != "" {
		t.Error(diff)
	}
}

// names collects the members of getAllConfigInfo that are keys.
type names []string

func (n *names) Member(k *config.Key) bool {
	if k.Member != "" && k.Since != config.Ours {
		*n = append(*n, k.Member)
	}
	return false
}
func (n *names) Int(int)       {}
func (n *names) Bool(bool)     {}
func (n *names) String(string) {}
func (n *names) Ints([]int)    {}
func (n *names) None()         {}

// ConfigInfo has a field for each member that the original has, and for no other.
func TestConfigInfoFields(t *testing.T) {
	var members names
	(&config.Process{Program: &config.Program{}}).Encode(&members)
	members = append(members, "name", "group", "group_prio", "inuse")
	var fields names
	for name := range configFields() {
		fields = append(fields, name)
	}
	slices.Sort(members)
	slices.Sort(fields)
	if diff := cmp.Diff(members, fields); diff != "" {
		t.Errorf("(-getAllConfigInfo +ConfigInfo)\n%s", diff)
	}
}
