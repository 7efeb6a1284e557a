package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// mailer sends mail with a command that takes the message, headers included, on its standard input.
type mailer struct {
	to      string // empty: nothing is sent
	command string // for the shell
}

// flags defines the flags -m and -s.
func (m *mailer) flags(flags *pflag.FlagSet) {
	flags.StringVarP(&m.to, "email", "m", "", "send mail to this `address`; without it none is sent")
	flags.StringVarP(&m.command, "sendmail_program", "s", "/usr/sbin/sendmail -t -i",
		"the `command` that sends mail, which takes headers and text on its standard input")
}

// send sends a message. A failure is only logged: a listener goes on watching without mail.
func (m *mailer) send(subject, text string) {
	if m.to == "" {
		return
	}
	message := compose(text, "To", m.to, "Subject", subject)
	if err := pipe(m.command, message); err != nil {
		logf("cannot send mail: %v", err)
		return
	}
	logf("Mailed:\n\n%s", message)
}

// compose returns a message with these headers, each a name and a value. Line ends in a value become blanks, so that no
// value can add a header.
func compose(text string, headers ...string) string {
	var b strings.Builder
	for i := 0; i < len(headers); i += 2 {
		fmt.Fprintf(&b, "%s: %s\n", headers[i], strings.NewReplacer("\n", " ", "\r", " ").Replace(headers[i+1]))
	}
	return b.String() + "\n" + text
}

// pipe has the shell run a command with this input. What the command writes goes to standard error, since standard output
// belongs to the protocol of listeners.
func pipe(command, input string) error {
	cmd := exec.Command("/bin/sh", "-c", command)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return nil
}

// timestamp returns the current time in the format of the main log.
func timestamp() string {
	return strings.Replace(time.Now().Format("2006-01-02 15:04:05.000"), ".", ",", 1)
}
