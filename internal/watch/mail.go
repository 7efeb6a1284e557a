package watch

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// Mailer sends mail with a command that takes the message, headers included, on its standard input.
type Mailer struct {
	To      string // empty: nothing is sent
	Command string // for the shell
}

// Flags gives a program the flags -m and -s.
func (m *Mailer) Flags(flags *pflag.FlagSet) {
	flags.StringVarP(&m.To, "email", "m", "", "send mail to this `address`; without it none is sent")
	flags.StringVarP(&m.Command, "sendmail_program", "s", "/usr/sbin/sendmail -t -i",
		"the `command` that sends mail, which takes headers and text on its standard input")
}

// Send sends a message. What goes wrong is said on standard error: mail is no reason to stop watching.
func (m *Mailer) Send(subject, text string) {
	if m.To == "" {
		return
	}
	message := Message(text, "To", m.To, "Subject", subject)
	if err := Pipe(m.Command, message); err != nil {
		Say("cannot send mail: %v", err)
		return
	}
	Say("Mailed:\n\n%s", message)
}

// Message makes a message with these headers, each a name and a value. No value can begin another header.
func Message(text string, headers ...string) string {
	var b strings.Builder
	for i := 0; i < len(headers); i += 2 {
		fmt.Fprintf(&b, "%s: %s\n", headers[i], strings.NewReplacer("\n", " ", "\r", " ").Replace(headers[i+1]))
	}
	return b.String() + "\n" + text
}

// Pipe has the shell run a command with this input. What the command writes goes to standard error: standard output is
// the protocol of listeners.
func Pipe(command, input string) error {
	cmd := exec.Command("/bin/sh", "-c", command)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return nil
}

// Now is the time as log lines have it.
func Now() string { return strings.Replace(time.Now().Format("2006-01-02 15:04:05.000"), ".", ",", 1) }
