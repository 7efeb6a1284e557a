package config

import (
	"fmt"
	"slices"

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
		switch {
		case u.Password != "" || len(u.Tokens) > 0:
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
