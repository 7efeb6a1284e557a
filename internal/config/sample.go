package config

import _ "embed"

//go:embed sample.conf
var sample string

// Sample is a configuration file to start from, with every key and its default. Source: echo_supervisord_conf.
func Sample() string { return sample }
