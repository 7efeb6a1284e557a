package config

import (
	"strings"

	"github.com/gosupervisor/supervisor/internal/access"
	"github.com/gosupervisor/supervisor/internal/ini"
	"github.com/gosupervisor/supervisor/internal/pyrepr"
)

// What is probably wrong with a value.
const (
	hintQuotes    = "quotes are part of the value: leave them out"
	hintSemicolon = "a comment needs a blank before the semicolon"
	hintHash      = "a comment needs a blank before the #"
	hintPercent   = "a percent sign that begins no name is written %%"
	hintCut       = `a comment begins at " ;" or " #", also inside quotes`
)

// roleKeys are the keys whose values are roles, and hintRole is about these.
var (
	roleKeys = map[string]bool{"role": true, "access": true, "anonymous": true, "methods_role": true}
	hintRole = "the roles are " + strings.Join(access.Names(), ", ")
)

// splitKeys are the keys in whose values quotes have a meaning.
var splitKeys = map[string]bool{"command": true, "environment": true, "result_handler_exec": true}

// hint returns what is probably wrong with a value that is refused; empty: nothing is known. It does not show the value.
func (r *reader) hint(key string, v ini.Value) string {
	switch {
	case r.doc.Cut[ini.Place{From: v.From, Line: v.Line}]:
		return hintCut
	case splitKeys[key]:
		return ""
	}
	if hint := odd(v.Text); hint != "" {
		return hint
	}
	if strings.Contains(v.Text, "#") {
		return hintHash
	}
	if roleKeys[key] {
		return hintRole
	}
	return ""
}

// odd returns what is probably wrong with a value that may be valid: it has quotes around it, or a comment in it.
func odd(text string) string {
	text = pyrepr.TrimSpace(text)
	switch {
	case text == "":
		return ""
	case strings.ContainsRune(`"'`, rune(text[0])):
		return hintQuotes
	case strings.Contains(text, ";"):
		return hintSemicolon
	case strings.Contains(text, "# "):
		return hintHash
	}
	return ""
}
