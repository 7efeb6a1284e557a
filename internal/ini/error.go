package ini

import (
	"fmt"
	"strings"
)

// Error is an error in the command line or the configuration. Fields that do not apply are empty.
type Error struct {
	File    string // as messages show it
	Line    int    // from 1; of the section if the key is missing
	Section string
	Key     string
	Missing bool   // the section does not have the key
	Syntax  bool   // the file cannot be parsed; Text contains the place
	Secret  bool   // the value is not shown, and Value is empty
	Value   string // not expanded
	Text    string // the original's message
	Hint    string // what is probably wrong
}

func (e *Error) Error() string { return e.Text }

// Place returns the place of the error, as far as it is known: FILE:LINE: [section] key=value. The value of a secret key is left
// out.
func (e *Error) Place() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.File != "" && e.Section != "" {
		b.WriteString(": ")
	}
	switch {
	case e.Section == "":
	case e.Key == "":
		fmt.Fprintf(&b, "[%s]", e.Section)
	case e.Missing, e.Secret:
		fmt.Fprintf(&b, "[%s] %s", e.Section, e.Key)
	default:
		fmt.Fprintf(&b, "[%s] %s=%s", e.Section, e.Key, excerpt(e.Value))
	}
	return b.String()
}

// excerpt returns a value on one line, shortened to 200 characters.
func excerpt(value string) string {
	const limit = 200
	value = strings.Join(strings.Fields(value), " ")
	if runes := []rune(value); len(runes) > limit {
		return string(runes[:limit]) + "..."
	}
	return value
}
