package config

import (
	_ "embed"
	"strings"
)

//go:embed sample.conf
var sample string

// Sample returns a configuration file to start from, with all keys. Its files are in places of root; those of other users are in the
// directory of the configuration. Source: echo_supervisord_conf.
func Sample(root bool) string {
	if root {
		return sample
	}
	return strings.NewReplacer("=/var/run/", "=%(here)s/", "=/var/log/", "=%(here)s/", ";childlogdir=/var/log   ", ";childlogdir=%(here)s    ",
		"unix:///var/run/", "unix://%(here)s/").Replace(sample)
}
