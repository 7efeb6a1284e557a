package web

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/operations"
)

// everything is what a user with the role full may do.
var everything = may{Control: true, MainLog: true}

func view(group, name string, state api.State) operations.ProcessView {
	return operations.ProcessView{ProcessInfo: api.ProcessInfo{Group: group, Name: name, State: state, StateName: state.String()}}
}

// TestGroupsOf checks the order of the sections and the filter.
func TestGroupsOf(t *testing.T) {
	snap := operations.Snapshot{Processes: []operations.ProcessView{
		view("a", "a", api.Running), view("b", "other", api.Running), view("c", "c", api.Running), view("c", "d", api.Fatal),
		view("z", "z", api.Stopped),
	}}
	type section struct {
		Name   string
		Counts []count
		Rows   []string
		Shown  bool
	}
	for _, c := range []struct {
		filter filter
		want   []section
	}{
		{filter{}, []section{
			{"", []count{{"running", 1}, {"stopped", 1}}, []string{"a", "z"}, true},
			{"b", []count{{"running", 1}}, []string{"b:other"}, true},
			{"c", []count{{"fatal", 1}, {"running", 1}}, []string{"c", "c:d"}, true},
		}},
		{filter{Query: " C:", State: "fatal"}, []section{
			{"", []count{{"running", 1}, {"stopped", 1}}, nil, false},
			{"b", []count{{"running", 1}}, nil, false},
			{"c", []count{{"fatal", 1}, {"running", 1}}, []string{"c:d"}, true},
		}},
	} {
		var got []section
		for _, g := range groupsOf(snap, c.filter, everything) {
			s := section{Name: g.Name, Counts: g.Counts, Shown: g.Shown}
			for _, r := range g.Rows {
				if !r.Hidden {
					s.Rows = append(s.Rows, r.Namespec)
				}
			}
			got = append(got, s)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%+v (-want +got):\n%s", c.filter, d)
		}
	}
}

// TestRowOf checks what each state shows and which actions it offers.
func TestRowOf(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		state                api.State
		class                string
		start, stop, restart bool
	}{
		{api.Stopped, "statusnominal", true, false, false},
		{api.Starting, "statusnominal changing", false, true, false},
		{api.Running, "statusrunning", false, true, true},
		{api.Backoff, "statuserror", false, true, false},
		{api.Stopping, "statusnominal changing", false, false, false},
		{api.Exited, "statusnominal", true, false, false},
		{api.Fatal, "statuserror", true, false, false},
		{api.Unknown, "statusnominal", false, false, false},
	} {
		r := rowOf(view("g", "p", c.state), now, everything)
		if r.Class != c.class || r.CanStart != c.start || r.CanStop != c.stop || r.CanRestart != c.restart {
			t.Errorf("%v: %+v", c.state, r)
		}
	}
	v := view("g", "p", api.Running)
	v.PID, v.Description, v.LastExit, v.Stop = 7, "pid 7, uptime 1 day, 0:00:05", "exit status 1", int(now.Unix())-60
	if r := rowOf(v, now, everything); r.Uptime != "1 day, 0:00:05" || r.Description != "" || r.LastExit != "exit status 1" || r.Stop == "" {
		t.Errorf("running: %+v", r)
	}
}

// TestBadgesOf checks the text of all members that only some processes have. Those of other processes have none.
func TestBadgesOf(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.Local)
	at := int(now.Add(time.Hour).Unix())
	for _, c := range []struct {
		more        *api.ProcessMore
		description string
		want        []badge
	}{
		{nil, "", nil},
		{&api.ProcessMore{Restarts: new(0)}, "", nil},
		{&api.ProcessMore{WaitsFor: "db"}, "waits for db", nil},
		{&api.ProcessMore{Health: "unknown", Disabled: new(false), Reloading: new(false)}, "", []badge{{"", "health unknown"}}},
		{&api.ProcessMore{Health: "healthy", HealthSince: new(at), Ready: new(true), Restarts: new(1)}, "",
			[]badge{{"good", "healthy"}, {"good", "ready"}, {"", "1 restart"}}},
		{&api.ProcessMore{WaitsFor: "web (stopping)", Ready: new(false), Health: "unhealthy", HealthText: "HTTP <503>", StatusText: "5 requests",
			Reason: "watchdog", Restarts: new(3), NextStart: new(at), Disabled: new(true), Reloading: new(true), StopStep: "signal INT",
			Stale: "command", HealthCheck: "liveness"}, "pid 5",
			[]badge{{"bad", "unhealthy: HTTP <503>"}, {"busy", "not ready"}, {"busy", "reloading"}, {"busy", "waits for web (stopping)"},
				{"busy", "stop step: signal INT"}, {"", "disabled"}, {"", "next start 13:00:00"}, {"", "last end: watchdog"}, {"", "3 restarts"},
				{"", "changed for the next start: command"}, {"", "status: 5 requests"}}},
	} {
		v := view("g", "p", api.Running)
		v.Description, v.More = c.description, c.more
		if d := cmp.Diff(c.want, rowOf(v, now, everything).Badges); d != "" {
			t.Errorf("%+v (-want +got):\n%s", c.more, d)
		}
	}
}

// TestRowWithoutBadges checks that the row of a program without new keys has nothing in place of badges.
func TestRowWithoutBadges(t *testing.T) {
	for _, more := range []*api.ProcessMore{nil, {}} {
		v := view("g", "p", api.Exited)
		v.Description, v.More = "x", more
		got := string(message(operations.Snapshot{At: time.Unix(5, 7), Processes: []operations.ProcessView{v}}, everything))
		if !strings.Contains(got, `<span class="statusnominal">exited</span><td><td><td>x<td><td><button`) {
			t.Errorf("%+v: %s", more, got)
		}
	}
}

func TestShortTime(t *testing.T) {
	now := time.Date(2026, 11, 25, 15, 0, 0, 0, time.UTC)
	for ago, want := range map[time.Duration]string{
		time.Minute: "14:59:00", 13 * time.Hour: "Nov 25 02:00", 16 * time.Hour: "Nov 24 23:00", 365 * 24 * time.Hour: "2025-11-25",
	} {
		if got := shortTime(now.Add(-ago), now); got != want {
			t.Errorf("%v ago: %q, want %q", ago, got, want)
		}
	}
}

func TestQuote(t *testing.T) {
	if got := quote("a b/c:d&e=f+g~ü%"); got != "a%20b/c%3Ad%26e%3Df%2Bg~%C3%BC%25" {
		t.Error(got)
	}
}

// TestMessage checks that a row is one line with any content.
func TestMessage(t *testing.T) {
	v := view("g", "p", api.Fatal)
	v.SpawnErr, v.Description = "two\nlines\r\n", "two\nlines\r\n"
	at := time.Unix(5, 7)
	got := string(message(operations.Snapshot{At: at, Processes: []operations.ProcessView{v}}, everything))
	if !strings.HasPrefix(got, "id: 5000000007\ndata: 5\ndata: <tr ") || !strings.HasSuffix(got, "</tr>\n\n") ||
		strings.Count(got, "\n") != 4 || strings.Contains(got, "\r") {
		t.Errorf("%q", got)
	}
}
