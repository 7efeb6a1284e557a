package api

import "strings"

// OptionVariable is the environment variable that tells a plug-in about one of its section's own keys.
func OptionVariable(key string) string {
	return "SUPERVISOR_OPTION_" + strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(key))
}
