package events

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func TestBelow(t *testing.T) {
	for _, c := range []struct {
		name, family string
		want         bool
	}{
		{"DISK", "DISK", true}, {"DISK_FULL", "DISK", true}, {"DISK_FULL", "EVENT", true}, {"DISK", "DISK_FULL", false},
		{"DISKS", "DISK", false}, {"DISK", "TICK", false}, {"A", "AB", false},
	} {
		if got := Below(c.name, c.family); got != c.want {
			t.Errorf("%s below %s: %v", c.name, c.family, got)
		}
	}
}

// TestExtension sends types of plug-ins to pools that subscribed to them, to a family above them, or to EVENT. Only events
// that some pool accepted are numbered.
func TestExtension(t *testing.T) {
	for subscribed, want := range map[string][]string{
		"EVENT":                {"DISK_FULL", "REMOTE_COMMUNICATION", "DISK", "OTHER"},
		"DISK":                 {"DISK_FULL", "DISK"},
		"DISK_FULL":            {"DISK_FULL"},
		"REMOTE_COMMUNICATION": {"REMOTE_COMMUNICATION"},
	} {
		pt := newPoolTest(t, 1, 10, func(o *PoolOptions) { o.Events = []string{subscribed} })
		pt.receive(0, "READY\n")
		pt.bus.EmitExtension("DISK_FULL", "path:/var")
		pt.emit("x")
		pt.bus.EmitExtension("DISK", "path:/var")
		pt.bus.EmitExtension("OTHER", "path:/var")
		var got []string
		for serial := 0; len(pt.inputs[0].sent) > 0; serial++ {
			message := pt.inputs[0].sent[0]
			pt.inputs[0].sent = nil
			header, err := ParseMessage(message, "id", "pool")
			if err != nil || header.Serial != int64(serial) || header.PoolSerial != int64(serial) {
				t.Errorf("%q: %+v, %v", message, header, err)
			}
			got = append(got, header.Name)
			pt.receive(0, "RESULT 2\nOKREADY\n")
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", subscribed, d)
		}
		if n := int(pt.bus.Serial.next); n != len(want) {
			t.Errorf("%s: %d serials for %d events", subscribed, n, len(want))
		}
	}
}

// TestParseMessage parses what a pool sends, with blanks in the identifier.
func TestParseMessage(t *testing.T) {
	pt := newPoolTest(t, 1, 10, func(o *PoolOptions) { o.Identifier = "my host: a" })
	pt.receive(0, "READY\n")
	pt.bus.EmitExtension("DISK", "a:1\nb\xff")
	got, err := ParseMessage(pt.inputs[0].sent[0], "my host: a", "pool")
	want := Message{Server: "my host: a", Pool: "pool", Name: "DISK", Payload: `Undecodable: b'a:1\nb\xff'`}
	if got != want || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	for bad, want := range map[string]string{
		"": `not an event: ""`, "ver:3.0 server:x serial:1": `not an event: "ver:3.0 server:x serial:1"`,
		"ver:3.0 server:id serial:a\n": `not an event: "ver:3.0 server:id serial:a": expected integer`,
	} {
		if m, err := ParseMessage(bad, "id", "pool"); err == nil || err.Error() != want {
			t.Errorf("%q: %+v, %v", bad, m, err)
		}
	}
}

// FuzzParseMessage parses any text without panic, and parses what a pool sends to what it was made from.
func FuzzParseMessage(f *testing.F) {
	f.Add("ver:3.0 server:id serial:1 pool:p poolserial:2 eventname:X len:1\ny", "id", "p", "payload")
	f.Add("ver:3.0 server:", "", "%d", "a\nb")
	f.Fuzz(func(t *testing.T, text, identifier, pool, payload string) {
		_, _ = ParseMessage(text, identifier, pool)
		if strings.ContainsAny(identifier, "\n") || strings.ContainsFunc(pool, unicode.IsSpace) || pool == "" {
			return
		}
		p := Pool{PoolOptions: PoolOptions{Name: pool, Identifier: identifier}}
		e := entry{event: &Event{Type: Extension, Name: "DISK", Serial: 7, Payload: payload}, serial: 8}
		got, err := ParseMessage(string(p.appendHead(nil, &e))+e.event.Payload, identifier, pool)
		want := Message{Server: identifier, Pool: pool, Serial: 7, PoolSerial: 8, Name: "DISK", Payload: payload}
		if got != want || err != nil {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
