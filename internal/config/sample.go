package config

import _ "embed"

//go:embed sample.conf
var sample string

// Sample returns a configuration file to start from, with all keys. Source: echo_supervisord_conf.
func Sample() string { return sample }
