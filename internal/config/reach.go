package config

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// unreachable returns warnings about a file with which supervisorctl does not find the servers, or no methods there.
func (r *reader) unreachable(c *Config) (warnings []string) {
	if len(c.Servers) == 0 || r.doc.Partial || slices.ContainsFunc(r.check.errs, aboutServer) {
		return nil
	}
	if !slices.ContainsFunc(c.Interfaces, func(i Interface) bool { return i.Factory == MainInterface }) && r.doc.ByName["rpcinterface:supervisor"] == nil {
		warnings = append(warnings, r.path+": there is no section [rpcinterface:supervisor], so that supervisorctl cannot do anything; add it, with "+
			interfaceFactory+"="+MainInterface)
	}
	best := Reachable(c.Servers)
	own := r.doc.ByName["supervisorctl"]
	if own == nil || own.First.Path != r.path {
		return append(warnings, fmt.Sprintf("%s: there is no section [supervisorctl], so that supervisorctl refuses this file; add it, with serverurl=%s",
			r.path, best.URL()))
	}
	v, given := r.doc.Find(own, "serverurl")
	if !given {
		v.Text, v.From, v.Line = defaultServerURL, own.First, own.Line
	}
	k := &sectionReader{r: r, s: own, separate: true}
	text, err := k.expandAs("serverurl", ofFile, v)
	if err != nil || slices.ContainsFunc(c.Servers, func(s Server) bool { return s.reachedBy(r.host, text) }) {
		return warnings // an error is reported elsewhere
	}
	place := fmt.Sprintf("%s:%d: [supervisorctl] serverurl", v.From.Path, v.Line)
	if !given {
		return append(warnings, fmt.Sprintf("%s is missing: supervisorctl asks %s, where no server of this file listens; add serverurl=%s",
			place, defaultServerURL, best.URL()))
	}
	return append(warnings, fmt.Sprintf("%s: no server of this file listens there; the server [%s] has serverurl=%s", place, best.Section, best.URL()))
}

// Reachable returns the server that clients on this host are to use, of at least one: the first Unix socket, else the first TCP server
// without TLS, which not all clients know, else the first one.
func Reachable(servers []Server) Server {
	for _, suits := range []func(Server) bool{func(s Server) bool { return s.Unix }, func(s Server) bool { return !s.HasTLS() }} {
		if i := slices.IndexFunc(servers, suits); i >= 0 {
			return servers[i]
		}
	}
	return servers[0]
}

// aboutServer reports whether an error is about a server, which then is not among those of the configuration.
func aboutServer(err error) bool {
	f, ok := err.(*Finding)
	return ok && kindOf(f.Cause.Section)&(InInetServer|InUnixServer) != 0
}

// reachedBy reports whether supervisorctl may reach the server at a URL. That is in doubt for other hosts, whose addresses are not
// looked up, and other schemes.
func (s Server) reachedBy(h host, address string) bool {
	if path, ok := strings.CutPrefix(address, "unix://"); ok {
		return s.Unix && resolved(h.normalize(path)) == resolved(s.File)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || !isLoopback(u.Hostname()) {
		return true
	}
	return !s.Unix && s.HasTLS() == (u.Scheme == "https") && (s.Host == "" || isLoopback(s.Host) || s.Host == "0.0.0.0" || s.Host == "[::]" || s.Host == "::") &&
		(u.Port() == strconv.Itoa(s.Port) || u.Port() == "" && s.Port == map[string]int{"http": 80, "https": 443}[u.Scheme])
}

func isLoopback(host string) bool {
	host = strings.ToLower(strings.Trim(host, "[]"))
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}

// resolved returns a path whose directory has no links, if it exists.
func resolved(path string) string {
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(dir, filepath.Base(path))
	}
	return path
}
