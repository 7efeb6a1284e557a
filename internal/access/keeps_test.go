package access

import "testing"

// TestKeeps checks which callers may go on when the policy changes.
func TestKeeps(t *testing.T) {
	alice := User{Name: "alice", Password: "a", Tokens: []string{SHA256("t")}, Role: Control, Programs: []string{"web"}}
	gate := func(r Rules, users ...User) *Gate { return New([]Rules{r}, users, nil).Gate(0) }
	judge := func(g *Gate, header string) *Caller {
		c := Credentials{Authorization: header}
		if header != "" {
			c.Fields = 1
		}
		return g.Judge(c).Caller
	}
	changed := func(change func(*User)) User {
		u := alice
		change(&u)
		return u
	}
	server := Rules{Section: "s", Username: "admin", Password: "p", Anonymous: Read}
	for _, c := range []struct {
		name   string
		header string
		next   *Gate
		want   bool
	}{
		{"nothing", basicOf("alice", "a"), gate(server, alice), true},
		{"by token", "Bearer t", gate(server, alice), true},
		{"a higher role", basicOf("alice", "a"), gate(server, changed(func(u *User) { u.Role = Full })), true},
		{"a lower role", basicOf("alice", "a"), gate(server, changed(func(u *User) { u.Role = Read })), false},
		{"another password", basicOf("alice", "a"), gate(server, changed(func(u *User) { u.Password = "b" })), false},
		{"another token", "Bearer t", gate(server, changed(func(u *User) { u.Tokens = []string{SHA256("u")} })), false},
		{"other programs", basicOf("alice", "a"), gate(server, changed(func(u *User) { u.Programs = []string{"db"} })), false},
		{"removed", basicOf("alice", "a"), gate(server), false},
		{"not on this server", basicOf("alice", "a"), gate(server, changed(func(u *User) { u.Servers = []string{"t"} })), false},
		{"the user of the server", basicOf("admin", "p"), gate(server), true},
		{"its password", basicOf("admin", "p"), gate(Rules{Section: "s", Username: "admin", Password: "q"}), false},
		{"without credentials", "", gate(server), true},
		{"without credentials, closed", "", gate(Rules{Section: "s", Username: "admin", Password: "p"}), false},
	} {
		caller := judge(gate(server, alice), c.header)
		if caller == nil {
			t.Fatal(c.name)
		}
		if got := c.next.Keeps(caller); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}
