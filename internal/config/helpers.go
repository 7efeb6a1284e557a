package config

import (
	"fmt"
	"strings"

	"github.com/gosupervisor/supervisor/internal/pyrepr"
	"github.com/gosupervisor/supervisor/internal/shlex"
)

// HelperCommand is a command that a program has besides its own, such as a hook or a check. The zero value is none.
type HelperCommand struct {
	Line       string `json:"line"`                 // as command=, without the prefixes
	MayFail    bool   `json:"may_fail,omitempty"`   // prefix -: its failure does not matter
	Privileged bool   `json:"privileged,omitempty"` // prefix +: it has the user and the limits of supervisord instead of the program's
}

// helperType is the type of keys whose value is a HelperCommand.
var helperType = &Type[HelperCommand]{name: "command line, `-` before it: may fail, `+`: as the user of supervisord",
	parse: parseHelper, same: equal[HelperCommand], text: HelperCommand.String,
	share: func(to, from *HelperCommand) { shareText(&to.Line, &from.Line) }}

// String returns the command as it is written in a file.
func (c HelperCommand) String() string {
	prefix := ""
	if c.MayFail {
		prefix = "-"
	}
	if c.Privileged {
		prefix += "+"
	}
	return prefix + c.Line
}

// parseHelper reads a command with its prefixes, in any order. The words are split to find an error, which is a *CommandError.
func parseHelper(text string) (c HelperCommand, err error) {
	line := pyrepr.TrimSpace(text)
	for line != "" {
		switch {
		case line[0] == '-' && !c.MayFail:
			c.MayFail = true
		case line[0] == '+' && !c.Privileged:
			c.Privileged = true
		default:
			words, err := shlex.Split(line)
			if err != nil {
				return HelperCommand{}, &helperError{fmt.Sprintf("can't parse command: %v", err),
					fmt.Sprintf("can't parse command %s: %v", pyrepr.Quote(line), err)}
			}
			if len(words) == 0 {
				return HelperCommand{}, errNoCommand
			}
			c.Line = line
			return c, nil
		}
		line = strings.TrimLeft(line[1:], " \t")
	}
	return HelperCommand{}, errNoCommand
}

var errNoCommand = &helperError{"command is empty", "command is empty"}

// helperError is a command that is no list of words.
type helperError struct{ redacted, text string }

func (e *helperError) Error() string { return e.text }

// Redacted returns the message without the command.
func (e *helperError) Redacted() string { return e.redacted }

// FindHelper is Find for another command of the program.
func (r *Run) FindHelper(c HelperCommand) (path string, args []string, err error) {
	other := Run{Command: c.Line, Environment: r.Environment}
	return other.Find()
}
