package config

import (
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// servers reads every section whose name begins with inet_http_server, then those with unix_http_server.
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
			list = append(list, server)
		}
	}
	return list, nil
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

// requireBoth checks that there are both user name and password, or neither.
func requireBoth(k *sectionReader, _ *Server) {
	if k.has("username") != k.has("password") {
		k.failf("username", "Section [%s] contains incomplete authentication: If a username or a password is "+
			"specified, both the username and password must be specified", k.s.Name)
	}
}

// URL returns the address for SUPERVISOR_SERVER_URL of children. The host is localhost for a server on all addresses.
func (s Server) URL() string {
	if s.Unix {
		return "unix://" + s.File
	}
	host := s.Host
	if host == "" {
		host = "localhost"
	}
	return "http://" + host + ":" + strconv.Itoa(s.Port)
}
