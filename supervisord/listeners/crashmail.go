package main

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/gosupervisor/supervisor/internal/api"
	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

// crashmail sends mail when a process exits unexpectedly. It subscribes to PROCESS_STATE_EXITED:
//
//	[eventlistener:crashmail]
//	command=supervisor-crashmail -a -m ops@example.com
//	events=PROCESS_STATE_EXITED
type crashmail struct {
	programs []string
	any      bool
	prefix   string
	mail     mailer
}

func (c *crashmail) flags(flags *pflag.FlagSet) {
	flags.StringArrayVarP(&c.programs, "program", "p", nil,
		"watch this `process`, PROCESS, GROUP:PROCESS or GROUP:* (may be repeated)")
	flags.BoolVarP(&c.any, "any", "a", false, "watch all processes")
	flags.StringVarP(&c.prefix, "optionalheader", "o", "", "begin the subject with this `text` and a colon")
	c.mail.flags(flags)
}

func (c *crashmail) open([]string) error { return nil }

func (c *crashmail) handle(event childutils.Event) error {
	if event.Name() != "PROCESS_STATE_EXITED" {
		return nil
	}
	fields, _ := event.Data()
	name, group := fields["processname"], fields["groupname"]
	if fields["expected"] == "1" || !c.any && !listed(c.programs, group, name) {
		return nil
	}
	logf("unexpected exit of %s, mailing", api.Namespec(group, name))
	subject := fmt.Sprintf(" %s crashed at %s", name, timestamp())
	if c.prefix != "" {
		subject = c.prefix + ":" + subject
	}
	c.mail.send(subject, fmt.Sprintf("Process %s in group %s exited unexpectedly (pid %s) from state %s\n",
		name, group, fields["pid"], fields["from_state"]))
	return nil
}
