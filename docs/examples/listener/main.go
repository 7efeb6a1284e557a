// A sample event listener: it appends one line about each event to a file. Copy it and put your own work into handle.
//
//	[eventlistener:sample]
//	command=sample-listener /tmp/events
//	events=PROCESS_STATE,PROCESS_COMMUNICATION,REMOTE_COMMUNICATION
package main

import (
	"fmt"
	"os"

	"github.com/gosupervisor/supervisor/supervisord/childutils"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintf(os.Stderr, "Usage: %s FILE\n", os.Args[0])
		os.Exit(2)
	}
	file, err := os.OpenFile(os.Args[1], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// Standard output is the protocol: whatever else a listener has to say belongs on standard error.
	listener := childutils.NewListener(os.Stdin, os.Stdout)
	err = listener.Each(func(event childutils.Event) error { return handle(file, event) })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// handle does what is to be done about one event. An error makes supervisord send it again.
func handle(file *os.File, event childutils.Event) error {
	fields, data := event.Data()
	if name := fields["processname"]; name != "" {
		_, err := fmt.Fprintf(file, "%s %s:%s %q\n", event.Name(), fields["groupname"], name, data)
		return err
	}
	_, err := fmt.Fprintf(file, "%s %q\n", event.Name(), event.Payload)
	return err
}
