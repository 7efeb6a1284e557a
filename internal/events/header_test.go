package events

import (
	"strings"
	"testing"

	"github.com/gosupervisor/supervisor/internal/api"
)

// headers splits a line of headers as childutils of the original does.
func headers(line string) (names []string) {
	for _, token := range strings.Fields(line) {
		name, _, _ := strings.Cut(token, ":")
		names = append(names, name)
	}
	return names
}

// A type that a client sends adds no header, and types without such a trick stay as they are.
// covers: SEC-25
// differs: DIFF-197 the type is one value
func TestRemoteType(t *testing.T) {
	for _, c := range []struct{ typ, want string }{
		{"deploy", "deploy"},
		{"a:b", "a:b"},
		{"deploy finished, café €", "deploy finished, café €"},
		{"a:b c", "a:b c"},
		{"a\nprocessname:forged", `a\nprocessname:forged`},
		{"a\r\nprocessname:forged", `a\r\nprocessname:forged`},
		{"a\tb\x00\x1b[2K", `a\tb\x00\x1b[2K`},
		{"a processname:forged", `a\x20processname\x3aforged`},
		{"a:b c d:e", `a:b\x20c\x20d\x3ae`},
		{" pid:1", `\x20pid\x3a1`},
		{"a\u00a0pid:1\u3000x:y", `a\xa0pid\x3a1\u3000x\x3ay`},
		{"a\u2028pid:1\u0085", `a\u2028pid:1\x85`},
		{"\xff", `Undecodable: b'\xff'`},
	} {
		payload := Remote(c.typ, "data:1\nmore")
		line, data, _ := strings.Cut(payload, "\n")
		if line != "type:"+c.want || data != "data:1\nmore" {
			t.Errorf("%q: %q", c.typ, payload)
		}
	}
}

// A name adds no header to any event.
// covers: SEC-25
func TestNamesInHeaders(t *testing.T) {
	const name, want = "p\nq pid:1\tr:é", `p\nq\x20pid:1\tr:é`
	_, move := Move{Process: name, Group: name, From: api.Stopped, To: api.Starting}.Payload()
	for _, payload := range []string{move, Log(name, name, 71, api.Stdout, nil), Communication(name, name, 71, nil)} {
		line, _, _ := strings.Cut(payload, "\n")
		if !strings.HasPrefix(line, "processname:"+want+" groupname:"+want+" ") || len(headers(line)) > 4 {
			t.Errorf("%q", payload)
		}
	}
	if got := Group(name); got != "groupname:"+want+"\n" {
		t.Errorf("%q", got)
	}
	pt := newPoolTest(t, 1, 10, func(o *PoolOptions) { o.Name, o.Identifier = name, "my id\npool:x" })
	pt.receive(0, "READY\n")
	pt.emit("a")
	sent := pt.inputs[0].sent[0]
	if !strings.HasPrefix(sent, `ver:3.0 server:my id\npool:x serial:0 pool:`+want+" poolserial:0 ") {
		t.Errorf("%q", sent)
	}
	if m, err := ParseMessage(sent, pt.Identifier, pt.Name); err != nil || m.Payload != Remote("t", "a") {
		t.Errorf("%+v, %v", m, err)
	}
}
