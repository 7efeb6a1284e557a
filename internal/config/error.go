package config

import (
	"errors"
	"fmt"
	"io"

	"github.com/gosupervisor/supervisor/internal/ini"
)

// Explain returns the original's message for an error and, in a second line, its place, if the line is known and the message does
// not contain it, and a hint.
func Explain(err error) string {
	var e *ini.Error
	if !errors.As(err, &e) || e.Hint == "" && (e.Line == 0 || e.Section == "" || e.Syntax) {
		return err.Error()
	}
	text := e.Text + "\n  " + e.Place()
	if e.Hint != "" {
		text += ": " + e.Hint
	}
	return text
}

// PrintUsageError writes the lines that both programs print before they exit with status 2. argv0 is the path of the program, as
// ProgramPath returns it.
func PrintUsageError(w io.Writer, argv0 string, err error) {
	fmt.Fprintf(w, "Error: %s\nFor help, use %s -h\n", Explain(err), argv0)
}
