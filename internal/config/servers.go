package config

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"

	"github.com/gosupervisor/supervisor/internal/expand"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// servers reads every section whose name begins with inet_http_server, then those with unix_http_server.
func (r *reader) servers() ([]Server, error) {
	var list []Server
	for _, kind := range []struct {
		prefix string
		read   func(*keys, *Server)
	}{{"inet_http_server", r.inetServer}, {"unix_http_server", r.unixServer}} {
		for _, s := range r.doc.Sections {
			if !strings.HasPrefix(s.Name, kind.prefix) {
				continue
			}
			k := r.keys(s, expand.Scope{})
			server := Server{Section: s.Name, UID: -1, GID: -1}
			kind.read(k, &server)
			if k.err != nil {
				return nil, k.err
			}
			list = append(list, server)
		}
	}
	return list, nil
}

func (r *reader) inetServer(k *keys, server *Server) {
	credentials(k, server)
	address := read(k, "port", inetAddress{}, parseInetAddress)
	if _, ok := k.raw("port"); !ok {
		k.failf("port", "section [%s] has no port value", k.s.Name)
	}
	server.Host, server.Port = address.host, address.port
}

func (r *reader) unixServer(k *keys, server *Server) {
	server.Unix = true
	k.here = true
	path := pyrepr.TrimSpace(read(k, "file", "", parseString))
	k.here = false
	if path == "" {
		k.failf("file", "section [%s] has no file value", k.s.Name)
	}
	server.File = normalize(path)
	credentials(k, server)
	owner := read(k, "chown", [2]int{-1, -1}, r.owner("Invalid sockchown value "))
	server.UID, server.GID = owner[0], owner[1]
	server.Mode = read(k, "chmod", fs.FileMode(0o700), parseMode("Invalid chmod value "))
}

// parseMode reads permission bits; wrong is how the message for bad ones begins.
func parseMode(wrong string) func(string) (fs.FileMode, error) {
	return func(text string) (fs.FileMode, error) {
		mode, err := parseOctal(text)
		if err != nil {
			return 0, errors.New(wrong + text)
		}
		return fs.FileMode(mode & 0o777), nil
	}
}

// credentials reads user name and password, of which there must be both or none.
func credentials(k *keys, server *Server) {
	server.Username = read(k, "username", "", parseString)
	server.Password = read(k, "password", "", parseString)
	_, hasUsername := k.raw("username")
	_, hasPassword := k.raw("password")
	if hasUsername != hasPassword {
		k.failf("username", "Section [%s] contains incomplete authentication: If a username or a password is "+
			"specified, both the username and password must be specified", k.s.Name)
	}
}

// URL is the address that children get in SUPERVISOR_SERVER_URL: the host is localhost for a server on all addresses.
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
