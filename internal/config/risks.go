package config

import (
	"fmt"
	"os"
	"strings"
)

// risks warns of what works and is seldom meant: two writers of one log, places where everybody can write, a TCP server
// for everybody.
func risks(c *Config) (warnings []string) {
	writers := map[string]string{}
	write := func(path, who string) {
		if first, ok := writers[path]; ok && !strings.HasPrefix(path, "/dev/") {
			warnings = append(warnings, fmt.Sprintf("%s and %s write to the same log %s", first, who, path))
		} else {
			writers[path] = who
		}
	}
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
		write(own.Logfile, "[supervisord] logfile")
		expose(own.Logfile, "[supervisord] logfile")
	}
	expose(own.Pidfile, "[supervisord] pidfile")
	for _, g := range c.Groups {
		for _, p := range g.Processes {
			for _, channel := range []struct {
				key string
				log Log
			}{{"stdout_logfile", p.Stdout}, {"stderr_logfile", p.Stderr}} {
				if channel.log.Kind == LogFile {
					write(absolute(channel.log.Path), fmt.Sprintf("%s of %s:%s", channel.key, g.Name, p.ProcessName))
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
