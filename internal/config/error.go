package config

import (
	"fmt"
	"io"
)

// Error says what is wrong with the command line or the configuration. Fields are empty where they make no sense.
type Error struct {
	File    string // as messages show it
	Line    int    // from 1
	Section string
	Key     string
	Value   string // not expanded
	Text    string // the original's words
}

func (e *Error) Error() string { return e.Text }

// PrintUsageError writes the two lines with which both programs refuse to go on; the exit status is then 2. argv0 is
// the program's path as ProgramPath gives it.
func PrintUsageError(w io.Writer, argv0 string, err error) {
	fmt.Fprintf(w, "Error: %s\nFor help, use %s -h\n", err, argv0)
}
