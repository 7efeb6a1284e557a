package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/ini"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// servers reads every section whose name begins with inet_http_server, then those with unix_http_server.
// Source: inet_http_server, unix_http_server.
func (r *reader) servers() ([]Server, error) {
	var list []Server
	for _, kind := range []struct {
		prefix string
		unix   bool
		keys   []row[Server]
	}{{"inet_http_server", false, inetServerKeys}, {"unix_http_server", true, unixServerKeys}} {
		for _, s := range r.doc.Sections {
			if !strings.HasPrefix(s.Name, kind.prefix) {
				continue
			}
			k := r.section(s)
			server := Server{Section: s.Name, Unix: kind.unix, UID: -1, GID: -1}
			if readAll(k, kind.keys, &server); k.err != nil {
				return nil, k.err
			}
			r.withhold(s)
			if len(k.failed) == 0 { // else it is not known where it listens
				list = append(list, server)
			}
		}
	}
	return list, nil
}

// ordinary are variables that most programs need, and that are no secrets even if a user name is taken from them.
var ordinary = []string{"HOME", "HOSTNAME", "LANG", "LOGNAME", "PATH", "PWD", "SHELL", "TERM", "TMPDIR", "TZ", "USER"}

// withhold notes the variables from which a section takes a user name or a password.
func (r *reader) withhold(s *ini.Section) {
	for _, key := range []string{"username", "password", "tokens"} {
		v, _ := r.doc.Find(s, key)
		for _, name := range r.environmentNames(v.Text) {
			if !slices.Contains(ordinary, name) && !slices.Contains(r.withheld, name) {
				r.withheld = append(r.withheld, name)
			}
		}
	}
}

func requirePort(k *sectionReader, _ *Server) {
	if !k.has("port") {
		k.failf("port", "section [%s] has no port value", k.s.Name)
	}
}

func requireFile(k *sectionReader, server *Server) {
	path := pyrepr.TrimSpace(server.File)
	if path == "" {
		k.failf("file", "section [%s] has no file value", k.s.Name)
	}
	server.File = k.r.host.normalize(path)
}

// requireBoth checks that there are both user name and password, or neither. An empty one is none: without it the server would
// answer everyone, or everyone who knows the name.
func requireBoth(k *sectionReader, s *Server) {
	checkHash(k, s.Password)
	if slices.Contains(k.failed, "username") || slices.Contains(k.failed, "password") {
		return
	}
	if k.has("username") != k.has("password") || (s.Username == "") != (s.Password == "") {
		missing := "username"
		if s.Username != "" {
			missing = "password"
		}
		k.failf(missing, "Section [%s] contains incomplete authentication: If a username or a password is "+
			"specified, both the username and password must be specified", k.s.Name)
	}
}

// requirePair checks that there are both certificate and key, or neither.
func requirePair(k *sectionReader, s *Server) {
	if slices.Contains(k.failed, "tls_cert") || slices.Contains(k.failed, "tls_key") || (s.TLSCert == "") == (s.TLSKey == "") {
		return
	}
	has, lacks := "tls_cert", "tls_key"
	if s.TLSCert == "" {
		has, lacks = lacks, has
	}
	k.failf(has, "Section [%s] has %s without %s", k.s.Name, has, lacks)
}

// requireCert checks that there is a certificate of the server if certificates of clients are wanted.
func requireCert(k *sectionReader, s *Server) {
	if s.TLSClientCA != "" && s.TLSCert == "" && !slices.Contains(k.failed, "tls_cert") {
		k.failf("tls_client_ca", "Section [%s] has tls_client_ca without tls_cert", k.s.Name)
	}
}

// Hint returns what is probably wrong with an address that cannot be opened; empty: nothing is known.
func (s Server) Hint() string {
	if strings.ContainsAny(s.File+s.Host, `"'`) {
		return hintQuotes
	}
	return ""
}

// HasTLS reports whether clients reach the server by HTTPS only.
func (s Server) HasTLS() bool { return s.TLSCert != "" }

// URL returns the address for SUPERVISOR_SERVER_URL of children. The host is localhost for a server on all addresses, and that of the
// certificate, if it is known, for one with TLS.
func (s Server) URL() string {
	if s.Unix {
		return "unix://" + s.File
	}
	scheme, host := "http://", cmp.Or(s.Host, "localhost")
	if s.HasTLS() {
		scheme = "https://"
		if s.TLSName != "" {
			host = s.TLSName
		}
		if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
			host = "[" + host + "]"
		}
	}
	return scheme + host + ":" + strconv.Itoa(s.Port)
}
