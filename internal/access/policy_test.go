package access

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

func basicOf(name, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))
}

// TestServerPassword checks how the name and password of a server are compared, without any key that the original does not have.
func TestServerPassword(t *testing.T) {
	const sha = "{SHA}82ab876d1387bfafe46cc1c8a2ef074eae50cb1d" // thepassword
	for _, c := range []struct {
		username, password, header string
		want                       bool
	}{
		{"", "", "", true},
		{"", "", "nonsense", true},
		{"u", "p:q", "Basic dTpwOnE=", true},
		{"u", "p:q", "bAsIc   dTpwOnE= ", true},
		{"u", "p", "Basic dTpwOnE=", false},
		{"u", "p", "", false},
		{"u", "p", "Basic", false},
		{"u", "p", "Bearer dTpw", false},
		{"u", "p", "Basic dTpw", true},
		{"U", "p", "Basic dTpw", false},
		{"u", "p", "Basic dQ==", false}, // no colon
		{"u", "p", "Basic *", false},    // not base64
		{"u", sha, "Basic dTp0aGVwYXNzd29yZA==", true},
		{"u", strings.ToUpper(sha), "Basic dTp0aGVwYXNzd29yZA==", false},
		{"u", sha, "Basic dTpw", false},
	} {
		g := New([]Rules{{Username: c.username, Password: c.password}}, nil, nil).Gate(0)
		for _, fields := range []int{0, 1, 2} {
			want := c.want && fields < 2 || c.username == ""
			if fields == 0 {
				want = c.username == ""
			}
			v := g.Judge(Credentials{Authorization: c.header, Fields: fields})
			if got := v.Caller != nil; got != want || !got && v.Status != http.StatusUnauthorized {
				t.Errorf("%+v, %d fields: %+v", c, fields, v)
			}
			if v.Caller != nil && v.Caller.Role != Full {
				t.Errorf("%+v: %v", c, v.Caller.Role)
			}
		}
	}
}

// TestJudge walks through servers, users and credentials.
func TestJudge(t *testing.T) {
	tcp, unix := Rules{Section: "inet_http_server"}, Rules{Section: "unix_http_server", Unix: true}
	named := func(r Rules) Rules { r.Username, r.Password = "admin", "s"; return r }
	with := func(r Rules, access, anonymous Role) Rules { r.Access, r.Anonymous = access, anonymous; return r }
	alice := User{Name: "alice", Password: "a", Role: Read}
	on := func(u User, sections ...string) User { u.Servers = sections; return u }
	right, wrong, none := basicOf("alice", "a"), basicOf("alice", "b"), ""
	for _, c := range []struct {
		name   string
		server Rules
		user   User
		header string
		want   string // the user and role, or the status
	}{
		{"open", tcp, User{}, none, " full"},
		{"open, wrong", tcp, User{}, wrong, " full"},
		{"user closes TCP", tcp, alice, none, "401"},
		{"user", tcp, alice, right, "alice read"},
		{"wrong", tcp, alice, wrong, "401 failed"},
		{"user does not close Unix", unix, alice, none, " full"},
		{"wrong on an open Unix socket", unix, alice, wrong, " full"},
		{"right on an open Unix socket", unix, alice, right, "alice read"},
		{"name closes Unix", named(unix), alice, none, "401"},
		{"name closes Unix, wrong", named(unix), alice, wrong, "401 failed"},
		{"name", named(tcp), alice, basicOf("admin", "s"), "admin full"},
		{"name with access", with(named(tcp), Control, NoRole), alice, basicOf("admin", "s"), "admin control"},
		{"access caps users", with(tcp, Metrics, NoRole), alice, right, "alice metrics"},
		{"access caps clients", with(tcp, Read, NoRole), User{}, none, " read"},
		{"anonymous", with(tcp, NoRole, Metrics), alice, none, " metrics"},
		{"anonymous, wrong", with(tcp, NoRole, Metrics), alice, wrong, "401 failed"},
		{"anonymous, wrong, Unix", with(unix, NoRole, Metrics), alice, wrong, "401 failed"},
		{"access caps anonymous", with(tcp, Read, Full), User{}, none, " read"},
		{"anonymous=none", with(unix, NoRole, None), User{}, none, "401"},
		{"access=none", with(tcp, None, NoRole), alice, right, "401"},
		{"another server", tcp, on(alice, "unix_http_server"), right, " full"},
		{"this server", tcp, on(alice, "inet_http_server"), right, "alice read"},
		{"role none", tcp, User{Name: "alice", Password: "a", Role: None}, right, "401"},
		{"no password", tcp, User{Name: "alice", Role: Full}, basicOf("alice", ""), "401 failed"},
		{"unknown name", tcp, alice, basicOf("bob", ""), "401 failed"},
	} {
		var users []User
		if c.user.Name != "" {
			users = []User{c.user}
		}
		cred := Credentials{Authorization: c.header}
		if c.header != "" {
			cred.Fields = 1
		}
		v := New([]Rules{c.server}, users, nil).Gate(0).Judge(cred)
		got := "401"
		switch {
		case v.Caller != nil:
			got = v.Caller.User + " " + v.Caller.Role.String()
		case v.Failed:
			got += " failed"
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestContext checks that what has lost its caller is allowed nothing.
func TestContext(t *testing.T) {
	if c := Of(context.Background()); c.May(Metrics) || c.May(None) && c.Role != None {
		t.Errorf("%+v", c)
	}
	alice := &Caller{User: "alice", Role: Read}
	if c := Of(With(context.Background(), alice)); c != alice || !c.May(Read) || c.May(Control) || c.May(NoRole) {
		t.Errorf("%+v", c)
	}
}

// TestRoles checks that names and roles belong together.
func TestRoles(t *testing.T) {
	for _, name := range Names() {
		if r, ok := ParseRole(name); !ok || r.String() != name || r == NoRole {
			t.Errorf("%s: %v, %v", name, r, ok)
		}
	}
	for _, name := range []string{"", "Full", "write"} {
		if r, ok := ParseRole(name); ok {
			t.Errorf("%q: %v", name, r)
		}
	}
	if len(Names()) != int(Full) {
		t.Error("a role has no name")
	}
}
