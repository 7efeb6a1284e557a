package ini

import (
	"fmt"
	"strings"
)

// Error says what is wrong with the command line or the configuration. Fields are empty where they make no sense.
type Error struct {
	File    string // as messages show it
	Line    int    // from 1; of the section if the key is missing
	Section string
	Key     string
	Missing bool   // the section does not have the key
	Syntax  bool   // the file cannot be parsed; Text says where
	Value   string // not expanded
	Text    string // the original's words
}

func (e *Error) Error() string { return e.Text }

// Place is where the error is, as far as that is known: FILE:LINE: [section] key=value.
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
	case e.Missing:
		fmt.Fprintf(&b, "[%s] %s", e.Section, e.Key)
	default:
		fmt.Fprintf(&b, "[%s] %s=%s", e.Section, e.Key, excerpt(e.Value))
	}
	return b.String()
}

// excerpt is a value on one line of bearable length.
func excerpt(value string) string {
	const limit = 200
	value = strings.Join(strings.Fields(value), " ")
	if runes := []rune(value); len(runes) > limit {
		return string(runes[:limit]) + "..."
	}
	return value
}
