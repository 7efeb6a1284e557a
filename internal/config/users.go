package config

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/ini"
)

// userPrefix begins the names of the sections of users of the servers.
const userPrefix = "http_user:"

type httpUserKey[T any] = keyOf[access.User, T]

// httpUserKeys are the keys of [http_user:x].
var httpUserKeys = table(Key{Sections: InUser, Update: atReread, Since: Ours},
	&httpUserKey[string]{Key: Key{Name: "password", Secret: true, Default: none, Other: "p",
		Help: "plain, or a [hash](security.md#passwords)"},
		Type: textType, Field: func(u *access.User) *string { return &u.Password },
		Then: func(k *sectionReader, u *access.User) { checkHash(k, u.Password) }},
	&httpUserKey[[]string]{Key: Key{Name: "tokens", Secret: true, Default: none,
		Other: "{SHA256}e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		Help:  "`{SHA256}` and the SHA-256 of a token in hexadecimal, which a client sends as `Authorization: Bearer TOKEN`; several with commas"},
		Type: listType, Field: func(u *access.User) *[]string { return &u.Tokens }, Then: requireTokens},
	&httpUserKey[string]{Key: Key{Name: "cert_name", Default: none, Other: "alice.example",
		Help: "common name or DNS name in a certificate by which the user is known, on servers with `tls_client_ca`"},
		Type: textType, Field: func(u *access.User) *string { return &u.CertName }},
	&httpUserKey[access.Role]{Key: Key{Name: "role", Other: "control",
		Help: "what the user may do, at most what `access` of the server says, see [roles](security.md#roles)"},
		Type: roleType, Absent: access.Read, Field: func(u *access.User) *access.Role { return &u.Role }},
	&httpUserKey[[]string]{Key: Key{Name: "programs", Default: "all", Other: "web*,db:*",
		Help: "patterns of the names of processes that exist for the user, see [programs of a user](security.md#programs-of-a-user)"},
		Type: listType, Field: func(u *access.User) *[]string { return &u.Programs }, Then: requirePrograms},
	&httpUserKey[[]string]{Key: Key{Name: "servers", Default: "all", Other: "unix_http_server",
		Help: "sections of servers on which the user is known, such as `inet_http_server`"},
		Type: listType, Field: func(u *access.User) *[]string { return &u.Servers }, Then: requireServers},
)

// parseRole reads the name of a role.
func parseRole(s string) (access.Role, error) {
	role, ok := access.ParseRole(s)
	if !ok {
		return access.NoRole, errWord
	}
	return role, nil
}

// users reads the [http_user:x] sections, after the servers that they name.
func (r *reader) users(servers []Server) (list []access.User, err error) {
	for _, s := range r.doc.Sections {
		text, ok := strings.CutPrefix(s.Name, userPrefix)
		if !ok {
			continue
		}
		name, err := parseName(text)
		if err == nil && name == "" {
			err = errors.New("section [" + s.Name + "] has no name")
		}
		if err == nil {
			err = nameTaken(name, servers)
		}
		if err == nil && slices.ContainsFunc(list, func(u access.User) bool { return u.Name == name }) {
			err = fmt.Errorf("section [%s] is a second one for the user %s", s.Name, name)
		}
		if err != nil {
			if err := r.refuse(sectionError(s, err)); err != nil {
				return nil, err
			}
			continue
		}
		k := r.section(s)
		user := access.User{Name: name}
		if readAll(k, httpUserKeys, &user); k.err != nil {
			return nil, k.err
		}
		r.withhold(s)
		list = append(list, user)
	}
	return list, nil
}

// nameTaken is the error for a user that has the name of the user of a server: a client could mean both.
func nameTaken(name string, servers []Server) error {
	for _, s := range servers {
		if s.Username == name {
			return fmt.Errorf("section [%s%s] has the name of the user of [%s]", userPrefix, name, s.Section)
		}
	}
	return nil
}

// requireServers refuses the names of sections that are no servers.
func requireServers(k *sectionReader, u *access.User) {
	if k.has("servers") && len(u.Servers) == 0 {
		k.failf("servers", "section [%s] has no server in servers", k.s.Name)
	}
	for _, name := range u.Servers {
		known := slices.ContainsFunc(k.r.doc.Sections, func(s *ini.Section) bool {
			return s.Name == name && kindOf(name)&(InInetServer|InUnixServer) != 0
		})
		if !known {
			k.failf("servers", "section [%s] names unknown server %s", k.s.Name, name)
		}
	}
}

// Rules are the keys of the servers about who may do what.
func Rules(servers []Server) (list []access.Rules) {
	for _, s := range servers {
		list = append(list, access.Rules{Section: s.Section, Unix: s.Unix, Username: s.Username, Password: s.Password, Access: s.Access,
			Anonymous: s.Anonymous, Serves: s.Serve, ClientCA: s.TLSClientCA != "", Peers: s.Peers, OwnUID: os.Geteuid(), Unmapped: unmapped()})
	}
	return list
}

// checkMethodsRole refuses roles that cannot call anything.
func checkMethodsRole(k *sectionReader, p *Plugin) {
	if p.MethodsRole != access.NoRole && p.MethodsRole < access.Read {
		k.failf("methods_role", "invalid 'methods_role' value '%s'", p.MethodsRole)
	}
}

// requirePrograms refuses a list without a pattern: it would mean all programs.
func requirePrograms(k *sectionReader, u *access.User) {
	if k.has("programs") && len(u.Programs) == 0 {
		k.failf("programs", "section [%s] has no pattern in programs", k.s.Name)
	}
}

// parseServe reads the parts of a server.
func parseServe(s string) (parts access.Parts, err error) {
	names, err := parseList(s)
	for _, name := range names {
		part, ok := access.ParsePart(name)
		if !ok {
			return 0, errWord
		}
		parts |= part
	}
	if parts == 0 {
		return 0, errWord
	}
	return parts, err
}

// parseLoginLimit reads N/T, or 0 for none.
func parseLoginLimit(s string) (limit access.Limit, err error) {
	if s == "0" {
		return access.Limit{Failures: -1}, nil
	}
	failures, within, _ := strings.Cut(s, "/")
	if limit.Failures, err = parsePositive(failures); err == nil {
		limit.Within, err = parsePositiveDuration(within)
	}
	if err != nil {
		return access.Limit{}, errWord
	}
	return limit, nil
}

func loginLimitText(l access.Limit) string {
	switch {
	case l.Failures < 0:
		return "0"
	case l.Failures == 0:
		return ""
	}
	return strconv.Itoa(l.Failures) + "/" + durationText(l.Within)
}

func parseOpenServer(s string) (string, error) {
	switch s {
	case "allow", "warn", "refuse":
		return s, nil
	}
	return "", errWord
}

// opens reports what open_server says of a server that lets clients without credentials control programs; empty: it does not.
func opens(s *Server, gate *access.Gate, common string) string {
	if !gate.IsOpen(access.Control) {
		return ""
	}
	return cmp.Or(s.OpenServer, common, "warn")
}

// Announces reports whether the start warns that a server asks for no credentials.
func (c *Config) Announces(i int, policy *access.Policy) bool {
	how := opens(&c.Servers[i], policy.Gate(i), c.Supervisord.OpenServer)
	return how != "" && how != "allow"
}

// refuseOpen refuses servers that would let everybody in, if that is configured.
func (r *reader) refuseOpen(c *Config, common string) error {
	policy := access.New(Rules(c.Servers), c.Users, nil)
	for i := range c.Servers {
		s := &c.Servers[i]
		if s.Unix || isLoopback(s.Host) || opens(s, policy.Gate(i), common) != "refuse" {
			continue
		}
		k := r.section(r.doc.ByName[s.Section])
		v, _ := r.doc.Find(k.s, "port")
		if k.failf("port", "port=%s would let everybody in (open_server=refuse)", v.Text); k.err != nil {
			return k.err
		}
	}
	return nil
}

// checkHash refuses a hash that cannot be checked.
func checkHash(k *sectionReader, password string) {
	if err := access.CheckPassword(password); err != nil {
		k.failf("password", "section [%s] %v", k.s.Name, err)
	}
}

// requireTokens refuses what is no hash of a token.
func requireTokens(k *sectionReader, u *access.User) {
	for _, token := range u.Tokens {
		if err := access.CheckToken(token); err != nil {
			k.failf("tokens", "section [%s]: %v", k.s.Name, err)
			return
		}
	}
}
