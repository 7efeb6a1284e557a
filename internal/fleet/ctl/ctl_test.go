package ctl

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/fleet"
)

func TestHostTable(t *testing.T) {
	now := time.Date(2026, 11, 28, 15, 0, 0, 0, time.Local)
	alive := &fleet.Alive{Supervisord: fleet.Answers}
	hosts := map[string]*host{
		"web1": {Host: fleet.Host{Counts: map[string]int{"RUNNING": 198, "FATAL": 2}, Labels: map[string]string{"role": "web", "dc": "fra"}}, alive: alive},
		"web2": {Host: fleet.Host{Counts: map[string]int{"RUNNING": 200}}, alive: alive, behind: 2*time.Hour + 3*time.Second},
		"db1": {Host: fleet.Host{Counts: map[string]int{"RUNNING": 40}, Labels: map[string]string{"role": "db"}},
			seen: now.Add(-12*time.Minute - 50*time.Second)},
		"db2": {Host: fleet.Host{Ended: fleet.Stopping}, seen: now.Add(-24 * time.Hour)},
		"db3": {Host: fleet.Host{Counts: map[string]int{"STOPPED": 1}}, alive: &fleet.Alive{Supervisord: fleet.Silent}},
	}
	want := `HOST  STATE    PROGRAMS              CONFIG  SEEN                 LABELS
db1   lost     (40 RUNNING)          -       14:47:10             role=db
db2   stopped  (none)                -       2026-11-27 15:00:00
db3   silent   (1 STOPPED)           -       now
web1  up       198 RUNNING, 2 FATAL  -       now                  dc=fra,role=web
web2  up       200 RUNNING           -       now, CLOCK +2h0m
5 hosts: 2 up, 1 silent, 1 stopped, 1 lost; 441 processes: 398 RUNNING, 2 FATAL, 41 not known
`
	if diff := cmp.Diff(want, hostTable(hosts, now)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for name, status := range map[string]int{"web1": unwell, "web2": 0, "db1": unwell, "db2": unwell, "db3": unwell} {
		if got := hostStatus(map[string]*host{name: hosts[name]}); got != status {
			t.Errorf("status %d for %s", got, name)
		}
	}
	lostOnly := hostTable(map[string]*host{"db1": hosts["db1"]}, now)
	if !strings.HasSuffix(lostOnly, "1 host: 1 lost; 40 processes: 40 not known\n") {
		t.Error(lostOnly)
	}
}

func TestProcesses(t *testing.T) {
	hosts := map[string]*host{"a": {alive: &fleet.Alive{Supervisord: fleet.Answers}}, "b": {}}
	at := time.Date(2026, 11, 28, 15, 0, 0, 0, time.Local)
	states := map[fleet.Process]fleet.State{
		{Host: "b", Group: "web", Name: "web"}: {State: "RUNNING", PID: 7, Since: at.Unix()},
		{Host: "a", Group: "g", Name: "w"}:     {State: "FATAL", Note: "no such file"},
		{Host: "a", Group: "web", Name: "web"}: {State: "STARTING"},
	}
	want := "a  g:w  FATAL      no such file\na  web  STARTING\nb  web  (RUNNING)  pid 7, since 2026-11-28 15:00:00\n"
	if diff := cmp.Diff(want, processTable(hosts, states)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for p, want := range map[fleet.Process]int{{Host: "b", Group: "web", Name: "web"}: unwell, {Host: "a", Group: "g", Name: "w"}: unwell, {Host: "a", Group: "web", Name: "web"}: 0} {
		if got := processStatus(hosts, map[fleet.Process]fleet.State{p: states[p]}); got != want {
			t.Errorf("%v has status %d", p, got)
		}
	}
}

func TestEventLines(t *testing.T) {
	at := time.Date(2026, 11, 28, 15, 0, 0, 0, time.Local)
	for want, e := range map[string]fleet.Event{
		"g:w EXITED (from_state RUNNING, expected 0, pid 7)":                      {Type: "PROCESS_STATE_EXITED", Fields: map[string]string{"groupname": "g", "processname": "w", "from_state": "RUNNING", "pid": "7", "expected": "0"}},
		"w STARTING (from_state STOPPED)":                                         {Type: "PROCESS_STATE_STARTING", Fields: map[string]string{"groupname": "w", "processname": "w", "from_state": "STOPPED", "tries": "0"}},
		"g PROCESS_GROUP_ADDED":                                                   {Type: "PROCESS_GROUP_ADDED", Fields: map[string]string{"groupname": "g"}},
		"SUPERVISOR_STATE_CHANGE_RUNNING":                                         {Type: "SUPERVISOR_STATE_CHANGE_RUNNING"},
		"agent: started":                                                          {Agent: &fleet.AgentNote{Started: true}},
		"agent: 3 events were lost before they reached it":                        {Agent: &fleet.AgentNote{Gap: 3}},
		"agent: of 3 further events only the last state of each process was sent": {Agent: &fleet.AgentNote{Merged: 3}},
		"agent: 3 events were dropped before they were sent":                      {Agent: &fleet.AgentNote{Dropped: 3}},
	} {
		e.At = at.UnixMilli()
		if got := eventLine("h", e); got != "2026-11-28 15:00:00 h "+want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSince(t *testing.T) {
	now := time.Date(2026, 11, 28, 15, 0, 0, 0, time.Local)
	for text, want := range map[string]time.Time{
		"10m": now.Add(-10 * time.Minute), "7d": now.Add(-7 * 24 * time.Hour), "2026-11-27": time.Date(2026, 11, 27, 0, 0, 0, 0, time.Local),
		"2026-11-27T12:00:00Z": time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC), "2026-11-27 12:00:00": time.Date(2026, 11, 27, 12, 0, 0, 0, time.Local),
	} {
		if got, err := parseSince(text, now); !got.Equal(want) || err != nil {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	if got, err := parseSince("yesterday", now); err == nil {
		t.Errorf("yesterday is %v", got)
	}
}

func TestUsage(t *testing.T) {
	t.Setenv("SUPERVISOR_FLEET_HUB", "")
	for _, c := range []struct {
		args   string
		status int
		errs   string
	}{
		{"", 0, ""}, {"help", 0, ""}, {"status -h", 0, ""}, {"walk", 2, `there is no command "walk"`},
		{"status --walk", 2, "unknown flag: --walk"}, {"status --state walking", 2, "there is no state WALKING"},
		{"status --on role", 2, `"role" is neither LABEL=VALUE nor LABEL!=VALUE`},
		{"status -c /nothing", 2, "there is neither /nothing nor --hub nor SUPERVISOR_FLEET_HUB"},
		{"status -c /nothing --hub http://x", 2, `"http://x" is neither tls://HOST:PORT nor nats://HOST:PORT`},
		{"status -c /nothing --hub nats://h:1", 2, "hub nats://h:1 is not encrypted (allow_plain=true)"},
		{"events -c /nothing --hub nats://127.0.0.1:1", 4, "no hub answers at nats://127.0.0.1:1"},
	} {
		var out, errs bytes.Buffer
		if got := Main(strings.Fields(c.args), &out, &errs); got != c.status || !strings.Contains(errs.String(), c.errs) || (c.errs == "") != (errs.Len() == 0) {
			t.Errorf("%q: status %d, %q, want %d, %q", c.args, got, errs.String(), c.status, c.errs)
		}
		if c.status == 0 && !strings.HasPrefix(out.String(), "usage: supervisorctl fleet") {
			t.Errorf("%q prints %q", c.args, out.String())
		}
	}
}

// TestPrintable shows that what hosts say cannot change the terminal.
func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"web ü*": "web ü*", "a\x1b[2Jb": `a\x1b[2Jb`, "a\nb\tc": `a\nb\tc`, "\xff\u202e": `\xff\u202e`, "": "", "\ufffd": "\ufffd",
	} {
		if got := printable(text); got != want {
			t.Errorf("%q is printed as %q, want %q", text, got, want)
		}
	}
	if got := align([][]string{{"a\x1b", "b"}, {"cc", "d"}}); got != "a\\x1b  b\ncc     d\n" {
		t.Errorf("%q", got)
	}
}
