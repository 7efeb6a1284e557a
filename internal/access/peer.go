package access

import "slices"

// Peer is what the connection of a client says about it. It does not change.
type Peer struct {
	Cert    []string // the names in its certificate, which was verified; nil: it has shown none
	Process bool     // the next fields are those of the process at the other end of a Unix socket
	UID     int
	GIDs    []int // also supplementary groups
}

// PeerKind is what a PeerRule is about.
type PeerKind uint8

// The kinds of rules about processes.
const (
	AnyPeer PeerKind = iota
	PeerUser
	PeerGroup
)

// PeerRule gives a role to processes that connect to a Unix socket.
type PeerRule struct {
	Who  string   `json:"who"` // as it is written
	Kind PeerKind `json:"kind,omitempty"`
	ID   int      `json:"id,omitempty"` // of the user or group
	Role Role     `json:"role"`
}

// matches reports whether the rule is about a process. Unmapped is the number that the kernel shows for users and groups of other user
// namespaces, which are not the ones that have this number here.
func (r *PeerRule) matches(p *Peer, unmapped int) bool {
	switch r.Kind {
	case PeerUser:
		return p.UID == r.ID && p.UID != unmapped
	case PeerGroup:
		return r.ID != unmapped && slices.Contains(p.GIDs, r.ID)
	}
	return true
}

// peers are the rules of a server about processes.
type peers struct {
	rules    []PeerRule
	callers  []*Caller // of the rules
	trusted  []int     // users that need no rule
	unmapped int
	most     *Caller // of those
}

// newPeers returns nil for a server without rules. LogIn says whether there are names with passwords.
func newPeers(s Rules, most Role, logIn bool) *peers {
	if s.Peers == nil {
		return nil
	}
	caller := func(who string, role Role) *Caller {
		return &Caller{User: who, By: ByPeer, Role: min(role, most), Server: s.Section, ruled: true, logsIn: logIn, rules: &s}
	}
	p := &peers{rules: s.Peers, unmapped: s.Unmapped, most: caller("root", most)}
	for _, r := range s.Peers {
		p.callers = append(p.callers, caller(r.Who, r.Role))
	}
	for _, uid := range []int{0, s.OwnUID} {
		if uid != s.Unmapped {
			p.trusted = append(p.trusted, uid)
		}
	}
	return p
}

// caller returns the caller with the best role that a process has; nil: no rule is about it.
func (p *peers) caller(of *Peer) (best *Caller) {
	if slices.Contains(p.trusted, of.UID) {
		return p.most
	}
	for i := range p.rules {
		if c := p.callers[i]; p.rules[i].matches(of, p.unmapped) && (best == nil || c.Role > best.Role) {
			best = c
		}
	}
	return best
}
