package config

import (
	"regexp"
	"sync"
)

// pattern is a regular expression that is compiled when it is used first: all of them together would be a noticeable part of the start
// of supervisorctl, which needs none.
func pattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
