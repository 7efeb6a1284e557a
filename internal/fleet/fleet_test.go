package fleet

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
)

// TestNames shows keys of odd names, and that no two names have one key.
func TestNames(t *testing.T) {
	for name, key := range map[string]string{
		"web_1-a": "web_1-a", "a.b": "a=2Eb", "ü": "=C3=BC", "x*y": "x=2Ay", "a>": "a=3E", "": "=", "=": "=3D", "a b": "a=20b", "\xff": "=FF",
	} {
		if got := Escape(name); got != key {
			t.Errorf("Escape(%q) = %q, want %q", name, got, key)
		}
	}
	for _, text := range []string{"", "a.b", "=2e", "=2", "=6", "=61", "=zz", "a=", "ü", "=="} {
		if name, err := Unescape(text); err == nil {
			t.Errorf("Unescape(%q) = %q", text, name)
		}
	}
	p := Process{"h.1", "g", "ü"}
	if got, err := ParseKey(p.Key()); got != p || err != nil {
		t.Errorf("%s is %v, %v", p.Key(), got, err)
	}
	host, kind, err := ParseEventSubject(EventSubject("h.1", StateEvent))
	if host != "h.1" || kind != StateEvent || err != nil {
		t.Errorf("%s %s %v", host, kind, err)
	}
	for _, bad := range []string{"", "a.b", "a.b.c.d", "a.b.*"} {
		if p, err := ParseKey(bad); err == nil {
			t.Errorf("ParseKey(%q) = %v", bad, p)
		}
	}
	for _, bad := range []string{"", "fleet.v1.ev.a", "fleet.v1.ev.a.", "fleet.v1.ev.a.b.c", "fleet.v2.ev.a.b"} {
		if host, _, err := ParseEventSubject(bad); err == nil {
			t.Errorf("ParseEventSubject(%q) = %v", bad, host)
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add("a.b", "=2E")
	f.Fuzz(func(t *testing.T, name, text string) {
		key := Escape(name)
		if back, err := Unescape(key); back != name || err != nil || strings.ContainsAny(key, ".*> \t") {
			t.Errorf("Escape(%q) = %q, back %q, %v", name, key, back, err)
		}
		if name, err := Unescape(text); err == nil && Escape(name) != text {
			t.Errorf("Unescape(%q) = %q", text, name)
		}
	})
}

func FuzzEventID(f *testing.F) {
	f.Add("web1/3/4")
	f.Add("a=2Eb/0/18446744073709551615")
	f.Fuzz(func(t *testing.T, id string) {
		if host, rev, err := ParseEventID(id); err == nil && EventID(host, rev) != id {
			t.Errorf("%q is %q %v", id, host, rev)
		}
	})
}

// FuzzFrames shows that any cut of frames gives the frames before the cut, and that other bytes give no panic and no long frame.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("a"), []byte("bc"), uint(3))
	f.Fuzz(func(t *testing.T, a, b []byte, cut uint) {
		a, b = a[:min(len(a), MaxValue)], b[:min(len(b), MaxValue)]
		if len(a) == 0 || len(b) == 0 {
			return
		}
		all := AppendFrame(AppendFrame(nil, a), b)
		part := all[:cut%uint(len(all)+1)]
		var got [][]byte
		for rest := part; len(rest) > 0; {
			data, after, err := NextFrame(rest)
			if err != nil {
				if !errors.Is(err, ErrShort) {
					t.Errorf("cut at %d: %v", len(part), err)
				}
				break
			}
			got, rest = append(got, data), after
		}
		var want [][]byte
		if len(part) >= FrameHead+len(a) {
			want = append(want, a)
		}
		if len(part) == len(all) {
			want = append(want, b)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("cut at %d: %q", len(part), got)
		}
		if data, _, err := NextFrame(b); err == nil && !bytes.Equal(AppendFrame(nil, data), b[:FrameHead+len(data)]) {
			t.Errorf("%q is a frame of %q", b, data)
		}
	})
}

func FuzzEvent(f *testing.F) {
	f.Add("PROCESS_STATE_RUNNING", "processname", "a", 5000)
	f.Fuzz(func(t *testing.T, kind, name, value string, n int) {
		n = max(0, min(n, 20000))
		e := Event{V: Version, ID: EventID("h", Rev{1, 2}), Type: kind, Fields: map[string]string{name: strings.Repeat(value, n%(1<<16/(1+len(value))+1))}}
		data, err := e.Encode()
		if err != nil || len(data) > MaxValue {
			t.Fatalf("%d bytes, %v", len(data), err)
		}
		if back, err := DecodeEvent(data); err != nil || back.ID != e.ID {
			t.Errorf("%v, %v", back, err)
		}
	})
}

func TestEventIsCut(t *testing.T) {
	e := Event{V: Version, ID: "h/1/2", Fields: map[string]string{"processname": "p", "text": strings.Repeat("\x01", 50000)}}
	data, err := e.Encode()
	if err != nil || len(data) > MaxValue {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	back, err := DecodeEvent(data)
	if err != nil || back.Fields["processname"] != "p" || len(back.Fields["text"]) == 0 {
		t.Errorf("%v, %v", back, err)
	}
	if _, err := DecodeEvent([]byte(`{"v":2}`)); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("another version: %v", err)
	}
}

func TestKindOf(t *testing.T) {
	for name, want := range map[string]Kind{
		"PROCESS_STATE_EXITED": StateEvent, "PROCESS_HEALTH_FAILED": StateEvent, "PROCESS_GROUP_ADDED": GroupEvent,
		"SUPERVISOR_STATE_CHANGE_STOPPING": SupervisorEvent, "TICK_5": "", "PROCESS_LOG_STDOUT": "",
	} {
		if kind, ok := KindOf(name); kind != want || ok != (want != "") {
			t.Errorf("%s is %q, %v", name, kind, ok)
		}
	}
}

// TestDifferences shows what is put and deleted when states are compared.
func TestDifferences(t *testing.T) {
	proc := func(name string) Process { return Process{"h", name, name} }
	running, fatal := State{State: "RUNNING", PID: 7, Since: 100}, State{State: "FATAL", Note: "no such file"}
	have := map[Process]State{
		proc("same"): {State: "RUNNING", PID: 7, Since: 103}, proc("new pid"): {State: "RUNNING", PID: 6, Since: 100},
		proc("restarted"): {State: "RUNNING", PID: 7, Since: 10}, proc("unknown since"): {State: "RUNNING", PID: 7},
		proc("gone"): running, proc("gone just now"): running, proc("changed"): fatal, proc("note"): {State: "FATAL"},
	}
	right := map[Process]State{
		proc("same"): running, proc("new pid"): running, proc("restarted"): running, proc("unknown since"): running,
		proc("changed"): running, proc("note"): fatal, proc("missing"): running,
	}
	put, gone := Differences(have, right, func(p Process) bool { return p == proc("changed") || p == proc("gone just now") })
	want := map[Process]State{proc("new pid"): running, proc("restarted"): running, proc("note"): fatal, proc("missing"): running}
	if diff := cmp.Diff(want, put); diff != "" {
		t.Errorf("put (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Process{proc("gone")}, gone); diff != "" {
		t.Errorf("gone (-want +got):\n%s", diff)
	}
}

// TestStates shows that an event and getAllProcessInfo give equal states.
func TestStates(t *testing.T) {
	at := Event{At: 100_900, Fields: map[string]string{"processname": "p", "groupname": "g", "pid": "7"}}
	for _, c := range []struct {
		event string
		info  api.ProcessInfo
	}{
		{"STARTING", api.ProcessInfo{State: api.Starting, PID: 7, Start: 100}},
		{"RUNNING", api.ProcessInfo{State: api.Running, PID: 7, Start: 99}},
		{"STOPPING", api.ProcessInfo{State: api.Stopping, PID: 7, Start: 10}},
		{"STOPPED", api.ProcessInfo{State: api.Stopped, Start: 10, Stop: 100}},
		{"BACKOFF", api.ProcessInfo{State: api.Backoff, Start: 10, Stop: 100}},
		{"UNKNOWN", api.ProcessInfo{State: api.Unknown}},
	} {
		at.Type = "PROCESS_STATE_" + c.event
		p, s, ok := StateOfEvent(at, Rev{1, 2})
		if info := StateOfInfo(c.info, Rev{3, 4}); !ok || p != (Process{Group: "g", Name: "p"}) || !s.Equal(info) || !info.Equal(s) {
			t.Errorf("%s: %v %+v, %+v", c.event, p, s, info)
		}
	}
	if s := StateOfInfo(api.ProcessInfo{State: api.Exited, ExitStatus: 3, Stop: 5}, Rev{}); s.Note != "exit status 3" || s.Since != 5 {
		t.Errorf("%+v", s)
	}
	for _, other := range []Event{{Type: "PROCESS_STATE_"}, {Type: "TICK_5"}, {Type: "PROCESS_STATE_RUNNING"}} {
		if p, _, ok := StateOfEvent(other, Rev{}); ok {
			t.Errorf("%s is about %v", other.Type, p)
		}
	}
}

// TestPast shows which heartbeats an agent may replace.
func TestPast(t *testing.T) {
	now := Alive{Spool: "A", Epoch: 5, Machine: "m", PID: 7}
	for _, c := range []struct {
		other Alive
		past  bool
	}{
		{now, true}, {Alive{Spool: "A", Epoch: 4, Machine: "m", PID: 9}, true}, {Alive{Spool: "B", Epoch: 1, Machine: "m", PID: 7}, false},
		{Alive{Spool: "A", Epoch: 6, Machine: "m", PID: 9}, false}, {Alive{Spool: "A", Epoch: 5, Machine: "n", PID: 7}, false},
	} {
		if got := c.other.IsPastOf(now); got != c.past {
			t.Errorf("%+v is past: %v", c.other, got)
		}
	}
}

func TestSelector(t *testing.T) {
	terms, err := ParseLabelTerms("role=web,dc!=ams")
	if err != nil {
		t.Fatal(err)
	}
	s := Selector{Hosts: []string{"web*", "db1"}, Labels: terms}
	for _, c := range []struct {
		host, labels string
		want         bool
	}{
		{"web1", "role=web", true}, {"web1", "role=web,dc=fra", true}, {"web1", "role=web,dc=ams", false}, {"web1", "", false},
		{"db1", "role=web", true}, {"db2", "role=web", false},
	} {
		labels, err := parseLabels(c.labels)
		if got := s.Host(c.host, labels); got != c.want || err != nil {
			t.Errorf("%s %s: %v, %v", c.host, c.labels, got, err)
		}
	}
	for _, bad := range []string{"", "role", "Role=web", "=x", "role=web,"} {
		if terms, err := ParseLabelTerms(bad); err == nil {
			t.Errorf("%q: %v", bad, terms)
		}
	}
	worker, web := Process{"h", "worker", "worker_00"}, Process{"h", "web", "web"}
	for _, c := range []struct {
		names, states string
		worker, web   bool
	}{
		{"", "", true, true}, {"worker:*", "", true, false}, {"worker:", "", true, false}, {"w*", "", false, true}, {"*:*", "", true, true},
		{"worker:*_01 web", "", false, true}, {"", "FATAL", false, false}, {"*:*", "RUNNING", true, true}, {"worker", "", false, false},
	} {
		s := Selector{Names: strings.Fields(c.names), States: strings.Fields(c.states)}
		if a, b := s.Process(worker, "RUNNING"), s.Process(web, "RUNNING"); a != c.worker || b != c.web {
			t.Errorf("%q %q: %v, %v", c.names, c.states, a, b)
		}
	}
}
