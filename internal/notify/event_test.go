package notify

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

func TestParse(t *testing.T) {
	header := func(name string) map[string]string {
		return map[string]string{"server": "s", "pool": "p", "serial": "21", "poolserial": "10", "eventname": name}
	}
	for _, c := range []struct {
		name, payload string
		want          Event
	}{
		{"PROCESS_STATE_EXITED", "processname:a groupname:b from_state:RUNNING expected:0 pid:7", Event{Process: "a", Group: "b", From: "RUNNING", PID: 7}},
		{"PROCESS_STATE_EXITED", "processname:a groupname:b from_state:RUNNING expected:1 pid:7", Event{Process: "a", Group: "b", From: "RUNNING", PID: 7, Expected: true}},
		{"PROCESS_STATE_BACKOFF", "processname:a groupname:b from_state:STARTING tries:2", Event{Process: "a", Group: "b", From: "STARTING", Tries: 2}},
		{"PROCESS_HEALTH_DOWN", "processname:a groupname:b check:liveness pid:7\nwhy\n", Event{Process: "a", Group: "b", PID: 7, Text: "why"}},
		{"SUPERVISOR_STATE_CHANGE_RUNNING", "", Event{}},
		{"SUPERVISOR_UPGRADED", "from:5.1.0 to:5.2.0", Event{Text: "5.1.0 to 5.2.0"}},
		{"PROCESS_GROUP_REMOVED", "groupname:b\n", Event{Group: "b"}},
		{"PROCESS_LOG_STDOUT", "processname:a groupname:b pid:7 channel:stdout\nsecret", Event{}},
	} {
		c.want.Name, c.want.Server, c.want.Pool, c.want.Serial, c.want.PoolSerial = c.name, "s", "p", 21, 10
		if diff := cmp.Diff(c.want, Parse(childutils.Event{Header: header(c.name), Payload: c.payload})); diff != "" {
			t.Errorf("%s %q: -want +got:\n%s", c.name, c.payload, diff)
		}
	}
}

// FuzzParse shows that what is kept of an event is bounded, and UTF-8.
func FuzzParse(f *testing.F) {
	f.Add("PROCESS_HEALTH_DOWN", "processname:a groupname:b check:liveness pid:7\n"+strings.Repeat("ä", maxText))
	f.Add("PROCESS_STATE_EXITED", "processname:\xff groupname: expected:0 pid:x")
	f.Fuzz(func(t *testing.T, name, payload string) {
		e := Parse(childutils.Event{Header: map[string]string{"eventname": name, "serial": payload}, Payload: payload})
		for _, text := range []string{e.Name, e.Process, e.Group, e.From, e.Text} {
			if !utf8.ValidString(text) || len(text) > 4*maxText {
				t.Errorf("%q", text)
			}
		}
	})
}

// TestSign has the example of Standard Webhooks.
func TestSign(t *testing.T) {
	key := []byte("\x31\xf2\x90\xf6\xbf\x06\x29\x8a\xab\x4f\x08\xd4\x3c\x3f\x08\x2c\xf6\x48\xa3\x62\xda\x2d\xa4\xb0")
	got := Sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
