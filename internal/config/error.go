package config

import (
	"errors"
	"fmt"
	"io"
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

// place is where the error is, as far as that is known: FILE:LINE: [section] key=value.
func (e *Error) place() string {
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

// Explain is an error in the original's words and, on a line of its own, where it is, if that is known to the line and
// the words do not say it already.
func Explain(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Line > 0 && e.Section != "" && !e.Syntax {
		return e.Text + "\n  " + e.place()
	}
	return err.Error()
}

// PrintUsageError writes the lines with which both programs refuse to go on; the exit status is then 2. argv0 is the
// program's path as ProgramPath gives it.
func PrintUsageError(w io.Writer, argv0 string, err error) {
	fmt.Fprintf(w, "Error: %s\nFor help, use %s -h\n", Explain(err), argv0)
}
