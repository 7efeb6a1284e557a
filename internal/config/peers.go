package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

var peersType = (&Type[[]access.PeerRule]{name: "list of who=role", same: slices.Equal[[]access.PeerRule], text: peersText}).
	asking("list of who=role", host.peers)

// peerAccessKey is the key about processes that connect to a Unix socket.
func peerAccessKey() row[Server] {
	return &serverKey[[]access.PeerRule]{Key: Key{Name: "peer_access", Raw: true, Update: atReread, Since: Ours, Default: none, Other: "root=full",
		Help: "what processes may do by their user or group, such as `%adm=read, deploy=control, *=metrics`; see " +
			"[processes](security.md#processes-on-the-socket)"},
		Type: peersType, Field: func(s *Server) *[]access.PeerRule { return &s.Peers }}
}

// peers reads a list of WHO=ROLE. Who is a user, its number, a group after %, or * for every process.
func (h host) peers(text string) (list []access.PeerRule, err error) {
	for item := range strings.SplitSeq(text, ",") {
		item = pyrepr.TrimSpace(item)
		who, role, _ := strings.Cut(item, "=")
		rule := access.PeerRule{Who: pyrepr.TrimSpace(who)}
		if rule.Role, err = parseRole(pyrepr.TrimSpace(role)); err != nil {
			err = errors.New("a role is missing or unknown")
		} else {
			err = h.peer(&rule)
		}
		if err != nil {
			return nil, fmt.Errorf("invalid 'peer_access' value %s: %v", pyrepr.Quote(item), err)
		}
		list = append(list, rule)
	}
	return list, nil
}

// peer looks up who a rule is about.
func (h host) peer(rule *access.PeerRule) error {
	group, isGroup := strings.CutPrefix(rule.Who, "%")
	switch {
	case rule.Who == "*":
		return nil
	case rule.Who == "" || isGroup && group == "":
		return errors.New("it names no user or group")
	case isGroup:
		gid, err := h.directory().LookupGroup(group)
		if err != nil {
			return errors.New("no such group")
		}
		rule.Kind, rule.ID = access.PeerGroup, gid
		return nil
	}
	rule.Kind = access.PeerUser
	if uid, err := strconv.ParseUint(rule.Who, 10, 31); err == nil { // it needs no account
		rule.ID = int(uid)
		return nil
	}
	user, err := h.account(rule.Who)
	if err != nil {
		return errors.New("no such user")
	}
	rule.ID = user.UID
	return nil
}

func peersText(rules []access.PeerRule) string {
	var texts []string
	for _, r := range rules {
		texts = append(texts, r.Who+"="+r.Role.String())
	}
	return strings.Join(texts, ",")
}

// unmapped is the number that the kernel shows for users of other user namespaces.
var unmapped = sync.OnceValue(func() int {
	text, err := os.ReadFile("/proc/sys/kernel/overflowuid")
	if n, bad := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && bad == nil {
		return n
	}
	return 65534
})

// peerRisks returns warnings about peer_access that is without effect, because the permissions of the socket come first, and about
// programs whose users it leaves out.
func (c *Config) peerRisks() (warnings []string) {
	for _, s := range c.Servers {
		if s.Peers == nil {
			continue
		}
		for _, r := range s.Peers {
			if !s.lets(r) {
				warnings = append(warnings, fmt.Sprintf("peer_access of [%s] names %s, but chmod=%04o lets only root connect", s.Section, r.Who, s.Mode))
			}
			if r.Kind != access.AnyPeer && r.ID == unmapped() {
				warnings = append(warnings, fmt.Sprintf("peer_access of [%s] names %s, whose number %d all users of other user namespaces have: "+
					"only * is about it", s.Section, r.Who, r.ID))
			}
		}
		warnings = append(warnings, c.leftOut(s)...)
	}
	return warnings
}

// lets reports whether the permissions of the socket let a process that a rule is about connect, as far as it is known.
func (s Server) lets(r access.PeerRule) bool {
	switch {
	case s.Mode&0o002 != 0, r.Kind == access.PeerUser && r.ID == 0:
		return true
	case s.Mode&0o020 != 0 && s.GID >= 0: // users may be in the group
		return r.Kind != access.PeerGroup || r.ID == s.GID
	case s.Mode&0o200 != 0 && s.UID > 0:
		return r.Kind != access.PeerUser || r.ID == s.UID
	}
	return false
}

// leftOut returns a warning for each user of programs that no rule of a server is about.
func (c *Config) leftOut(s Server) (warnings []string) {
	warned := map[int]bool{0: true, os.Geteuid(): true}
	if own := c.Supervisord.User; own != nil {
		warned[own.UID] = true
	}
	for _, g := range c.Groups {
		for _, p := range g.Processes {
			user := p.Run.User
			if user == nil || warned[user.UID] {
				continue
			}
			gid, groups, _ := p.GroupsOf(user)
			covered := slices.ContainsFunc(s.Peers, func(r access.PeerRule) bool {
				return r.Kind == access.AnyPeer || r.ID != unmapped() && (r.Kind == access.PeerUser && r.ID == user.UID ||
					r.Kind == access.PeerGroup && (r.ID == gid || slices.Contains(groups, r.ID)))
			})
			if !covered {
				warned[user.UID] = true
				warnings = append(warnings, fmt.Sprintf("peer_access of [%s] leaves out %s, the user of [%s]", s.Section, userText(user), p.Section))
			}
		}
	}
	return warnings
}
