// Crashmail is a listener that sends mail when a process exits unexpectedly. Its options are those of superlance's
// crashmail. To be subscribed to PROCESS_STATE_EXITED:
//
//	[eventlistener:crashmail]
//	command=supervisor-crashmail -a -m ops@example.com
//	events=PROCESS_STATE_EXITED
package main

import (
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/gosupervisor/supervisor/internal/watch"
	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

func main() {
	os.Exit(watch.Main("[-p PROCESS]... [-a] [-o PREFIX] [-m ADDRESS] [-s COMMAND]", configure))
}

// crashmail is what the command line asks for.
type crashmail struct {
	programs []string
	any      bool
	prefix   string
	mail     watch.Mailer
}

func configure(flags *pflag.FlagSet) func() (func(childutils.Event) error, error) {
	c := &crashmail{}
	flags.StringArrayVarP(&c.programs, "program", "p", nil,
		"watch this `process`, PROCESS or GROUP:PROCESS (may be repeated)")
	flags.BoolVarP(&c.any, "any", "a", false, "watch all processes")
	flags.StringVarP(&c.prefix, "optionalheader", "o", "", "begin the subject with this `text` and a colon")
	c.mail.Flags(flags)
	return func() (func(childutils.Event) error, error) { return c.handle, nil }
}

func (c *crashmail) handle(event childutils.Event) error {
	if event.Name() != "PROCESS_STATE_EXITED" {
		return nil
	}
	fields, _ := event.Data()
	name, group := fields["processname"], fields["groupname"]
	if fields["expected"] == "1" || !c.any && !watch.Named(c.programs, group, name) {
		return nil
	}
	watch.Say("unexpected exit of %s, mailing", watch.Namespec(group, name))
	subject := fmt.Sprintf(" %s crashed at %s", name, watch.Now())
	if c.prefix != "" {
		subject = c.prefix + ":" + subject
	}
	c.mail.Send(subject, fmt.Sprintf("Process %s in group %s exited unexpectedly (pid %s) from state %s\n",
		name, group, fields["pid"], fields["from_state"]))
	return nil
}
