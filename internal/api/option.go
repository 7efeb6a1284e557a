package api

import "strings"

// OptionVariable returns the name of the environment variable that passes a key of a section to its plug-in.
func OptionVariable(key string) string {
	return "SUPERVISOR_OPTION_" + strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(key))
}
