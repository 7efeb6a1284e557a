package config

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gosupervisor/supervisor/internal/access"
)

// risks returns warnings about settings that are valid and often mistakes: two processes that write to a log, files in
// directories that all users can write to, TCP servers without authentication, and those of Exposed.
func (r *reader) risks(c *Config, root bool) (warnings []string) {
	warnings = SharedLogs(c.Supervisord.Logfile, &c.Supervisord.Audit, c.Groups, 0)
	e := &exposure{doc: r.doc}
	known := map[string]bool{} // processes of one section
	for _, f := range c.usedFiles() {
		info, err := os.Stat(f.directory())
		if err != nil || info.Mode()&0o002 == 0 || root && info.Mode()&os.ModeSticky == 0 {
			continue // as root, Exposed says more about a directory without the sticky bit
		}
		if place := e.place(f.section, f.key); !known[place] {
			known[place] = true
			warnings = append(warnings, place+": all users can create files in the directory of "+f.path+
				"; better is one that only its owner can write")
		}
	}
	warnings = append(warnings, r.exposed(c, root)...)
	policy := access.New(Rules(c.Servers), c.Users, nil)
	for i, s := range c.Servers {
		if s.Username == "" && policy.Gate(i).IsProtected() {
			warnings = append(warnings, fmt.Sprintf("[%s] has no username and password: the original would let everybody in", s.Section))
		}
		if _, known := access.IsHash(s.Password); !known {
			form, _, _ := strings.Cut(s.Password, "}")
			warnings = append(warnings, fmt.Sprintf("[%s] password=%s}…: the original takes this for the password itself", s.Section, form))
		}
		if looksHashed(s.Password) {
			warnings = append(warnings, e.place(s.Section, "password")+": it looks like a hash of a form that there is not, and is taken for the password itself")
		}
		if !s.Unix && c.Announces(i, policy) {
			warnings = append(warnings, fmt.Sprintf("[%s] has no username and password: everyone who can connect to port %d "+
				"can run any command as the user of supervisord", s.Section, s.Port))
		}
	}
	return slices.Concat(warnings, c.userRisks(e), tlsRisks(c), c.peerRisks())
}

// tlsRisks returns warnings about keys of TLS without effect, and about listeners that cannot reach a server.
func tlsRisks(c *Config) (warnings []string) {
	plain, listeners := len(c.Servers) == 0, false
	for _, s := range c.Servers {
		plain = plain || !s.HasTLS()
		switch {
		case s.TLS13 && !s.HasTLS():
			warnings = append(warnings, fmt.Sprintf("[%s] tls_min has no effect without tls_cert", s.Section))
		case s.TLSRequest && s.TLSClientCA == "":
			warnings = append(warnings, fmt.Sprintf("[%s] tls_client has no effect without tls_client_ca", s.Section))
		}
	}
	for _, g := range c.Groups {
		listeners = listeners || g.Kind == ListenerGroup
	}
	if listeners && !plain {
		warnings = append(warnings, "event listeners in Python cannot use the only server, which has TLS")
	}
	return warnings
}

// channel is the log of an output channel and its key.
type channel struct {
	key string
	log Log
}

func (p *Process) channels() [2]channel {
	return [2]channel{{"stdout_logfile", p.Out.Log}, {"stderr_logfile", p.Err.Log}}
}

// SharedLogs returns a warning for each log that two processes, or a process and supervisord, write to, which do not know of each other's
// rotation, if the second is in groups[from:]. mainlog is the path of the main log, or "syslog". Files in /dev may be shared.
func SharedLogs(mainlog string, audit *AuditLog, groups []*Group, from int) (warnings []string) {
	type writer struct {
		key      string
		group    *Group
		name     string
		reported bool
	}
	writers := map[string]*writer{}
	if mainlog != "syslog" {
		writers[mainlog] = &writer{key: "[supervisord] logfile"}
	}
	if path := audit.Target; audit.HasFile() && !strings.HasPrefix(path, "/dev/") {
		this := &writer{key: "[supervisord] audit_log"}
		if first := writers[path]; first != nil && from == 0 {
			first.reported = true
			warnings = append(warnings, fmt.Sprintf("%s and %s write to the same log %s", first.key, this.key, path))
		} else if first == nil {
			writers[path] = this
		}
	}
	name := func(w *writer) string {
		if w.group == nil {
			return w.key
		}
		return fmt.Sprintf("%s of %s:%s", w.key, w.group.Name, w.name)
	}
	for i, g := range groups {
		for _, p := range g.Processes {
			for c := range p.logFiles() {
				if c.log.Path == "" || strings.HasPrefix(c.log.Path, "/dev/") {
					continue
				}
				path := absolute(c.log.Path)
				this := &writer{key: c.key, group: g, name: p.ProcessName}
				first := writers[path]
				switch {
				case first == nil:
					writers[path] = this
				case !first.reported && i >= from:
					first.reported = true
					warnings = append(warnings, fmt.Sprintf("%s and %s write to the same log %s", name(first), name(this), path))
				}
			}
		}
	}
	return warnings
}
