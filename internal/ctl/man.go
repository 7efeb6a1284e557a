package ctl

import (
	"fmt"
	"strings"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/internal/config"
)

// man prints the manual page, which is generated from the tables of commands.
func (c *Controller) man([]string) error {
	c.println(".TH SUPERVISORCTL 1 \"\" \"Supervisor " + api.Version + "\"")
	c.println(".SH NAME\nsupervisorctl \\- control a running supervisord")
	c.println(".SH SYNOPSIS\n.B supervisorctl\n[options] [action [arguments]]")
	c.println(".SH DESCRIPTION\nsupervisorctl runs the action and exits. Actions can be separated by semicolons. " +
		"Without an action it is a shell that reads actions until\n.B quit\nor the end of the input.")
	c.println(".SH OPTIONS\n.nf")
	c.println(roff(strings.TrimSpace(config.CtlUsage("supervisorctl"))))
	c.println(".fi\n.SH ACTIONS")
	for _, b := range []block{{"", commands}, {"", moreCommands}, {"", hiddenCommands}} {
		for _, cmd := range b.commands {
			c.manEntry(cmd)
		}
	}
	c.println(".SH EXIT STATUS")
	for _, s := range exitMeanings {
		fmt.Fprintf(c.out, ".TP\n.B %d\n%s\n", s.status, roff(s.meaning))
	}
	return nil
}

// manEntry prints the entry of a command. Each line of its help is a usage and, after tabs, what it does.
func (c *Controller) manEntry(cmd command) {
	if cmd.help == "" {
		return
	}
	for line := range strings.SplitSeq(strings.TrimRight(cmd.help, "\n"), "\n") {
		usage, text, explained := strings.Cut(line, "\t")
		text = strings.TrimLeft(text, "\t")
		switch {
		case explained && usage != "":
			fmt.Fprintf(c.out, ".TP\n.B %s\n%s\n", roff(strings.TrimSpace(usage)), roff(text))
		case explained:
			c.println(roff(text))
		default:
			c.println(".PP\n" + roff(line))
		}
	}
}

var exitMeanings = []struct {
	status  int
	meaning string
}{
	{0, "Success."},
	{exitGeneric, "An error, an unknown name or a bad argument."},
	{exitInvalidArgs, "Bad options, also of an action, a bad configuration, or start without a name or with an unknown group."},
	{exitStopped, "status lists a process that has stopped; wait found one in FATAL; " +
		"the server has no supervisor interface."},
	{exitUnreachable, "The server refuses connections; status or wait has an unknown name."},
	{exitWrongVersion, "The server has another version of the interface."},
	{exitNotRunning, "The server's socket is missing, or a process could not be started or is not running."},
	{exitTimedOut, "The time of --timeout has passed."},
}

// roff escapes text for the formatter.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
