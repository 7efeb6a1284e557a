package config

import (
	"os"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/account"
)

// Identity is who the processes of a program are, beyond their user.
type Identity struct {
	Group  UserGroup
	Groups UserGroups
	Login  Login
}

// UserGroup is a group in place of the account's. The zero value is none.
type UserGroup struct {
	Name string `json:"name"`
	GID  int    `json:"gid"`
}

// UserGroups are supplementary groups. The zero value is those of the account.
type UserGroups struct {
	Set   bool     `json:"set,omitempty"`
	Added bool     `json:"added,omitempty"` // to those of the account
	Names []string `json:"names,omitempty"`
	GIDs  []int    `json:"gids,omitempty"`
}

// Login is what a login sets in the environment. The zero value is nothing.
type Login struct {
	On    bool   `json:"on,omitempty"`
	Name  string `json:"name,omitempty"`
	Home  string `json:"home,omitempty"`
	Shell string `json:"shell,omitempty"`
}

var (
	userGroupType = &Type[UserGroup]{name: "group", same: equal[UserGroup], text: func(g UserGroup) string { return g.Name },
		ask: func(h host, text string) (g UserGroup, err error) {
			g.Name = text
			g.GID, err = h.directory().LookupGroup(text)
			return g, err
		}}
	userGroupsType = &Type[UserGroups]{name: "list of groups, `+` before it: besides those of the account", ask: host.userGroups,
		same: func(a, b UserGroups) bool {
			return a.Set == b.Set && a.Added == b.Added && slices.Equal(a.Names, b.Names) && slices.Equal(a.GIDs, b.GIDs)
		},
		text: func(g UserGroups) string {
			if g.Added {
				return "+" + listText(g.Names)
			}
			return listText(g.Names)
		}}
	loginType = &Type[Login]{name: "boolean", same: equal[Login],
		parse: func(text string) (Login, error) {
			on, err := parseBoolean(text)
			return Login{On: on}, err
		},
		text: func(l Login) string {
			if l.On {
				return "true"
			}
			return "false"
		}}
)

var identityPart partAt[Identity] = func(e *Extra) **Identity { return &e.Identity }

// identityKeys are the keys of Identity.
var identityKeys = inPart(identityPart, table[Process](
	Key{Sections: InPrograms | InDefault, Topic: commandTopic, Scope: inProgram, Update: restarts, Since: Ours},
	&extraKey[UserGroup]{Key: Key{Name: "primary_group", Default: "that of the user", Other: "0",
		Help: "run with this group; needs root, see [what a program may do](howto-limits.md)"},
		Type: userGroupType, Field: func(e *Extra) *UserGroup { return &e.Identity.Group }, Then: checkPrimaryGroup},
	&extraKey[UserGroups]{Key: Key{Name: "groups", Default: "those of the user", Other: "0",
		Help: "run with these supplementary groups; needs root"},
		Type: userGroupsType, Field: func(e *Extra) *UserGroups { return &e.Identity.Groups }},
	&extraKey[Login]{Key: Key{Name: "login_env", Other: "true",
		Help: "set `HOME`, `USER`, `LOGNAME` and `SHELL` to those of the user; `environment` is stronger"},
		Type: loginType, Field: func(e *Extra) *Login { return &e.Identity.Login }, Then: setLogin},
))

// userGroups looks groups up.
func (h host) userGroups(text string) (g UserGroups, err error) {
	g.Set = true
	text, g.Added = strings.CutPrefix(strings.TrimSpace(text), "+")
	names, _ := parseList(text)
	for _, name := range names {
		gid, err := h.directory().LookupGroup(name)
		if err != nil {
			return g, err
		}
		g.Names, g.GIDs = append(g.Names, name), append(g.GIDs, gid)
	}
	return g, nil
}

// readUser reads user=, which may have a group behind the user.
func readUser(k *sectionReader, p *Process) {
	text, v, ok := k.text(userKey)
	if !ok {
		return
	}
	name, group, hasGroup := strings.Cut(text, ":")
	user, err := k.r.host.account(name)
	var g UserGroup
	if err == nil && hasGroup {
		g, err = userGroupType.ask(k.r.host, group)
	}
	if err != nil {
		k.unreadable(userKey.Name, v, err)
		return
	}
	p.Run.User = user
	if hasGroup {
		if p.Extra == nil {
			p.Extra = newExtra()
		}
		identityPart.own(p.Extra)
		p.Extra.Identity.Group = g
	}
}

var userKey *Key

func init() { // the table refers to it
	for _, r := range commonKeys {
		if r.key().Name == "user" {
			userKey = r.key()
		}
	}
}

func checkPrimaryGroup(k *sectionReader, _ *Process) {
	if v, ok := k.r.doc.Find(k.s, userKey.Name); ok && strings.Contains(v.Text, ":") {
		k.failf("primary_group", "primary_group and a group in user cannot both be set")
	}
}

// setLogin looks up what a login of the user sets, who is that of supervisord if the program has none.
func setLogin(k *sectionReader, p *Process) {
	login := &p.Extra.Identity.Login
	if !login.On {
		return
	}
	uid := os.Getuid()
	if p.Run.User != nil {
		uid = p.Run.User.UID
	} else if k.r.daemonUser != nil {
		if user, err := k.r.host.account(*k.r.daemonUser); err == nil { // else it is an error of its own
			uid = user.UID
		}
	}
	var err error
	if login.Name, login.Home, login.Shell, err = k.r.host.directory().Login(uid); err != nil {
		k.failf("login_env", "%v", err)
	}
}

// LoginVariables returns the variables that a login sets, nil if the program has none of them.
func (p *Process) LoginVariables() map[string]string {
	if p.Extra == nil || !p.Extra.Identity.Login.On {
		return nil
	}
	l := &p.Extra.Identity.Login
	return map[string]string{"HOME": l.Home, "USER": l.Name, "LOGNAME": l.Name, "SHELL": l.Shell}
}

// GroupsOf returns the primary and the supplementary groups of the processes, and whether they are others than those of the account.
// User is that of the program; nil: supervisord's own.
func (p *Process) GroupsOf(user *account.Account) (gid int, groups []int, others bool) {
	if user != nil {
		gid, groups = user.GID, user.Groups
	}
	if p.Extra == nil || p.Extra.Identity.Group.Name == "" && !p.Extra.Identity.Groups.Set {
		return gid, groups, false
	}
	if user == nil {
		gid = os.Getgid()
		groups, _ = os.Getgroups() // it fails for no process that has a group
	}
	own := p.Extra.Identity
	if own.Group.Name != "" {
		groups = append([]int{own.Group.GID}, slices.DeleteFunc(slices.Clone(groups), func(g int) bool {
			return g == gid || g == own.Group.GID
		})...)
		gid = own.Group.GID
	}
	switch {
	case own.Groups.Added:
		for _, g := range own.Groups.GIDs {
			if !slices.Contains(groups, g) {
				groups = append(slices.Clip(groups), g)
			}
		}
	case own.Groups.Set:
		groups = own.Groups.GIDs
	}
	return gid, groups, true
}

// SameGroups reports whether two processes have the same keys about groups.
func (p *Process) SameGroups(other *Process) bool {
	group, groups := p.groups()
	otherGroup, otherGroups := other.groups()
	return group == otherGroup && userGroupsType.same(groups, otherGroups)
}

func (p *Process) groups() (UserGroup, UserGroups) {
	if p.Extra == nil {
		return UserGroup{}, UserGroups{}
	}
	return p.Extra.Identity.Group, p.Extra.Identity.Groups
}
