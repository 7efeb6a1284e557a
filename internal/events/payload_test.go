package events

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/gosupervisor/supervisor/internal/api"
)

// TestFamily lists the types that each name subscribes to.
func TestFamily(t *testing.T) {
	all := func(prefix string) (list []string) {
		for ty := range api.SentEventTypes {
			if strings.HasPrefix(ty.String(), prefix) {
				list = append(list, ty.String())
			}
		}
		return list
	}
	for name, want := range map[string][]string{
		"EVENT": all(""), "PROCESS_STATE": all("PROCESS_STATE_"), "PROCESS_LOG": {"PROCESS_LOG_STDOUT", "PROCESS_LOG_STDERR"},
		"PROCESS_COMMUNICATION": {"PROCESS_COMMUNICATION_STDOUT", "PROCESS_COMMUNICATION_STDERR"},
		"REMOTE_COMMUNICATION":  {"REMOTE_COMMUNICATION"}, "TICK": {"TICK_5", "TICK_60", "TICK_3600"}, "TICK_5": {"TICK_5"},
		"SUPERVISOR_STATE_CHANGE": {"SUPERVISOR_STATE_CHANGE_RUNNING", "SUPERVISOR_STATE_CHANGE_STOPPING"},
		"PROCESS_GROUP":           {"PROCESS_GROUP_ADDED", "PROCESS_GROUP_REMOVED"},
		"PROCESS_STATE_EXITED":    {"PROCESS_STATE_EXITED"}, "NOPE": nil,
		"PROCESS_HEALTH": {"PROCESS_HEALTH_UP", "PROCESS_HEALTH_DOWN"}, "PROCESS_MEMBER": {"PROCESS_MEMBER_ADDED", "PROCESS_MEMBER_REMOVED"},
		"PROCESS_HELD": {"PROCESS_HELD"}, "SUPERVISOR_UPGRADED": {"SUPERVISOR_UPGRADED"},
	} {
		var got []string
		for ty := range api.SentEventTypes {
			if Family(name).Has(ty) {
				got = append(got, ty.String())
			}
		}
		if Family(name).Has(Extension) != (name == api.AnyEvent) {
			t.Errorf("%s: types of plug-ins", name)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	if n := len(all("PROCESS_STATE_")); n != 8 {
		t.Errorf("%d process states", n)
	}
}

// TestPayloads compares the payload of each type of event.
func TestPayloads(t *testing.T) {
	move := func(from, to api.State) string {
		typ, text := Move{Process: "p", Group: "g", From: from, To: to, Tries: 12, Expected: true, PID: 71}.Payload()
		return typ.String() + " " + text
	}
	_, unexpected := Move{Process: "p", Group: "g", From: api.Running, To: api.Exited, PID: 71}.Payload()
	got := []string{
		move(api.Stopped, api.Starting), move(api.Starting, api.Backoff), move(api.Starting, api.Running),
		move(api.Running, api.Stopping), move(api.Stopping, api.Stopped), move(api.Running, api.Exited), unexpected,
		move(api.Backoff, api.Fatal), move(api.Running, api.Unknown),
		Log("p", "g", 71, api.Stdout, []byte("data\r\n")), Log("p", "g", 71, api.Stderr, []byte("ok\xff\xfe")),
		Communication("p", "g", 71, nil), Communication("p", "g", 71, []byte("it's\xff")),
		Remote("t€", "d€"), Group("g"), Tick(1201063880),
	}
	want := []string{
		"PROCESS_STATE_STARTING processname:p groupname:g from_state:STOPPED tries:12",
		"PROCESS_STATE_BACKOFF processname:p groupname:g from_state:STARTING tries:12",
		"PROCESS_STATE_RUNNING processname:p groupname:g from_state:STARTING pid:71",
		"PROCESS_STATE_STOPPING processname:p groupname:g from_state:RUNNING pid:71",
		"PROCESS_STATE_STOPPED processname:p groupname:g from_state:STOPPING pid:71",
		"PROCESS_STATE_EXITED processname:p groupname:g from_state:RUNNING expected:1 pid:71",
		"processname:p groupname:g from_state:RUNNING expected:0 pid:71",
		"PROCESS_STATE_FATAL processname:p groupname:g from_state:BACKOFF",
		"PROCESS_STATE_UNKNOWN processname:p groupname:g from_state:RUNNING",
		"processname:p groupname:g pid:71 channel:stdout\ndata\r\n",
		"processname:p groupname:g pid:71 channel:stderr\nUndecodable: b'ok\\xff\\xfe'",
		"processname:p groupname:g pid:71\n", "processname:p groupname:g pid:71\nUndecodable: b\"it's\\xff\"",
		"type:t€\nd€", "groupname:g\n", "when:1201063880",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestCharacters compares the count with the standard library's for every substring.
func TestCharacters(t *testing.T) {
	text := strings.Repeat("aé€😀ÿ\x00", 7) + "plain ASCII text of some length"
	for i := range text {
		for j := i; j <= len(text); j++ {
			if j < len(text) && !utf8.RuneStart(text[j]) {
				continue
			}
			if got, want := characters(text[i:j]), utf8.RuneCountInString(text[i:j]); got != want {
				t.Fatalf("%q: %d, want %d", text[i:j], got, want)
			}
		}
	}
}
