package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/api"
	globs "github.com/gosupervisor/supervisor/internal/glob"
)

// userRisks returns warnings about users who cannot log in, and about their programs that do not exist.
func (c *Config) userRisks(e *exposure) (warnings []string) {
	for _, u := range c.Users {
		section := userPrefix + u.Name
		warn := func(key, format string, args ...any) {
			warnings = append(warnings, e.place(section, key)+": "+fmt.Sprintf(format, args...))
		}
		if looksHashed(u.Password) {
			warn("password", "it looks like a hash of a form that there is not, and is taken for the password itself")
		}
		switch {
		case u.Password != "" || len(u.Tokens) > 0 || e.refused(section):
		case u.CertName == "":
			warn("password", "the user has no password, tokens or cert_name, and cannot log in")
		case !c.asksForCertificate(u):
			warn("cert_name", "the user cannot log in, because no server on which it is known has tls_client_ca")
		}
		for _, pattern := range u.Programs {
			if !c.hasProcess(pattern) {
				warn("programs", "no process has a name like %s", pattern)
			}
		}
	}
	return warnings
}

// refused reports whether a section has a password or tokens that were not accepted.
func (e *exposure) refused(section string) bool {
	s := e.doc.ByName[section]
	return s != nil && (s.Values["password"].Text != "" || s.Values["tokens"].Text != "")
}

// looksHashed reports whether a password looks like a hash, and there is no such form of one.
func looksHashed(password string) bool {
	if hash, _ := access.IsHash(password); hash {
		return false
	}
	form, value, found := strings.Cut(password, "}")
	name, braced := strings.CutPrefix(form, "{")
	return found && braced && name != "" && value != "" && strings.IndexFunc(name, func(r rune) bool { return !isFormLetter(r) }) < 0
}

func isFormLetter(r rune) bool {
	return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}

// asksForCertificate reports whether a server on which a user is known asks for certificates.
func (c *Config) asksForCertificate(u access.User) bool {
	return slices.ContainsFunc(c.Servers, func(s Server) bool {
		return s.TLSClientCA != "" && (u.Servers == nil || slices.Contains(u.Servers, s.Section))
	})
}

// hasProcess reports whether a process has a namespec of a pattern.
func (c *Config) hasProcess(pattern string) bool {
	return slices.ContainsFunc(c.Groups, func(g *Group) bool {
		return slices.ContainsFunc(g.Processes, func(p *Process) bool { return globs.Match(pattern, api.Namespec(g.Name, p.ProcessName)) })
	})
}
