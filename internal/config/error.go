package config

import (
	"errors"
	"fmt"
	"io"

	"github.com/gosupervisor/supervisor/internal/ini"
)

// Explain is an error in the original's words and, on a line of its own, where it is, if that is known to the line and
// the words do not say it already.
func Explain(err error) string {
	var e *ini.Error
	if errors.As(err, &e) && e.Line > 0 && e.Section != "" && !e.Syntax {
		return e.Text + "\n  " + e.Place()
	}
	return err.Error()
}

// PrintUsageError writes the lines with which both programs refuse to go on; the exit status is then 2. argv0 is the
// program's path as ProgramPath gives it.
func PrintUsageError(w io.Writer, argv0 string, err error) {
	fmt.Fprintf(w, "Error: %s\nFor help, use %s -h\n", Explain(err), argv0)
}
