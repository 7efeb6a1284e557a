package fleet

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	got, err := Parse("fleet.conf", `; of one host
[fleet]
hub = tls://a:4222, nats://[::1]:4222
host = web.1
labels = role=web, dc="fra,1",empty=
server_url = unix:///run/s.sock
spool_maxbytes = 8MB
spool_keep = 1d12h
allow_plain = yes
[hub]
listen = [::1]:99
events_maxbytes = 2GB
`)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Agent = Agent{Given: true, Hubs: []string{"tls://a:4222", "nats://[::1]:4222"}, AllowPlain: true, Host: "web.1",
		Labels:    map[string]string{"role": "web", "dc": "fra,1", "empty": ""},
		ServerURL: "unix:///run/s.sock", Spool: "/var/lib/supervisor-fleet", SpoolMaxBytes: 8 << 20, SpoolKeep: 36 * time.Hour}
	want.Hub.Listen, want.Hub.EventsMaxBytes = "[::1]:99", 2<<30
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if host, port := got.Hub.Address(); host != "::1" || port != 99 {
		t.Errorf("%s %d", host, port)
	}
	if text := FormatLabels(got.Agent.Labels); text != "dc=fra,1,empty=,role=web" {
		t.Error(text)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"[fleet]\nlabl=a=b", "section [fleet] has no key 'labl', perhaps labels is meant (file: f, line 2)"},
		{"[fleet]\nsomething=a", "section [fleet] has no key 'something' (file: f, line 2)"},
		{"[fleet]\nlisten=:1", "section [fleet] has no key 'listen' (file: f, line 2)"},
		{"[fleets]\nhub=a", "there is no section [fleets], only [fleet] and [hub] (file: f, line 1)"},
		{"[fleet]\nhub=http://h:1", `section [fleet] hub: "http://h:1" is neither tls://HOST:PORT nor nats://HOST:PORT (file: f, line 2)`},
		{"[fleet]\nhub=tls://h", `section [fleet] hub: "tls://h" is neither tls://HOST:PORT nor nats://HOST:PORT (file: f, line 2)`},
		{"[fleet]\n\nlabels=A=b", `section [fleet] labels: "A=b" is not LABEL=VALUE, with a label of the characters a-z0-9_.- that begins with a letter (file: f, line 3)`},
		{"[fleet]\nlabels=a=b,a=c", "section [fleet] labels: label a is there twice (file: f, line 2)"},
		{"[fleet]\nspool_maxbytes=1", `section [fleet] spool_maxbytes: "1" is less than 4194304 bytes (file: f, line 2)`},
		{"[fleet]\nspool_keep=x", `section [fleet] spool_keep: "x" is not a duration, such as 30s, 1h or 7d (file: f, line 2)`},
		{"[fleet]\nallow_plain=maybe", `section [fleet] allow_plain: "maybe" is neither true nor false (file: f, line 2)`},
		{"[hub]\nlost_after=1s", `section [hub] lost_after: "1s" is less than 3s (file: f, line 2)`},
		{"[hub]\nevents_maxbytes=many", `section [hub] events_maxbytes: "many" is not a number of bytes, such as 64MB (file: f, line 2)`},
	} {
		if _, err := Parse("f", c.text); err == nil || err.Error() != c.want {
			t.Errorf("%q:\n got %v\nwant %s", c.text, err, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct{ text, agent, hub string }{
		{"", "section [fleet] does not specify a hub", ""},
		{"[fleet]\nhub=tls://h:1,nats://localhost:1,nats://127.0.0.5:1", "", ""},
		{"[fleet]\nhub=nats://h:1", "hub nats://h:1 is not encrypted (allow_plain=true)", ""},
		{"[fleet]\nhub=nats://h:1\nallow_plain=true", "", ""},
		{"[hub]\nlisten=nothing", "section [fleet] does not specify a hub", `section [hub] listen: "nothing" is not HOST:PORT`},
		{"[hub]\nlisten=127.0.0.1:x", "section [fleet] does not specify a hub", `section [hub] listen: "127.0.0.1:x" has no port`},
		{"[hub]\nlisten=:4222", "section [fleet] does not specify a hub",
			"section [hub] listen=:4222 is not a loopback address: it needs tls_cert and tls_key"},
		{"[hub]\ntls_cert=a", "section [fleet] does not specify a hub", "section [hub] has only one of tls_cert and tls_key"},
	} {
		got, err := Parse("f", c.text)
		if err != nil {
			t.Fatal(err)
		}
		for what, pair := range map[string][2]string{"agent": {text(got.Agent.Check()), c.agent}, "hub": {text(got.Hub.Check()), c.hub}} {
			if pair[0] != pair[1] {
				t.Errorf("%s of %q:\n got %s\nwant %s", what, c.text, pair[0], pair[1])
			}
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func FuzzParse(f *testing.F) {
	f.Add("[fleet]\nhub=nats://127.0.0.1:4222\nlabels=a=b,c=\"d\"\nspool_keep=1d2h\nspool_maxbytes=9MB\n[hub]\nlisten=:1\n")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := Parse("f", text); err == nil {
			_, _ = c.Agent.Check(), c.Hub.Check()
			again, err := parseLabels(FormatLabels(c.Agent.Labels))
			if err == nil && !strings.ContainsAny(FormatLabels(c.Agent.Labels), `"`) && len(again) < len(c.Agent.Labels) {
				t.Errorf("labels %v", c.Agent.Labels)
			}
		}
	})
}

// TestKeysOnPage shows that the page lists all keys with their defaults.
func TestKeysOnPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/fleet.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range Keys {
		found := false
		for line := range strings.Lines(string(page)) {
			cells := strings.Split(line, "|")
			if len(cells) > 4 && strings.Contains(cells[1], "`"+k.Name+"`") && strings.Contains(cells[2], k.Section) {
				found = k.Default == "" || strings.Contains(cells[3], "`"+k.Default+"`")
			}
		}
		if !found {
			t.Errorf("docs/fleet.md has no row for %s of [%s] with the default %q", k.Name, k.Section, k.Default)
		}
	}
}
