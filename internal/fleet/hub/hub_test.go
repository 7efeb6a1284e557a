package hub

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/gosupervisor/supervisor/internal/fleet"
	"github.com/gosupervisor/supervisor/internal/fleet/identity"
	"github.com/gosupervisor/supervisor/internal/freeport"
)

func config(t *testing.T) fleet.Hub {
	t.Helper()
	port, err := freeport.Get()
	if err != nil {
		t.Fatal(err)
	}
	c := fleet.Default().Hub
	c.Listen, c.Data = net.JoinHostPort("127.0.0.1", fmt.Sprint(port)), filepath.Join(t.TempDir(), "hub")
	return c
}

func start(t *testing.T, c fleet.Hub) *Hub {
	t.Helper()
	h, err := Start(c, log.New(io.Discard, "", 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// initialize makes keys for a hub, and returns an administrator's credentials.
func initialize(t *testing.T, c fleet.Hub) []byte {
	t.Helper()
	if err := os.Mkdir(c.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(c.Data)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	admin, err := identity.Init(root)
	if err != nil {
		t.Fatal(err)
	}
	return admin
}

// hostCredentials returns the credentials of a host.
func hostCredentials(t *testing.T, h *Hub, name string) []byte {
	t.Helper()
	key, seed, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	document, err := h.authority.Host(name, key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := identity.Credentials(document, seed)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestPermissions shows that what a host publishes itself must be its own, and that it cannot subscribe to what is of others. It does not
// show that nothing else of others changes: the server sends an answer to any subject that a request names (docs/fleet.md).
func TestPermissions(t *testing.T) {
	c := config(t)
	admin := initialize(t, c)
	h := start(t, c)
	refused := make(chan string, 10)
	conn, err := nats.Connect(h.URL(), nats.UserCredentialBytes(hostCredentials(t, h, "h.1")), nats.CustomInboxPrefix(identity.Inbox("h.1")),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err.Error() }))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"fleet.v1.ev.h=2E1.state", "$KV.fleet_state.h=2E1.a.b", "$KV.fleet_hosts.h=2E1", "$KV.fleet_alive.h=2E1"} {
		if _, err := js.Publish(t.Context(), subject, []byte("{}")); err != nil {
			t.Errorf("%s: %v", subject, err)
		}
	}
	for _, subject := range []string{
		"fleet.v1.ev.h2.state", "fleet.v1.ev.h=2E1", "$KV.fleet_state.h2.a.b", "$KV.fleet_hosts.h2", "$KV.fleet_alive.h2", "fleet.v1.cmd.h2.stop",
		"fleet.v1.cmd.h=2E1.stop", "fleet.v1.join", "$JS.API.STREAM.PURGE.FLEET_EVENTS", "$JS.API.STREAM.DELETE.FLEET_EVENTS",
		"$JS.API.STREAM.MSG.GET.FLEET_EVENTS", "$JS.API.DIRECT.GET.FLEET_EVENTS", "$JS.API.DIRECT.GET.FLEET_EVENTS.fleet.v1.ev.h2.>",
		"$JS.API.CONSUMER.CREATE.FLEET_EVENTS.x.fleet.v1.ev.>", "$JS.API.CONSUMER.CREATE.KV_fleet_state.x.$KV.fleet_state.>",
		"$JS.API.STREAM.CREATE.X", "$JS.API.STREAM.NAMES",
	} {
		if err := conn.Publish(subject, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		expect(t, refused, subject)
	}
	for _, subject := range []string{"fleet.v1.>", "$KV.>", "_INBOX.>", "_INBOX_h2.>", "fleet.v1.res.h2.>", identity.JoinInbox + ".>"} {
		if _, err := conn.SubscribeSync(subject); err != nil {
			t.Fatal(err)
		}
		expect(t, refused, subject)
	}
	if _, err := nats.Connect(h.URL()); err == nil {
		t.Error("a client without credentials can connect")
	}
	other := config(t)
	if _, err := nats.Connect(h.URL(), nats.UserCredentialBytes(initialize(t, other))); err == nil {
		t.Error("an administrator of another hub can connect")
	}
	if conn, err := nats.Connect(h.URL(), nats.UserCredentialBytes(admin)); err != nil {
		t.Error(err)
	} else {
		conn.Close()
	}
}

func expect(t *testing.T, refused chan string, subject string) {
	t.Helper()
	select {
	case text := <-refused:
		if !strings.Contains(text, `"`+subject+`"`) || !strings.Contains(strings.ToLower(text), "permissions violation") {
			t.Errorf("%s: %s", subject, text)
		}
	case <-time.After(time.Minute):
		t.Fatalf("%s is not refused", subject)
	}
}

// TestTokens shows for whom and how often tokens are good.
func TestTokens(t *testing.T) {
	c := config(t)
	initialize(t, c)
	h := start(t, c)
	j := &joiner{authority: h.authority, root: h.dir.Root, log: log.New(io.Discard, "", 0)}
	key, _, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	token := func(pattern string, ttl time.Duration) string {
		text, err := h.authority.Token(pattern, now.Add(ttl))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	other := config(t)
	initialize(t, other)
	stranger := start(t, other)
	foreign, err := stranger.authority.Token("*", now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	host, err := h.authority.Host("web1", key)
	if err != nil {
		t.Fatal(err)
	}
	good := token("Web*", time.Hour)
	for _, c := range []struct{ name, token, host, err string }{
		{"one that is good", good, "Web1", ""},
		{"a second time", good, "Web2", "it was used"},
		{"for another name", token("web*", time.Hour), "db1", "it is for hosts web*"},
		{"one that has expired", token("*", -time.Second), "db1", "it has expired"},
		{"of another hub", foreign, "db1", "it is not of this hub"},
		{"a host's own document", host, "db1", "it is not of this hub"},
		{"no token at all", "x", "db1", "the hub does not take this token"},
		{"no name", token("*", time.Hour), "", "the name of the host is empty"},
	} {
		_, err := j.admit(identity.JoinRequest{Token: c.token, Host: c.host, Key: key}, now)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := j.admit(identity.JoinRequest{Token: token("*", time.Hour), Host: "db1", Key: "x"}, now); err == nil {
		t.Error("a key that is none is taken")
	}
}

// TestListen shows that a hub without keys is for its own machine only, and what it says about an address that is in use.
func TestListen(t *testing.T) {
	c := config(t)
	c.Listen = "192.0.2.1:4222" // it is refused before anything listens
	if _, err := Start(c, log.New(io.Discard, "", 0)); err == nil || !strings.Contains(err.Error(), "supervisor-fleet-hub init makes them") {
		t.Errorf("beyond loopback: %v", err)
	}
	first, second := config(t), config(t)
	h := start(t, first)
	second.Listen = first.Listen
	if _, err := Start(second, log.New(io.Discard, "", 0)); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("an address in use: %v", err)
	}
	second.Data, second.Listen = first.Data, "127.0.0.1:1"
	if _, err := Start(second, log.New(io.Discard, "", 0)); err == nil || !strings.Contains(err.Error(), "is used by another process") {
		t.Errorf("a directory in use: %v", err)
	}
	h.Close()
}
