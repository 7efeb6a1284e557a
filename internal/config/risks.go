package config

import (
	"fmt"
	"os"
	"strings"
)

// risks warns of what works and is seldom meant: two writers of one log, places where everybody can write, a TCP server
// for everybody.
func risks(c *Config) (warnings []string) {
	warnings = SharedLogs(c.Supervisord.Logfile, c.Groups, 0)
	exposed := map[string]bool{}
	expose := func(path, what string) {
		dir := dirname(absolute(path))
		if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o002 != 0 && !exposed[what] {
			exposed[what] = true
			warnings = append(warnings, fmt.Sprintf("%s %s is in a directory in which everybody can write", what, path))
		}
	}
	own := &c.Supervisord
	if own.Logfile != "syslog" {
		expose(own.Logfile, "[supervisord] logfile")
	}
	expose(own.Pidfile, "[supervisord] pidfile")
	for _, g := range c.Groups {
		for _, p := range g.Processes {
			for _, channel := range p.channels() {
				if channel.log.Kind == LogFile {
					expose(channel.log.Path, fmt.Sprintf("[%s] %s", p.Section, channel.key))
				}
			}
		}
	}
	for _, s := range c.Servers {
		if !s.Unix && s.Username == "" {
			warnings = append(warnings, fmt.Sprintf("[%s] asks for no username and password: whoever reaches port %d "+
				"can run any command as the user of supervisord", s.Section, s.Port))
		}
	}
	return warnings
}

// channel is where one output channel goes, with the key that says so.
type channel struct {
	key string
	log Log
}

func (p *Process) channels() [2]channel {
	return [2]channel{{"stdout_logfile", p.Out.Log}, {"stderr_logfile", p.Err.Log}}
}

// SharedLogs warns of logs that two write to, who know nothing of each other's rotation: once for each log, and only if the
// second one is in groups[from:]. Mainlog is the path of the main log, if it has one. Whatever is in /dev may be shared.
func SharedLogs(mainlog string, groups []*Group, from int) (warnings []string) {
	type writer struct {
		key   string
		group *Group
		name  string
		told  bool
	}
	writers := map[string]*writer{}
	if mainlog != "syslog" {
		writers[mainlog] = &writer{key: "[supervisord] logfile"}
	}
	who := func(w *writer) string {
		if w.group == nil {
			return w.key
		}
		return fmt.Sprintf("%s of %s:%s", w.key, w.group.Name, w.name)
	}
	for i, g := range groups {
		for _, p := range g.Processes {
			for _, c := range p.channels() {
				if c.log.Kind != LogFile || c.log.Path == "" || strings.HasPrefix(c.log.Path, "/dev/") {
					continue
				}
				path := absolute(c.log.Path)
				this := &writer{key: c.key, group: g, name: p.ProcessName}
				first := writers[path]
				switch {
				case first == nil:
					writers[path] = this
				case !first.told && i >= from:
					first.told = true
					warnings = append(warnings, fmt.Sprintf("%s and %s write to the same log %s", who(first), who(this), path))
				}
			}
		}
	}
	return warnings
}
