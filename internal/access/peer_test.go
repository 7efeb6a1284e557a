package access

import "testing"

// TestPeers walks through rules for processes and certificates.
func TestPeers(t *testing.T) {
	const unmapped = 65534
	rules := []PeerRule{{Who: "%adm", Kind: PeerGroup, ID: 4, Role: Read}, {Who: "deploy", Kind: PeerUser, ID: 1000, Role: Control},
		{Who: "%ops", Kind: PeerGroup, ID: 5, Role: Full}, {Who: "nobody", Kind: PeerUser, ID: unmapped, Role: Full},
		{Who: "%nogroup", Kind: PeerGroup, ID: unmapped, Role: Full}}
	unix := Rules{Section: "unix_http_server", Unix: true, Peers: rules, OwnUID: 7, Unmapped: unmapped}
	with := func(change func(*Rules)) Rules { r := unix; change(&r); return r }
	tcp := Rules{Section: "inet_http_server", ClientCA: true}
	alice := User{Name: "alice", CertName: "alice.example", Password: "a", Role: Control}
	process := func(uid int, gids ...int) *Peer { return &Peer{Process: true, UID: uid, GIDs: gids} }
	cert := func(names ...string) *Peer { return &Peer{Cert: names} }
	for _, c := range []struct {
		name   string
		rules  Rules
		users  []User
		peer   *Peer
		header string
		want   Role // NoRole: refused
		by     Way
	}{
		{"group", unix, nil, process(3, 4), "", Read, ByPeer},
		{"user", unix, nil, process(1000), "", Control, ByPeer},
		{"the best of several", unix, nil, process(1000, 4), "", Control, ByPeer},
		{"the better group", unix, nil, process(1000, 4, 5), "", Full, ByPeer},
		{"no rule", unix, nil, process(3, 3), "", NoRole, ByNothing},
		{"root", unix, nil, process(0), "", Full, ByPeer},
		{"our user", unix, nil, process(7), "", Full, ByPeer},
		{"our user, capped", with(func(r *Rules) { r.Access = Read }), nil, process(7), "", Read, ByPeer},
		{"capped", with(func(r *Rules) { r.Access = Read }), nil, process(1000), "", Read, ByPeer},
		{"another namespace", unix, nil, process(unmapped, unmapped), "", NoRole, ByNothing},
		{"another namespace, a group of ours", unix, nil, process(unmapped, 4), "", Read, ByPeer},
		{"another namespace, and we have its number", with(func(r *Rules) { r.OwnUID = unmapped }), nil, process(unmapped), "", NoRole, ByNothing},
		{"every process", with(func(r *Rules) { r.Peers = []PeerRule{{Who: "*", Role: Metrics}} }), nil, process(unmapped), "", Metrics, ByPeer},
		{"anonymous", with(func(r *Rules) { r.Anonymous = Metrics }), nil, process(3), "", Metrics, ByNothing},
		{"no credentials of the process", unix, nil, &Peer{}, "", NoRole, ByNothing},
		{"a password", unix, []User{alice}, process(3), basicOf("alice", "a"), Control, ByPassword},
		{"a wrong password", unix, []User{alice}, process(1000), basicOf("alice", "b"), NoRole, ByNothing},
		{"a certificate alone", tcp, nil, cert("x"), "", Full, ByCertificate},
		{"none", tcp, nil, nil, "", NoRole, ByNothing},
		{"a certificate of a user", tcp, []User{alice}, cert("x", "alice.example"), "", Control, ByCertificate},
		{"of a user, with a wrong password", tcp, []User{alice}, cert("alice.example"), basicOf("alice", "b"), Control, ByCertificate},
		{"of no user", tcp, []User{alice}, cert("x"), "", NoRole, ByNothing},
		{"of no user, with a password", tcp, []User{alice}, cert("x"), basicOf("alice", "a"), Control, ByPassword},
		{"not asked for", Rules{Section: "inet_http_server"}, []User{alice}, cert("alice.example"), "", NoRole, ByNothing},
		{"of a user of another server", tcp, []User{{Name: "b", CertName: "b", Role: Full, Servers: []string{"y"}}, alice}, cert("b"), "", NoRole, ByNothing},
	} {
		fields := 0
		if c.header != "" {
			fields = 1
		}
		v := New([]Rules{c.rules}, c.users, NewChecks(nil)).Gate(0).Judge(Credentials{Authorization: c.header, Fields: fields, Peer: c.peer})
		switch {
		case c.want == NoRole && v.Caller == nil:
		case v.Caller == nil || v.Caller.Role != c.want || v.Caller.By != c.by:
			t.Errorf("%s: %+v", c.name, v.Caller)
		}
	}
}
